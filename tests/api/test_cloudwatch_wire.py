"""Goal: CloudWatch's three protocols write numbers, moments and errors as AWS's do."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import cbor2
import pytest

from onebox.testing import EngineThread

SIGNATURE = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/monitoring/aws4_request, Signature=x"
MINUTE_S = 1_767_225_600


@pytest.fixture
def engine(timed: EngineThread) -> EngineThread:
    cloudwatch = timed.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 41, "Timestamp": MINUTE_S}])
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
    )
    return timed


def send(engine: EngineThread, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    request = urllib.request.Request(engine.endpoint_url + path, body, {"Authorization": SIGNATURE, **headers})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except HTTPError as refused:
        return refused.code, refused.read()


def send_json(engine: EngineThread, operation: str, body: dict[str, Any], **headers: str) -> tuple[int, bytes]:
    target = {"X-Amz-Target": f"GraniteServiceVersion20100801.{operation}"}
    kind = {"Content-Type": "application/x-amz-json-1.0"}
    return send(engine, "/", json.dumps(body).encode(), {**target, **kind, **headers})


def send_cbor(engine: EngineThread, operation: str, body: dict[str, Any], **headers: str) -> tuple[int, bytes]:
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    kind = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return send(engine, path, cbor2.dumps(body), {**kind, **headers})


def statistics() -> dict[str, Any]:
    return {
        "Namespace": "n",
        "MetricName": "m",
        "Period": 60,
        "Statistics": ["Sum"],
        "StartTime": MINUTE_S,
        "EndTime": MINUTE_S + 60,
    }


def data() -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    query = {"Id": "m1", "MetricStat": stat}
    return {"MetricDataQueries": [query], "StartTime": MINUTE_S, "EndTime": MINUTE_S + 60}


def test_json_writes_moments_and_doubles_with_a_fraction(engine: EngineThread) -> None:
    _, body = send_json(engine, "GetMetricStatistics", statistics())
    assert b'"Timestamp":1767225600.0' in body
    assert b'"Sum":41.0' in body
    _, body = send_json(engine, "DescribeAlarms", {})
    assert b'"Threshold":10.0' in body
    assert b'"LogAlarms":[]' in body
    assert b'"Period":60,' in body


def test_cbor_writes_float64_and_lists_of_indefinite_length(engine: EngineThread) -> None:
    _, body = send_cbor(engine, "GetMetricData", data())
    moment = b"\xc1" + cbor2.dumps(float(MINUTE_S))
    assert b"jTimestamps\x9f" + moment + b"\xff" in body
    assert b"fValues\x9f" + cbor2.dumps(41.0) + b"\xff" in body


def test_query_writes_whole_seconds_without_a_fraction(engine: EngineThread) -> None:
    parameters = {key: value for key, value in statistics().items() if key != "Statistics"}
    form = urlencode(
        {"Action": "GetMetricStatistics", "Version": "2010-08-01", "Statistics.member.1": "Sum", **parameters}
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    _, body = send(engine, "/", form.encode(), kind)
    assert b"<Timestamp>2026-01-01T00:00:00Z</Timestamp>" in body


@pytest.mark.parametrize("query_mode", [False, True])
def test_errors_carry_aws_names_and_statuses(engine: EngineThread, query_mode: bool) -> None:
    headers = {"x-amzn-query-mode": "true"} if query_mode else {}
    request = {"AlarmName": "none", "StateValue": "OK", "StateReason": "r"}
    for status, body in (
        (lambda answer: (answer[0], json.loads(answer[1])))(send_json(engine, "SetAlarmState", request, **headers)),
        (lambda answer: (answer[0], cbor2.loads(answer[1])))(send_cbor(engine, "SetAlarmState", request, **headers)),
    ):
        assert status == (404 if query_mode else 400)
        assert body == {"__type": "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound"}
    status, body = send_json(engine, "SetAlarmState", {**request, "StateValue": "MAYBE"}, **headers)
    refusal = json.loads(body)
    assert status == 400
    assert refusal["__type"] == "com.amazon.coral.validate#ValidationException"
    assert refusal["message"] == (
        "1 validation error detected: Value 'MAYBE' at 'stateValue' failed to satisfy constraint: Member must satisfy"
        " enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    )


def test_values_beside_a_statistic_set_are_taken(engine: EngineThread) -> None:
    cloudwatch = engine.client("cloudwatch", parameter_validation=False)
    both = {"Values": [1, 2], "StatisticValues": {"SampleCount": 3, "Sum": 9, "Minimum": 1, "Maximum": 5}}
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "both", "Timestamp": MINUTE_S, **both}])
    request = {**statistics(), "MetricName": "both", "Statistics": ["Sum", "SampleCount", "Maximum"]}
    (found,) = cloudwatch.get_metric_statistics(**request)["Datapoints"]
    assert (found["Sum"], found["SampleCount"], found["Maximum"]) == (12, 5, 5)
