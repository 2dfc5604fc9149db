"""Answers that take long to make: wide metric math, long pages of logs, text full of quotes; many clients at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.stalls.box import Box
from tests.stalls.crowds import exchange
from tests.stalls.row import Row
from tests.stalls.wire import http

_JSON_1_1 = "application/x-amz-json-1.1"
_DAYS_MINUTES = 10_000
_CROWD = 30


def _wide_math(box: Box) -> int:
    """Fifty expressions of 120 operations each over a week of minutes: refused, as too many datapoints."""
    client = box.client("cloudwatch")
    begin = time.time() - 60 * _DAYS_MINUTES
    for start in range(0, _DAYS_MINUTES, 1_000):
        data = [{"MetricName": "m", "Timestamp": begin + 60 * at, "Value": at} for at in range(start, start + 1_000)]
        client.put_metric_data(Namespace="n", MetricData=data)
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    queries: list[dict[str, Any]] = [{"Id": "q", "MetricStat": stat}]
    wide = "+".join(["(RUNNING_SUM(q)*2)"] * 60)
    queries += [{"Id": f"e{number}", "Expression": wide} for number in range(50)]
    try:
        client.get_metric_data(MetricDataQueries=queries, StartTime=begin, EndTime=time.time())
    except client.exceptions.ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return 200


def _logs_by_many(operation: str, **members: object) -> Callable[[Box], int]:
    """The same request about 9,000 lines on many connections at once."""

    def attack(box: Box) -> int:
        logs = box.client("logs")
        group = {"logGroupName": "lines"}
        logs.create_log_group(**group)
        logs.create_log_stream(**group, logStreamName="s")
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": f'{{"number": {number}}}'} for number in range(9_000)]
        logs.put_log_events(**group, logStreamName="s", logEvents=events)
        body = json.dumps({**group, **members}).encode()
        request = http("logs", body, X_Amz_Target=f"Logs_20140328.{operation}", Content_Type=_JSON_1_1)
        return 200 if exchange(box, [[request] * 3] * _CROWD, pipelined=3) == 3 * _CROWD else 0

    return attack


def _dashboard_of_quotes(box: Box) -> int:
    """A dashboard with 200,000 quotes, read as XML."""
    widgets = [{"type": "text", "properties": {"markdown": '"' * 2_000}}] * 100
    client = box.client("cloudwatch")
    client.put_dashboard(DashboardName="d", DashboardBody=json.dumps({"widgets": widgets}))
    form = "application/x-www-form-urlencoded"
    body = b"Action=GetDashboard&Version=2010-08-01&DashboardName=d"
    return box.send(http("monitoring", body, Content_Type=form))


ANSWER_ROWS = [
    Row("CloudWatch: 50 expressions of 120 operations", _wide_math, (400,), is_long=True),
    Row("CloudWatch: a dashboard of 200,000 quotes in XML", _dashboard_of_quotes, (200,)),
    Row(
        "Logs: 30 clients filter 9,000 lines",
        _logs_by_many("FilterLogEvents", filterPattern='{ $.number > 1 && $.a = "*q*q*" }'),
        (200,),
        is_long=True,
    ),
    Row(
        "Logs: 30 clients read 9,000 lines",
        _logs_by_many("GetLogEvents", logStreamName="s", startFromHead=True),
        (200,),
        is_long=True,
    ),
]
