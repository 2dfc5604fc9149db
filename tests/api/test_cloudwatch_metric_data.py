"""Goal: GetMetricData answers several metrics and expressions over them, in AWS's order, labels and pages."""

from __future__ import annotations

import gc
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.services.cloudwatch.metric_math.values import TimeSeries
from onebox.testing import EngineThread

MINUTE_MS = 60_000


@pytest.fixture
def cloudwatch(timed: EngineThread) -> Any:
    return timed.client("cloudwatch", parameter_validation=False)


@pytest.fixture
def now_ms(timed: EngineThread) -> int:
    return timed.clock.now_ms()


def at(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, timezone.utc)


def fill(cloudwatch: Any, now_ms: int, name: str, *values: float, **dimensions: str) -> None:
    """One value a minute; the last one in the current minute."""
    for age, value in enumerate(reversed(values)):
        datum = {
            "MetricName": name,
            "Value": value,
            "Timestamp": at(now_ms - age * MINUTE_MS),
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        cloudwatch.put_metric_data(Namespace="App", MetricData=[datum])


def metric(id_: str, name: str, **more: Any) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "App", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": id_, "MetricStat": stat, **more}


def query(cloudwatch: Any, now_ms: int, *queries: dict[str, Any], **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = cloudwatch.get_metric_data(
        **{
            "MetricDataQueries": list(queries),
            "StartTime": at(now_ms - 5 * MINUTE_MS),
            "EndTime": at(now_ms + MINUTE_MS),
            **request,
        }
    )
    return answer


def values(answer: dict[str, Any]) -> dict[str, list[float]]:
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


def test_metrics_come_newest_first_unless_asked_otherwise(cloudwatch: Any, now_ms: int) -> None:
    fill(cloudwatch, now_ms, "errors", 1, 2, 3)
    answer = query(cloudwatch, now_ms, metric("m1", "errors"))
    (result,) = answer["MetricDataResults"]
    assert (result["Label"], result["StatusCode"], result["Values"]) == ("errors", "Complete", [3, 2, 1])
    assert result["Timestamps"] == [at(now_ms - age * MINUTE_MS) for age in range(3)]
    assert values(query(cloudwatch, now_ms, metric("m1", "errors"), ScanBy="TimestampAscending")) == {"m1": [1, 2, 3]}


def test_a_metric_without_data_is_an_empty_result(cloudwatch: Any, now_ms: int) -> None:
    (result,) = query(cloudwatch, now_ms, metric("m1", "none"))["MetricDataResults"]
    assert (result["Values"], result["Timestamps"], result["StatusCode"]) == ([], [], "Complete")


def test_expressions_use_metrics_that_are_not_returned(cloudwatch: Any, now_ms: int) -> None:
    fill(cloudwatch, now_ms, "errors", 1, 0, 5)
    fill(cloudwatch, now_ms, "invocations", 10, 20, 50)
    answer = query(
        cloudwatch,
        now_ms,
        metric("errors", "errors", ReturnData=False),
        metric("calls", "invocations", ReturnData=False),
        {"Id": "rate", "Expression": "100 * errors / calls", "Label": "error rate"},
        {"Id": "worst", "Expression": "FILL(rate, 0) * 0 + MAX(rate)"},
    )
    assert values(answer) == {"rate": [10, 0, 10], "worst": [10, 10, 10, 10, 10, 10]}
    assert [result["Label"] for result in answer["MetricDataResults"]] == ["error rate", "worst"]


def test_search_finds_metrics_by_schema_and_terms(cloudwatch: Any, now_ms: int) -> None:
    fill(cloudwatch, now_ms, "sold", 1, Country="GB")
    fill(cloudwatch, now_ms, "sold", 2, Country="FR")
    fill(cloudwatch, now_ms, "sold", 4)
    fill(cloudwatch, now_ms, "lost", 8, Country="FR")
    search = """SEARCH('{App,Country} MetricName="sold"', 'Sum', 60)"""
    answer = query(cloudwatch, now_ms, {"Id": "s", "Expression": search})
    assert [(r["Id"], r["Label"], r["Values"]) for r in answer["MetricDataResults"]] == [
        ("s", "FR sold", [2]),
        ("s", "GB sold", [1]),
    ]
    assert values(query(cloudwatch, now_ms, {"Id": "s", "Expression": f"SUM({search})"})) == {"s": [3]}


def test_pages_hold_max_datapoints_and_lose_none(cloudwatch: Any, now_ms: int) -> None:
    fill(cloudwatch, now_ms, "a", 1, 2, 3)
    fill(cloudwatch, now_ms, "b", 4, 5)
    pages = []
    request: dict[str, Any] = {"MaxDatapoints": 2}
    while True:
        answer = query(cloudwatch, now_ms, metric("a", "a"), metric("b", "b"), **request)
        pages.append([(r["Id"], r["Values"], r["StatusCode"]) for r in answer["MetricDataResults"]])
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert pages == [
        [("a", [3, 2], "PartialData")],
        [("a", [1], "Complete"), ("b", [5], "PartialData")],
        [("b", [4], "Complete")],
    ]


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        ([], "between 1 and 500"),
        ([metric("M1", "a")], "Id"),
        ([metric("m1", "a"), metric("m1", "a")], "not unique"),
        ([{"Id": "m1"}], "Either MetricStat or Expression"),
        ([{"Id": "e1", "Expression": "m9 + 1"}], "Unknown identifier 'm9'"),
        ([{"Id": "e1", "Expression": "1 +"}], "Invalid syntax"),
        ([{"Id": "e1", "Expression": "1 + 1"}], "must return a time series"),
        ([{"Id": "e1", "Expression": "e2"}, {"Id": "e2", "Expression": "e1"}], "Circular"),
        ([{"Id": "e1", "Expression": "SELECT AVG(x) FROM y"}], "Metrics Insights"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    cloudwatch: Any, now_ms: int, queries: list[dict[str, Any]], text: str
) -> None:
    with pytest.raises(ClientError) as caught:
        query(cloudwatch, now_ms, *queries)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert text in caught.value.response["Error"]["Message"]


def test_a_wrong_token_is_refused(cloudwatch: Any, now_ms: int) -> None:
    with pytest.raises(ClientError) as caught:
        query(cloudwatch, now_ms, metric("m1", "a"), NextToken="nonsense")
    assert caught.value.response["Error"]["Code"] == "InvalidNextToken"


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ([{"Stat": "Sum"}, {"Stat": "Sum", "Unit": "Count"}], ["errors", "errors"]),
        ([{"Stat": "Sum"}, {"Stat": "Minimum"}], ["errors Sum", "errors Minimum"]),
        ([{"Period": 30}, {"Period": 60}], ["errors 30", "errors 60"]),
        ([{"Stat": "Minimum", "Period": 30}, {}], ["errors Minimum 30", "errors Sum 60"]),
    ],
)
def test_metrics_without_a_label_are_named_by_what_tells_them_apart(
    cloudwatch: Any, now_ms: int, changes: list[dict[str, Any]], labels: list[str]
) -> None:
    queries = [metric(f"m{number}", "errors") for number in range(len(changes))]
    for query_, change in zip(queries, changes, strict=True):
        query_["MetricStat"].update(change)
    answer = query(cloudwatch, now_ms, *queries)
    assert [result["Label"] for result in answer["MetricDataResults"]] == labels


