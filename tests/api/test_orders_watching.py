"""Goal: a poisoned order is noticed: the alarm on OrderDLQ fires, its action arrives, every service is measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orders.cli.main import main
from tests.polling import until

QUICK = ["--parameter", "FunctionTimeout=1", "--parameter", "VisibilityTimeout=1"]
ORDERS = [json.dumps({"orderId": f"W-{number}", "total": 1.5}) for number in range(5)]
METRICS = [
    ("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": "OrderTopic"}, 6),
    ("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "OrderTopic"}, 6),
    ("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "OrderQueue"}, 6),
    ("AWS/SQS", "NumberOfMessagesDeleted", {"QueueName": "OrderQueue"}, 5),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": "Orders"}, 5),
]


@pytest.fixture
def watched(aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A deployed system that took five orders and a poisoned one; the clients to look at it."""
    runner = CliRunner()
    result = runner.invoke(main, ["deploy", "--yes", *QUICK], env=aws_environment)
    assert result.exit_code == 0, result.output
    topic = client("sns").create_topic(Name="OrderTopic")["TopicArn"]
    for order in [*ORDERS, '{"note": "no orderId"}']:
        client("sns").publish(TopicArn=topic, Message=order)
    return client


def test_alarm_on_the_dead_letter_queue_fires_and_its_action_arrives(watched: Callable[..., Any]) -> None:
    sqs, sns, cloudwatch = watched("sqs"), watched("sns"), watched("cloudwatch")
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=inbox, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    )
    alarms = sns.create_topic(Name="OrderAlarms")["TopicArn"]
    sns.subscribe(TopicArn=alarms, Protocol="sqs", Endpoint=arn)

    def find_alarm() -> dict[str, Any] | None:
        # An OK may come before it, from the alarm's first look at a queue that was still empty.
        for message in sqs.receive_message(QueueUrl=inbox, WaitTimeSeconds=1).get("Messages", []):
            envelope: dict[str, Any] = json.loads(message["Body"])
            if envelope["Subject"].startswith("ALARM: "):
                return envelope
        return None

    alarm = json.loads(until(find_alarm, "the alarm")["Message"])
    assert (alarm["NewStateValue"], alarm["Trigger"]["MetricName"]) == ("ALARM", "ApproximateNumberOfMessagesVisible")
    assert {"name": "QueueName", "value": "OrderDLQ"} in alarm["Trigger"]["Dimensions"]
    described = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"][0]
    assert described["StateValue"] == "ALARM"


def test_metrics_of_all_four_services_can_be_read(watched: Callable[..., Any]) -> None:
    cloudwatch = watched("cloudwatch")
    for namespace, name, dimensions, expected in METRICS:
        until(
            lambda: _total(cloudwatch, namespace, name, dimensions) == expected,  # noqa: B023 - called within the turn
            f"{namespace} {name} {expected}",
        )
    # A batch may be one to five orders, and the poisoned one fails alone, so the function itself never fails.
    function = {"FunctionName": "OrderProcessor"}
    until(lambda: _total(cloudwatch, "AWS/Lambda", "Duration", function) > 0, "a duration")
    assert 1 <= _total(cloudwatch, "AWS/Lambda", "Invocations", function) <= len(ORDERS) + 3
    assert _total(cloudwatch, "AWS/Lambda", "Errors", function) == 0


def _total(cloudwatch: Any, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    now = datetime.now(timezone.utc)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=2),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)
