"""Goal: no number, document or token makes CloudWatch fail, and a thousand alarms hold up nobody."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.stalls.loop import longest_stall_s


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread(manual_clock=True) as running:
        yield running


@pytest.fixture(scope="module")
def cloudwatch(engine: EngineThread) -> Any:
    return engine.client("cloudwatch", parameter_validation=False)


def error(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def query(engine: EngineThread, **parameters: str) -> tuple[int, str]:
    """Status and body of a request in the Query protocol."""
    signature = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/monitoring/aws4_request, Signature=x"
    headers = {"Authorization": signature, "Content-Type": "application/x-www-form-urlencoded"}
    data = urlencode({"Version": "2010-08-01", **parameters}).encode()
    request = urllib.request.Request(engine.endpoint_url, data, headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def test_an_alarm_of_a_name_alone_is_refused(engine: EngineThread, cloudwatch: Any) -> None:
    code, message = error(cloudwatch.put_metric_alarm, AlarmName="a")
    assert code == "ValidationError"
    assert message == (
        "2 validation errors detected: Value null at 'comparisonOperator' failed to satisfy constraint: Member must"
        " not be null; Value null at 'evaluationPeriods' failed to satisfy constraint: Member must not be null"
    )
    assert query(engine, Action="PutMetricAlarm", AlarmName="a")[0] == 400


@pytest.mark.parametrize("moment", ["1e308", "-1e308", "1e400", "nan", "99999999999999999999", "0000-00-00T00:00:00Z"])
def test_moments_at_the_edges_are_taken_or_refused(engine: EngineThread, moment: str) -> None:
    parameters = {"Namespace": "n", "MetricName": "m", "Period": "60", "Statistics.member.1": "Sum"}
    for start, end in (("0", moment), (moment, "0"), (moment, moment)):
        status, _ = query(engine, Action="GetMetricStatistics", StartTime=start, EndTime=end, **parameters)
        assert status < 500


@pytest.mark.parametrize("text", ["[" * 3_000, '{"a":' * 3_000, "{" + '"a":1,' * 10 + "}", '"\\ud800"', "nan", ""])
def test_documents_at_the_edges_are_taken_or_refused(cloudwatch: Any, text: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="documents",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    code, _ = error(cloudwatch.put_dashboard, DashboardName="d", DashboardBody=text)
    assert code == "InvalidParameterInput"
    if text:
        request = {"AlarmName": "documents", "StateValue": "OK", "StateReason": "r", "StateReasonData": text}
        assert error(cloudwatch.set_alarm_state, **request)[0] in ("InvalidFormat", "ValidationError")


@pytest.mark.parametrize("token", ["é", "5" * 5_000, "400", "W10", "WyJhIl0", "[" * 3_000])
def test_a_token_that_is_none_is_refused(cloudwatch: Any, token: str) -> None:
    lists = (cloudwatch.describe_alarms, cloudwatch.list_metrics, cloudwatch.describe_alarm_history)
    for call in lists:
        if (call, token) != (cloudwatch.describe_alarms, "WyJhIl0"):
            assert error(call, NextToken=token)[0] == "InvalidNextToken"


@pytest.mark.parametrize("expression", ["1" + "+1" * 1_000, "-" * 1_000 + "1", "(" * 1_000, "[" * 2_000, "AND " * 500])
def test_expressions_at_the_edges_are_refused(cloudwatch: Any, expression: str) -> None:
    queries = [{"Id": "e", "Expression": expression}]
    code, _ = error(cloudwatch.get_metric_data, MetricDataQueries=queries, StartTime=0, EndTime=60)
    assert code == "ValidationError"


def test_rules_of_composite_alarms_at_the_edges_are_refused(cloudwatch: Any) -> None:
    for rule in ("(" * 5_000, "NOT " * 2_000 + "TRUE", "ALARM(" * 1_500, "TRUE OR " * 1_000 + "TRUE", '"' * 9_000):
        code, _ = error(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule=rule)
        assert code == "ValidationError"


def test_a_thousand_alarms_hold_up_nobody(engine: EngineThread, cloudwatch: Any) -> None:
    sqs = engine.client("sqs")
    for number in range(300):
        sqs.create_queue(QueueName=f"q{number}")
        cloudwatch.put_metric_alarm(
            AlarmName=f"a{number}",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": f"q{number}"}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
    assert longest_stall_s(engine, lambda: engine.clock.advance(120)) < 0.1
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix="a")
    assert {alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]} == {"OK"}
    history = cloudwatch.describe_alarm_history(AlarmName="a7", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [json.loads(item["HistoryData"])["newState"]["stateValue"] for item in history] == ["OK"]