@pytest.mark.parametrize("period_s", [1, 5, 10, 20, 30])
def test_samples_of_standard_resolution_stand_at_the_start_of_their_minute(
    cloudwatch: Any, now_ms: int, period_s: int
) -> None:
    moment_ms = now_ms - now_ms % MINUTE_MS - MINUTE_MS
    for value, second in ((3, 11), (4, 47)):
        datum = {"MetricName": "errors", "Value": value, "Timestamp": at(moment_ms + second * 1000)}
        cloudwatch.put_metric_data(Namespace="App", MetricData=[datum])
    short = metric("m1", "errors")
    short["MetricStat"]["Period"] = period_s
    (result,) = query(cloudwatch, now_ms, short)["MetricDataResults"]
    assert (result["Timestamps"], result["Values"]) == ([at(moment_ms)], [7])


def test_a_request_leaves_no_series_to_the_garbage_collector(cloudwatch: Any, now_ms: int) -> None:
    """It would free those of many requests in one step, and everyone would wait."""
    fill(cloudwatch, now_ms, "a", 1, 2)
    search = {"Id": "s", "Expression": "SEARCH('{App} MetricName=\"a\"', 'Sum', 60)"}
    gc.collect()
    gc.disable()
    try:
        before = _series_alive()
        answer = query(cloudwatch, now_ms, metric("m", "a"), {"Id": "e", "Expression": "FILL(m, 0) * 2"}, search)
        assert len(answer["MetricDataResults"]) == 3
        assert _series_alive() == before
    finally:
        gc.enable()


def _series_alive() -> int:
    return sum(isinstance(one, TimeSeries) for one in gc.get_objects())
