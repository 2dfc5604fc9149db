"""Goal: what is logged is counted: AWS/Logs, metric filters and embedded metrics arrive in CloudWatch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

GROUP, STREAM = "/app", "one"


@pytest.fixture
def logs(timed: EngineThread) -> Any:
    logs = timed.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return logs


def put(timed: EngineThread, logs: Any, *messages: str) -> None:
    events = [{"timestamp": timed.clock.now_ms(), "message": message} for message in messages]
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)


def sums(timed: EngineThread, namespace: str, name: str, **dimensions: str) -> list[tuple[float, float]]:
    """(sum, samples) by minute of the last hour."""
    now_s = timed.clock.now_ms() / 1000
    found = timed.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now_s - 3600,
        EndTime=now_s + 60,
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    return [(point["Sum"], point["SampleCount"]) for point in found["Datapoints"]]


def put_filter(logs: Any, pattern: str, **transformation: Any) -> None:
    logs.put_metric_filter(
        logGroupName=GROUP,
        filterName="errors",
        filterPattern=pattern,
        metricTransformations=[
            {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1", **transformation}
        ],
    )


def test_put_log_events_is_counted_in_aws_logs(timed: EngineThread, logs: Any) -> None:
    put(timed, logs, "12345", "é")
    assert sums(timed, "AWS/Logs", "IncomingLogEvents", LogGroupName=GROUP) == [(2, 2)]
    assert sums(timed, "AWS/Logs", "IncomingBytes", LogGroupName=GROUP) == [(5 + 2 + 2 * 26, 2)]


def test_metric_filter_counts_matches_from_then_on(timed: EngineThread, logs: Any) -> None:
    put(timed, logs, "ERROR before")
    put_filter(logs, "ERROR")
    put(timed, logs, "ERROR one", "fine", "ERROR two")
    assert sums(timed, "App", "Errors") == [(2, 2)]
    logs.delete_metric_filter(logGroupName=GROUP, filterName="errors")
    put(timed, logs, "ERROR after")
    assert sums(timed, "App", "Errors") == [(2, 2)]


def test_metric_filter_takes_value_and_dimensions_from_the_event(timed: EngineThread, logs: Any) -> None:
    put_filter(
        logs, "{ $.latency > 0 }", metricValue="$.latency", dimensions={"Country": "$.country"}, unit="Milliseconds"
    )
    put(timed, logs, '{"latency": 5, "country": "GB"}', '{"latency": 7, "country": "GB"}', '{"latency": 9}')
    assert sums(timed, "App", "Errors", Country="GB") == [(12, 2)]


def test_metric_filter_with_a_default_reports_it_where_nothing_matched(timed: EngineThread, logs: Any) -> None:
    put_filter(logs, "ERROR", defaultValue=0)
    put(timed, logs, "fine")
    assert sums(timed, "App", "Errors") == [(0, 1)]


def test_describe_metric_filters_lists_and_filters(logs: Any) -> None:
    put_filter(logs, "ERROR", unit="Count")
    (found,) = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert (found["filterName"], found["filterPattern"], found["logGroupName"]) == ("errors", "ERROR", GROUP)
    assert found["metricTransformations"][0]["unit"] == "Count"
    assert logs.describe_metric_filters(metricName="Other", metricNamespace="App")["metricFilters"] == []
    assert logs.describe_log_groups()["logGroups"][0]["metricFilterCount"] == 1
    assert logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"] == []


@pytest.mark.parametrize(
    ("pattern", "transformation", "text"),
    [
        ("{ $.a", {}, "Invalid filter pattern"),
        ("ERROR", {"metricValue": "many"}, "not a number"),
        ("ERROR", {"defaultValue": 0, "dimensions": {"a": "$.a"}}, "mutually exclusive"),
        ("ERROR", {"metricNamespace": "a*b"}, "metricNamespace"),
    ],
)
def test_put_metric_filter_refuses_what_aws_refuses(
    logs: Any, pattern: str, transformation: dict[str, Any], text: str
) -> None:
    with pytest.raises(ClientError) as caught:
        put_filter(logs, pattern, **transformation)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert text in caught.value.response["Error"]["Message"]


def test_test_metric_filter_shows_matches_and_extracted_values(logs: Any) -> None:
    found = logs.test_metric_filter(
        filterPattern="[ip, ..., status = 5*]", logEventMessages=["1.2.3.4 GET 200", "1.2.3.4 GET 502"]
    )["matches"]
    assert found == [
        {
            "eventNumber": 2,
            "eventMessage": "1.2.3.4 GET 502",
            "extractedValues": {"$ip": "1.2.3.4", "$status": "502"},
        }
    ]


def test_embedded_metrics_become_metrics_with_percentiles(timed: EngineThread, logs: Any) -> None:
    now_ms = timed.clock.now_ms()
    directive = {
        "Namespace": "Orders",
        "Dimensions": [["Service"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}],
    }
    for latency in range(1, 101):
        document = {
            "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]},
            "Service": "orders",
            "Latency": latency,
        }
        put(timed, logs, json.dumps(document))
    found = timed.client("cloudwatch").get_metric_statistics(
        Namespace="Orders",
        MetricName="Latency",
        Dimensions=[{"Name": "Service", "Value": "orders"}],
        StartTime=now_ms / 1000 - 60,
        EndTime=now_ms / 1000 + 60,
        Period=60,
        ExtendedStatistics=["p50", "p99"],
    )
    (point,) = found["Datapoints"]
    assert (point["ExtendedStatistics"], point["Unit"]) == ({"p50": 50, "p99": 99}, "Milliseconds")


def test_a_namespace_of_a_metric_filter_may_hold_a_colon(logs: Any) -> None:
    logs.create_log_group(logGroupName="colon")
    transformation = {"metricName": "m", "metricNamespace": "A.B-c_d/1#2:x", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="colon", filterName="f", filterPattern="", metricTransformations=[transformation]
    )
    (found,) = logs.describe_metric_filters(logGroupName="colon")["metricFilters"]
    assert found["metricTransformations"] == [transformation]
