"""Goal: samples put are the statistics read back, by AWS's periods, units, limits and words of refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from onebox.testing import EngineThread

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def cloudwatch(timed: EngineThread) -> Any:
    """A client of an engine whose time stands still at the beginning of a minute."""
    return timed.client("cloudwatch", parameter_validation=False)


@pytest.fixture
def now_ms(timed: EngineThread) -> int:
    return timed.clock.now_ms()


def at(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, timezone.utc)


def put(cloudwatch: Any, name: str = "m", **datum: Any) -> None:
    cloudwatch.put_metric_data(Namespace="App", MetricData=[{"MetricName": name, **datum}])


def read(cloudwatch: Any, now_ms: int, name: str = "m", **request: Any) -> list[dict[str, Any]]:
    found = cloudwatch.get_metric_statistics(
        **{
            "Namespace": "App",
            "MetricName": name,
            "StartTime": at(now_ms - HOUR_MS),
            "EndTime": at(now_ms + MINUTE_MS),
            "Period": 60,
            "Statistics": ["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
            **request,
        }
    )
    points: list[dict[str, Any]] = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    return points


def refused(code: str, text: str, call: Callable[..., Any], *arguments: Any, **request: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **request)
    error = caught.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error["Message"]


def test_get_metric_statistics_gives_percentiles_of_raw_values_only(cloudwatch: Any, now_ms: int) -> None:
    put(cloudwatch, Values=list(range(1, 101)))
    wanted: dict[str, Any] = {"Statistics": [], "ExtendedStatistics": ["p50", "p99", "tm90"]}
    (point,) = read(cloudwatch, now_ms, **wanted)
    assert point["ExtendedStatistics"] == pytest.approx({"p50": 50, "p99": 99, "tm90": 45.5})
    put(cloudwatch, StatisticValues={"SampleCount": 2, "Sum": 20, "Minimum": 9, "Maximum": 11})
    (point,) = read(cloudwatch, now_ms, **wanted)
    assert "ExtendedStatistics" not in point


def test_get_metric_statistics_counts_periods_from_the_start(cloudwatch: Any, now_ms: int) -> None:
    for minute in range(6):
        put(cloudwatch, Value=minute, Timestamp=at(now_ms - minute * MINUTE_MS))
    points = read(cloudwatch, now_ms, StartTime=at(now_ms - 5 * MINUTE_MS + 1_000), Period=120, Statistics=["Sum"])
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [
        (at(now_ms - 5 * MINUTE_MS), 9),
        (at(now_ms - 3 * MINUTE_MS), 5),
        (at(now_ms - 1 * MINUTE_MS), 1),
    ]


def test_dimensions_name_a_metric_whatever_their_order(cloudwatch: Any, now_ms: int) -> None:
    one, other = {"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}
    put(cloudwatch, Value=1, Dimensions=[one, other])
    put(cloudwatch, Value=1, Dimensions=[other, one])
    (point,) = read(cloudwatch, now_ms, Dimensions=[other, one])
    assert point["Sum"] == 2
    assert read(cloudwatch, now_ms) == []
    assert read(cloudwatch, now_ms, Dimensions=[one]) == []


def test_high_resolution_metrics_are_read_by_seconds_and_by_minutes(cloudwatch: Any, now_ms: int) -> None:
    for second in (0, 1, 12):
        put(cloudwatch, Value=1, Timestamp=at(now_ms + second * 1000), StorageResolution=1)
    found = [(p["Timestamp"], p["Sum"]) for p in read(cloudwatch, now_ms, StartTime=at(now_ms), Period=10)]
    assert found == [(at(now_ms), 2), (at(now_ms + 10_000), 1)]
    assert [point["Sum"] for point in read(cloudwatch, now_ms)] == [3]


def test_metrics_belong_to_their_account_and_region(timed: EngineThread, cloudwatch: Any) -> None:
    put(cloudwatch, Value=1)
    assert timed.client("cloudwatch", region="eu-west-1").list_metrics()["Metrics"] == []
    assert timed.client("cloudwatch", account="123456789012").list_metrics()["Metrics"] == []


def test_put_metric_data_outside_two_weeks_and_two_hours_is_refused(cloudwatch: Any, now_ms: int) -> None:
    put(cloudwatch, Value=1, Timestamp=at(now_ms - 14 * DAY_MS))
    put(cloudwatch, Value=1, Timestamp=at(now_ms + 2 * HOUR_MS))
    for moment_ms in (now_ms - 14 * DAY_MS - 1000, now_ms + 2 * HOUR_MS + 1000):
        refused("InvalidParameterValue", "Timestamp must specify", put, cloudwatch, Value=1, Timestamp=at(moment_ms))


def test_list_metrics_filters_by_every_part(cloudwatch: Any) -> None:
    put(cloudwatch, "plain", Value=1)
    for country in ("GB", "FR"):
        dimensions = [{"Name": "Country", "Value": country}, {"Name": "Shop", "Value": "1"}]
        put(cloudwatch, "sold", Value=1, Dimensions=dimensions)

    def names(**request: Any) -> list[str]:
        found = cloudwatch.list_metrics(**request)["Metrics"]
        return [" ".join([m["MetricName"], *(d["Value"] for d in m["Dimensions"])]) for m in found]

    assert names() == ["plain", "sold FR 1", "sold GB 1"]
    assert names(Namespace="App", MetricName="plain") == ["plain"]
    assert names(Dimensions=[{"Name": "Country"}]) == ["sold FR 1", "sold GB 1"]
    assert names(Dimensions=[{"Name": "Country", "Value": "GB"}, {"Name": "Shop"}]) == ["sold GB 1"]
    assert names(Namespace="Other") == []


def test_list_metrics_pages_by_five_hundred(cloudwatch: Any) -> None:
    for start in range(0, 1_200, 400):
        data = [{"MetricName": f"m{n:04}", "Value": 1} for n in range(start, start + 400)]
        cloudwatch.put_metric_data(Namespace="App", MetricData=data)
    pages = [page["Metrics"] for page in cloudwatch.get_paginator("list_metrics").paginate()]
    assert [len(page) for page in pages] == [500, 500, 200]
    assert [m["MetricName"] for page in pages for m in page] == [f"m{n:04}" for n in range(1_200)]
    refused("InvalidParameterValue", "1000", cloudwatch.put_metric_data, Namespace="App", MetricData=data * 3)


def test_list_metrics_forgets_what_was_quiet_for_long(cloudwatch: Any, now_ms: int) -> None:
    put(cloudwatch, "old", Value=1, Timestamp=at(now_ms - 13 * DAY_MS))
    put(cloudwatch, "new", Value=1)

    def names(**request: Any) -> list[str]:
        return [metric["MetricName"] for metric in cloudwatch.list_metrics(**request)["Metrics"]]

    assert (names(), names(RecentlyActive="PT3H")) == (["new", "old"], ["new"])


def test_put_metric_data_takes_a_gzip_body(client: Callable[..., Any]) -> None:
    # The AWS SDKs compress large PutMetricData bodies; boto3 does so from 128 bytes on if told.
    compressing = client("cloudwatch", request_min_compression_size_bytes=128)
    encodings: list[Any] = []
    compressing.meta.events.register(
        "before-send.cloudwatch.PutMetricData",
        lambda request, **_: encodings.append(request.headers.get("Content-Encoding")),
    )
    data = [{"MetricName": "zipped", "Value": n, "Dimensions": [{"Name": "N", "Value": str(n)}]} for n in range(50)]
    compressing.put_metric_data(Namespace="App", MetricData=data)
    assert encodings == [b"gzip"]
    assert len(compressing.list_metrics(Namespace="App")["Metrics"]) == 50


def test_metrics_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        cloudwatch = engine.client("cloudwatch")
        put(cloudwatch, Values=[1, 2, 3])
        engine.client("sqs").create_queue(QueueName="q")
        before = cloudwatch.list_metrics()["Metrics"]
    with EngineThread(tmp_path) as engine:
        cloudwatch = engine.client("cloudwatch")
        after = cloudwatch.list_metrics()["Metrics"]
        assert [m for m in after if m["Namespace"] == "App"] == [m for m in before if m["Namespace"] == "App"] != []


def test_queue_gauges_are_sampled(timed: EngineThread, cloudwatch: Any, now_ms: int) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="1")
    sqs.send_message(QueueUrl=url, MessageBody="2")
    timed.clock.advance(30)
    sqs.receive_message(QueueUrl=url)
    timed.clock.advance(20)
    seen = {}
    for name in ("Visible", "NotVisible", "Delayed"):
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName=f"ApproximateNumberOfMessages{name}",
            Dimensions=[{"Name": "QueueName", "Value": "q"}],
            StartTime=at(now_ms),
            EndTime=at(now_ms + MINUTE_MS),
            Period=60,
            Statistics=["Maximum", "Minimum"],
        )["Datapoints"]
        seen[name] = (point["Minimum"], point["Maximum"])
    assert seen == {"Visible": (1, 2), "NotVisible": (0, 1), "Delayed": (0, 0)}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 50)), min_size=1, max_size=20),
    st.sampled_from([60, 120, 300]),
)
def test_statistics_agree_with_the_samples(shared: Any, samples: list[tuple[int, int]], period_s: int) -> None:
    cloudwatch, name, base_ms = shared()
    data = [
        {"MetricName": name, "Value": value, "Timestamp": at(base_ms + minute * MINUTE_MS)} for minute, value in samples
    ]
    cloudwatch.put_metric_data(Namespace="App", MetricData=data)
    found = cloudwatch.get_metric_statistics(
        Namespace="App",
        MetricName=name,
        StartTime=at(base_ms),
        EndTime=at(base_ms + HOUR_MS),
        Period=period_s,
        ExtendedStatistics=["p50"],
    )["Datapoints"]
    medians = {point["Timestamp"]: point["ExtendedStatistics"]["p50"] for point in found}
    expected: dict[datetime, list[int]] = {}
    for minute, value in samples:
        period = minute * 60 // period_s * period_s
        expected.setdefault(at(base_ms + period * 1000), []).append(value)
    assert medians == {moment: sorted(values)[math.ceil(len(values) / 2) - 1] for moment, values in expected.items()}


@pytest.fixture(scope="module")
def shared(onebox: EngineThread) -> Callable[[], tuple[Any, str, int]]:
    """A client, a fresh metric name and a moment two hours ago, for each example."""
    made = iter(range(10_000))
    cloudwatch = onebox.client("cloudwatch", account="909090909090")
    cloudwatch.put_metric_alarm(
        AlarmName="clock", Namespace="App", MetricName="none", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
    now_ms = int(alarm["StateUpdatedTimestamp"].timestamp() * 1000)
    return lambda: (cloudwatch, f"m{next(made)}", now_ms - now_ms % MINUTE_MS - 2 * HOUR_MS)
