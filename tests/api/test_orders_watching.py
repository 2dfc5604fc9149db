"""Goal: an invalid order is noticed: the alarm on OrderDLQ fires, its action arrives, every service is measured."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.client import BaseClient
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.aws.clients import Aws
from orders.cli.main import main
from orders.monitoring.status import CALLS_QUEUES, CALLS_REST, StatusReader
from tests.api.order_system import failures, let_receives_end, order_lines
from tests.conftest import environment_of
from tests.console.support import onebox_settings
from tests.polling import until

ORDERS = [json.dumps({"orderId": f"W-{number}", "total": 1.5}) for number in range(5)]
METRICS = [
    ("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": "OrderTopic"}, 6),
    ("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "OrderTopic"}, 6),
    ("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "OrderQueue"}, 6),
    ("AWS/SQS", "NumberOfMessagesDeleted", {"QueueName": "OrderQueue"}, 5),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": "Orders"}, 5),
]


@pytest.fixture
def watched(paced: EngineThread) -> EngineThread:
    """A deployed system that took five orders and an invalid one."""
    result = CliRunner().invoke(main, ["deploy", "--yes"], env=environment_of(paced.endpoint_url))
    assert result.exit_code == 0, result.output
    sns = paced.client("sns")
    topic = sns.create_topic(Name="OrderTopic")["TopicArn"]
    for order in [*ORDERS, '{"note": "no orderId"}']:
        sns.publish(TopicArn=topic, Message=order)
    return paced


def test_alarm_on_the_dead_letter_queue_fires_and_its_action_arrives(watched: EngineThread) -> None:
    sqs, sns, cloudwatch = watched.client("sqs"), watched.client("sns"), watched.client("cloudwatch")
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=inbox, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    )
    alarms = sns.create_topic(Name="OrderAlarms")["TopicArn"]
    sns.subscribe(TopicArn=alarms, Protocol="sqs", Endpoint=arn)

    let_receives_end(watched, lambda: failures(watched), 1)

    def find_alarm() -> dict[str, Any] | None:
        watched.clock.advance(10)
        # Others come too: each alarm's OK at its first look, and that of the invalid order's age.
        answer = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, VisibilityTimeout=43_200)
        for message in answer.get("Messages", []):
            envelope: dict[str, Any] = json.loads(message["Body"])
            if envelope["Subject"].startswith('ALARM: "OrderDLQ'):
                return envelope
        return None

    alarm = json.loads(until(find_alarm, "the alarm")["Message"])
    assert (alarm["NewStateValue"], alarm["Trigger"]["MetricName"]) == ("ALARM", "ApproximateNumberOfMessagesVisible")
    assert {"name": "QueueName", "value": "OrderDLQ"} in alarm["Trigger"]["Dimensions"]
    described = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"][0]
    assert described["StateValue"] == "ALARM"


def test_metrics_of_all_four_services_can_be_read(watched: EngineThread) -> None:
    cloudwatch = watched.client("cloudwatch")
    until(lambda: len(order_lines(watched)) == len(ORDERS) + 1, "every order in the log")
    let_receives_end(watched, lambda: failures(watched), 1)
    watched.clock.advance(120)  # metrics are collected each minute
    for namespace, name, dimensions, expected in METRICS:
        until(
            lambda: _total(cloudwatch, namespace, name, dimensions) == expected,  # noqa: B023 - called within the turn
            f"{namespace} {name} {expected}",
        )
    # A batch may be one to five orders, and the invalid one fails alone, so the function itself never fails.
    function = {"FunctionName": "OrderProcessor"}
    invocations = _total(cloudwatch, "AWS/Lambda", "Invocations", function)
    assert 1 <= invocations <= len(ORDERS) + 3
    assert _total(cloudwatch, "AWS/Lambda", "Duration", function, "SampleCount") == invocations
    assert _total(cloudwatch, "AWS/Lambda", "Errors", function) == 0


def _total(cloudwatch: Any, namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Sum") -> float:
    now = datetime.now(timezone.utc)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=30),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def test_a_look_at_the_system_makes_as_many_calls_as_the_console_tells(
    watched: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_receives_end(watched, lambda: failures(watched), 1)
    calls: list[str] = []
    call = vars(BaseClient)["_make_api_call"]

    def count(client: Any, operation: str, request: Any) -> Any:
        calls.append(operation)
        return call(client, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", count)
    reader = StatusReader(Aws(onebox_settings(watched, "000000000000")))
    last = reader.read(watched.clock.now_ms())  # asks for the account and the queues' URLs once
    calls.clear()
    reader.read(watched.clock.now_ms())
    assert len(calls) == CALLS_QUEUES + CALLS_REST, calls
    calls.clear()
    reader.read_queues(last, watched.clock.now_ms())
    assert len(calls) == CALLS_QUEUES, calls
