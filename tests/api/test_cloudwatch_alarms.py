"""Goal: alarms watch, change state by AWS's rules, tell SNS in AWS's words, and remember across a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import make_function

ARN = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"


@pytest.fixture
def cloudwatch(timed: EngineThread) -> Any:
    return timed.client("cloudwatch", parameter_validation=False)


def put_alarm(cloudwatch: Any, name: str = "a", **changes: Any) -> None:
    request = {
        "AlarmName": name,
        "Namespace": "App",
        "MetricName": "errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }
    cloudwatch.put_metric_alarm(**{key: value for key, value in request.items() if value is not None})


def put(timed: EngineThread, value: float, name: str = "errors") -> None:
    moment = datetime.fromtimestamp(timed.clock.now_ms() / 1000, timezone.utc)
    data = [{"MetricName": name, "Value": value, "Timestamp": moment}]
    timed.client("cloudwatch").put_metric_data(Namespace="App", MetricData=data)


def alarm(cloudwatch: Any, name: str = "a") -> dict[str, Any]:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])[
        "MetricAlarms" if name[0] != "c" else "CompositeAlarms"
    ]
    described: dict[str, Any] = found
    return described


def state(cloudwatch: Any, name: str = "a") -> str:
    value: str = alarm(cloudwatch, name)["StateValue"]
    return value


def make_topic(engine: EngineThread) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """A topic with a queue behind it, and what arrived there since the last look."""
    sns, sqs = engine.client("sns"), engine.client("sqs")
    topic_arn = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)

    def arrived() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    return topic_arn, arrived


def test_alarm_starts_without_data_and_follows_its_metric(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch)
    assert alarm(cloudwatch)["StateReason"] == "Unchecked: Initial alarm creation"
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    put(timed, 0)
    timed.clock.advance(60)
    assert state(cloudwatch) == "OK"
    put(timed, 3)
    timed.clock.advance(5)
    assert state(cloudwatch) == "ALARM"
    assert alarm(cloudwatch)["StateReason"] == (
        "Threshold Crossed: 1 datapoint [3.0 (01/01/26 00:01:00)] was greater than the threshold (0.0)."
    )
    data = json.loads(alarm(cloudwatch)["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["statistic"], data["period"]) == ([3.0], 0.0, "Sum", 60)
    timed.clock.advance(300)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    assert alarm(cloudwatch)["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_a_low_sum_is_judged_when_its_minute_is_over(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, ComparisonOperator="LessThanThreshold", Threshold=10)
    put(timed, 5)
    timed.clock.advance(50)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    put(timed, 6)
    timed.clock.advance(10)
    assert state(cloudwatch) == "OK"


def test_two_out_of_three_periods_alarm(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, EvaluationPeriods=3, DatapointsToAlarm=2, Statistic="Average")
    seen = []
    for value in (1, 0, 0, 1, 0, 1, 0, 0):
        put(timed, value)
        timed.clock.advance(60)
        seen.append(state(cloudwatch))
    assert seen[2:] == ["OK", "OK", "OK", "ALARM", "OK", "OK"]


@pytest.mark.parametrize(
    ("treat", "expected"),
    [("breaching", "ALARM"), ("notBreaching", "OK"), ("ignore", "INSUFFICIENT_DATA"), ("missing", "INSUFFICIENT_DATA")],
)
def test_missing_data_is_treated_as_told(timed: EngineThread, cloudwatch: Any, treat: str, expected: str) -> None:
    put_alarm(cloudwatch, TreatMissingData=treat)
    timed.clock.advance(10)
    assert state(cloudwatch) == expected


def test_alarms_on_dynamodb_ignore_missing_data(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    timed.clock.advance(10)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"


def test_alarm_on_a_percentile_may_ignore_few_samples(timed: EngineThread, cloudwatch: Any) -> None:
    request = {"Statistic": None, "ExtendedStatistic": "p90", "Threshold": 10}
    put_alarm(cloudwatch, "few", **request, EvaluateLowSampleCountPercentile="ignore")
    put_alarm(cloudwatch, "all", **request)
    for value in (1, 50, 50):
        put(timed, value)
    timed.clock.advance(60)
    assert (state(cloudwatch, "few"), state(cloudwatch, "all")) == ("INSUFFICIENT_DATA", "ALARM")


def test_alarm_on_an_expression(timed: EngineThread, cloudwatch: Any) -> None:
    def stat(id_: str, name: str) -> dict[str, Any]:
        metric = {"Namespace": "App", "MetricName": name}
        return {"Id": id_, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    cloudwatch.put_metric_alarm(
        AlarmName="a",
        EvaluationPeriods=1,
        Threshold=20,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[stat("m1", "errors"), stat("m2", "calls"), {"Id": "e1", "Expression": "100 * m1 / m2"}],
    )
    put(timed, 1)
    put(timed, 10, "calls")
    timed.clock.advance(60)
    assert state(cloudwatch) == "OK"
    put(timed, 3)
    put(timed, 10, "calls")
    timed.clock.advance(60)
    assert state(cloudwatch) == "ALARM"


def test_alarm_on_a_dead_letter_queue_tells_its_topic_soon(timed: EngineThread, cloudwatch: Any) -> None:
    topic_arn, arrived = make_topic(timed)
    url = timed.client("sqs").create_queue(QueueName="OrderDLQ")["QueueUrl"]
    put_alarm(
        cloudwatch,
        "OrderDLQ-not-empty",
        AlarmDescription="Orders were set aside",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "OrderDLQ"}],
        Statistic="Maximum",
        TreatMissingData="notBreaching",
        AlarmActions=[topic_arn],
        OKActions=[topic_arn],
    )
    timed.clock.advance(60)
    arrived()
    timed.client("sqs").send_message(QueueUrl=url, MessageBody="invalid")
    timed.clock.advance(5)
    (envelope,) = arrived()
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == 'ALARM: "OrderDLQ-not-empty" in US East (N. Virginia)'
    assert message == {
        "AlarmName": "OrderDLQ-not-empty",
        "AlarmDescription": "Orders were set aside",
        "AWSAccountId": "000000000000",
        "AlarmConfigurationUpdatedTimestamp": "2026-01-01T00:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [1.0 (01/01/26 00:01:00)] was greater than the threshold"
        " (0.0).",
        "StateChangeTime": "2026-01-01T00:01:05.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"{ARN}OrderDLQ-not-empty",
        "OldStateValue": "OK",
        "OKActions": [topic_arn],
        "AlarmActions": [topic_arn],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Namespace": "AWS/SQS",
            "StatisticType": "Statistic",
            "Statistic": "MAXIMUM",
            "Unit": None,
            "Dimensions": [{"value": "OrderDLQ", "name": "QueueName"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    timed.clock.advance(300)
    assert arrived() == []
    timed.client("sqs").purge_queue(QueueUrl=url)
    timed.clock.advance(125)
    (envelope,) = arrived()
    assert envelope["Subject"].startswith("OK: ")


def test_disabled_actions_stay_silent_and_a_failed_one_is_in_the_history(timed: EngineThread, cloudwatch: Any) -> None:
    topic_arn, arrived = make_topic(timed)
    gone = topic_arn.replace("alarms", "gone")
    put_alarm(cloudwatch, AlarmActions=[gone, topic_arn])
    cloudwatch.disable_alarm_actions(AlarmNames=["a"])
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="trying")
    assert (arrived(), alarm(cloudwatch)["ActionsEnabled"]) == ([], False)
    cloudwatch.enable_alarm_actions(AlarmNames=["a", "unknown"])
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="trying")
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="trying")
    assert [json.loads(envelope["Message"])["NewStateReason"] for envelope in arrived()] == ["trying"]
    items = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    assert {item["HistorySummary"] for item in items} == {
        f"Failed to execute action {gone}",
        f"Successfully executed action {topic_arn}",
    }


def test_an_alarm_invokes_a_lambda_function_if_its_policy_lets_it(timed: EngineThread, cloudwatch: Any) -> None:
    lambda_ = timed.client("lambda")
    code = "def handler(event, context): return None"
    function_arn = make_function(timed.client, code, FunctionName="f")["FunctionArn"]
    outcomes = []
    put_alarm(cloudwatch, AlarmActions=[function_arn, f"{function_arn}-none"])
    for _ in range(2):
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="trying")
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="trying")
        items = cloudwatch.describe_alarm_history(HistoryItemType="Action", MaxRecords=2)["AlarmHistoryItems"]
        data = [json.loads(item["HistoryData"]) for item in items]
        outcomes.append([(each["actionState"], (each["error"] or "").split(":")[0]) for each in reversed(data)])
        lambda_.add_permission(
            FunctionName="f",
            StatementId=f"s{len(outcomes)}",
            Action="lambda:InvokeFunction",
            Principal="lambda.alarms.cloudwatch.amazonaws.com",
            SourceArn=f"{ARN}a",
        )
    missing = ("Failed", "ResourceNotFoundException")
    assert outcomes == [[("Failed", "AccessDeniedException"), missing], [("Succeeded", ""), missing]]


def test_set_alarm_state_lasts_until_the_next_evaluation(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, TreatMissingData="notBreaching")
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test", StateReasonData='{"by": "hand"}')
    assert (state(cloudwatch), alarm(cloudwatch)["StateReasonData"]) == ("ALARM", '{"by": "hand"}')
    timed.clock.advance(55)
    assert state(cloudwatch) == "ALARM"
    timed.clock.advance(5)
    assert state(cloudwatch) == "OK"
    with pytest.raises(ClientError) as caught:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="test")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError) as caught:
        cloudwatch.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="test", StateReasonData="{")
    assert caught.value.response["Error"]["Code"] == "InvalidFormat"


def test_history_tells_all_and_outlives_the_alarm(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, TreatMissingData="notBreaching")
    put_alarm(cloudwatch, TreatMissingData="notBreaching")  # the same again is no update
    timed.clock.advance(5)
    put_alarm(cloudwatch, TreatMissingData="breaching")
    cloudwatch.delete_alarms(AlarmNames=["a", "none"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName="a", ScanBy="TimestampAscending", PaginationConfig={"PageSize": 1}
    )
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    assert [(item["HistoryItemType"], item["HistorySummary"]) for item in items] == [
        ("ConfigurationUpdate", 'Alarm "a" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to OK"),
        ("ConfigurationUpdate", 'Alarm "a" updated'),
        ("ConfigurationUpdate", 'Alarm "a" deleted'),
    ]
    data = json.loads(items[1]["HistoryData"])
    assert data["oldState"] == {
        "stateValue": "INSUFFICIENT_DATA",
        "stateReason": "Unchecked: Initial alarm creation",
    }
    assert data["newState"]["stateReason"].startswith("Threshold Crossed: no datapoints were received for 1 period")


def test_composite_alarm_follows_its_children(timed: EngineThread, cloudwatch: Any) -> None:
    topic_arn, arrived = make_topic(timed)
    for name in ("one", "two"):
        put_alarm(cloudwatch, name, MetricName=name, TreatMissingData="notBreaching")
    cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(one) AND ALARM(two)", AlarmActions=[topic_arn])
    timed.clock.advance(60)
    assert (state(cloudwatch, "c"), alarm(cloudwatch, "c")["StateReason"]) == (
        "OK",
        f"{ARN}c was created and its alarm rule evaluates to OK",
    )
    put(timed, 1, "one")
    timed.clock.advance(5)
    assert state(cloudwatch, "c") == "OK"
    put(timed, 1, "two")
    timed.clock.advance(5)
    assert state(cloudwatch, "c") == "ALARM"
    (envelope,) = arrived()
    assert json.loads(envelope["Message"])["AlarmRule"] == "ALARM(one) AND ALARM(two)"
    with pytest.raises(ClientError) as caught:
        cloudwatch.delete_alarms(AlarmNames=["one"])
    assert caught.value.response["Error"]["Code"] == "ResourceConflict"
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.put_composite_alarm(AlarmName="d", AlarmRule="ALARM(none)")


def test_alarm_state_and_history_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        cloudwatch = engine.client("cloudwatch")
        put_alarm(cloudwatch, TreatMissingData="ignore")
        put(engine, 1)
        engine.clock.advance(5)
        assert state(cloudwatch) == "ALARM"
        before = alarm(cloudwatch)
    with EngineThread(tmp_path, manual_clock=True) as engine:
        cloudwatch = engine.client("cloudwatch")
        assert alarm(cloudwatch) == before
        engine.clock.advance(5)
        assert state(cloudwatch) == "ALARM"
        assert len(cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]) == 1


def test_composite_alarm_moves_at_once_when_a_member_is_set(timed: EngineThread, cloudwatch: Any) -> None:
    for name in ("one", "two"):
        put_alarm(cloudwatch, name, MetricName=name, TreatMissingData="notBreaching")
    cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(one) OR ALARM(two)")
    timed.clock.advance(5)
    cloudwatch.set_alarm_state(AlarmName="one", StateValue="ALARM", StateReason="by hand")
    timed.clock.advance(0)
    moved = alarm(cloudwatch, "c")
    assert moved["StateValue"] == "ALARM"
    assert moved["StateReason"] == f"{ARN}one transitioned to ALARM at Thursday 01 January, 2026 00:00:05 UTC"
    member = {"arn": f"{ARN}one", "state": {"value": "ALARM", "timestamp": "2026-01-01T00:00:05.000+0000"}}
    assert json.loads(moved["StateReasonData"]) == {"triggeringAlarms": [member]}
    cloudwatch.set_alarm_state(AlarmName="two", StateValue="ALARM", StateReason="by hand")
    timed.clock.advance(5)
    assert alarm(cloudwatch, "c") == moved


def test_alarm_on_ten_seconds_sees_samples_of_standard_resolution(timed: EngineThread, cloudwatch: Any) -> None:
    put_alarm(cloudwatch, Period=10, Threshold=21, DatapointsToAlarm=1)
    timed.clock.advance(95)
    put(timed, 21.5)
    timed.clock.advance(5)
    found = alarm(cloudwatch)
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [21.5 (01/01/26 00:01:00)] was greater than the threshold"
        " (21.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    (judged,) = json.loads(found["StateReasonData"])["evaluatedDatapoints"]
    assert judged == {"timestamp": "2026-01-01T00:01:00.000+0000", "sampleCount": 1.0, "value": 21.5}
    timed.clock.advance(90)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"


def test_a_set_state_survives_a_restart_until_its_evaluation(tmp_path: Path) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        put_alarm(engine.client("cloudwatch"), TreatMissingData="notBreaching")
        engine.clock.advance(5)
        engine.client("cloudwatch").set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="by hand")
        now_ms = engine.clock.now_ms()
    with EngineThread(tmp_path, manual_clock=True, now_ms=now_ms) as engine:
        engine.clock.advance(55)
        assert state(engine.client("cloudwatch")) == "ALARM"
        engine.clock.advance(10)
        assert state(engine.client("cloudwatch")) == "OK"
