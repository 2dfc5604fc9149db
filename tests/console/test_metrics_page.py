"""Goal: the Metrics page draws the deployed dashboard, with what was measured and the thresholds of its alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.aws.clients import Aws
from orders.aws.names import SEED_NAMES
from orders.clock import SystemClock
from orders.console.metrics_board import Board
from orders.console.packaged_dashboard import packaged_dashboard
from orders.console.ranges import RANGES
from orders.deployment.stack import load_template
from tests.console.support import Browser, console_for, onebox_settings

LEAD = 4
QUEUE = [{"Name": "QueueName", "Value": "OrderQueue"}]


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


def widgets_of(browser: Browser, **query: str) -> list[dict[str, Any]]:
    answer = browser.client.get("/metrics/data", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["widgets"])


def chart_of(browser: Browser, title: str, **query: str) -> dict[str, Any]:
    (chart,) = (widget for widget in widgets_of(browser, **query) if widget.get("title") == title)
    return chart


def series_of(chart: dict[str, Any]) -> dict[str, list[float | None]]:
    """The values that are neither gaps nor zeros, by label."""
    return {series["label"]: [value for value in series["values"] if value] for series in chart["series"]}


def put_dashboard(client: Callable[..., Any], *widgets: dict[str, Any]) -> None:
    client("cloudwatch").put_dashboard(
        DashboardName="Orders-us-east-1", DashboardBody=json.dumps({"widgets": list(widgets)})
    )


def test_every_widget_of_the_template_gives_a_chart(browser: Browser) -> None:
    page = browser.text("/metrics")
    defined = json.loads(packaged_dashboard(load_template(), SEED_NAMES, "us-east-1", str))["widgets"]
    titles = [widget["properties"]["title"] for widget in defined if widget["type"] == "metric"]
    assert page.count("data-chart=") == len(titles) + LEAD > 9
    for title in titles:
        assert re.search(rf"<h2[^>]*>{re.escape(title)}", page), title
    assert "Not drawn" not in page
    assert "is not deployed" in page
    assert "orders deploy" in page


def test_a_deployed_dashboard_is_what_is_shown(browser: Browser, client: Callable[..., Any]) -> None:
    put_dashboard(
        client,
        {"type": "text", "properties": {"markdown": "<script>alert(1)</script>"}},
        {"type": "metric", "properties": {"title": "Mine & <b>only</b>", "metrics": [["Shop", "Sold"]]}},
        {"type": "log", "properties": {"title": "Lines", "query": "fields @message"}},
    )
    page = browser.text("/metrics")
    assert "is not deployed" not in page
    assert "Mine &amp; &lt;b&gt;only&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "Not drawn: widgets of type log" in page
    assert page.count("data-chart=") == 1 + LEAD


def test_what_was_measured_is_in_the_chart(browser: Browser, client: Callable[..., Any]) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="Orders",
        MetricData=[
            {"MetricName": "OrdersStored", "Value": 7},
            {"MetricName": "OrdersRejected", "Value": 2, "Dimensions": [{"Name": "Reason", "Value": "total"}]},
            {"MetricName": "OrdersRejected", "Value": 1, "Dimensions": [{"Name": "Reason", "Value": "orderId"}]},
        ],
    )
    for key in RANGES:
        chart = chart_of(browser, "Order outcomes", range=key)
        assert series_of(chart)["stored"] == [7]
        assert series_of(chart)["too old"] == []
        assert chart["times"][0] % RANGES[key].period_s == 0
        rejected = series_of(chart_of(browser, "Rejected, by reason", range=key))
        assert rejected == {"orderId": [1], "total": [2]}


def test_thresholds_of_alarms_on_the_same_metric_are_there(browser: Browser, client: Callable[..., Any]) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName="too-old",
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=QUEUE,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=300,
    )
    (line,) = chart_of(browser, "Age of the oldest order")["lines"]
    assert (line["name"], line["value"], line["condition"]) == ("too-old", 300, "Maximum over 60 s > 300")
    assert line["right"] is False
    (line,) = chart_of(browser, "How long do they take?")["lines"]
    assert line["right"] is True, "seconds of age have the axis at the right; milliseconds the one at the left"
    assert chart_of(browser, "OrderQueue")["lines"] == []


def test_the_threshold_of_an_expression_is_told_but_not_drawn(browser: Browser, client: Callable[..., Any]) -> None:
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": QUEUE}
    client("cloudwatch").put_metric_alarm(
        AlarmName="share",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Threshold=80,
        Metrics=[
            {"Id": "age", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}, "ReturnData": False},
            {"Id": "share", "Expression": "age / 3", "Label": "Share", "ReturnData": True},
        ],
    )
    (line,) = chart_of(browser, "Age of the oldest order")["lines"]
    assert (line["name"], line["value"], line["condition"]) == ("share", None, "Share ≥ 80")


def test_listed_alarms_have_their_state(browser: Browser, client: Callable[..., Any]) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName="mine",
        Namespace="Shop",
        MetricName="Sold",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
    )
    (alarm,) = client("cloudwatch").describe_alarms()["MetricAlarms"]
    gone = alarm["AlarmArn"].replace("mine", "gone")
    put_dashboard(client, {"type": "alarm", "properties": {"title": "A", "alarms": [alarm["AlarmArn"], gone]}})
    client("cloudwatch").set_alarm_state(AlarmName="mine", StateValue="ALARM", StateReason="a test")
    *_, widget = widgets_of(browser)
    assert [(one["name"], one["condition"]) for one in widget["alarms"]] == [
        ("mine", "Sum over 60 s < 1"),
        ("gone", "there is no such alarm"),
    ]
    assert 'data-alarm="mine"' in browser.text("/metrics")


def test_hidden_rows_are_computed_with_but_not_drawn(browser: Browser, client: Callable[..., Any]) -> None:
    put_dashboard(
        client,
        {
            "type": "metric",
            "properties": {
                "title": "Half",
                "stat": "Sum",
                "metrics": [
                    ["Shop", "Sold", {"id": "m1", "visible": False}],
                    [{"expression": "m1 / 2", "label": "half", "id": "e1"}],
                ],
            },
        },
    )
    client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Sold", "Value": 10}])
    assert series_of(chart_of(browser, "Half")) == {"half": [5]}


def test_what_a_search_finds_stays_apart_whatever_the_row_is_called(
    browser: Browser, client: Callable[..., Any]
) -> None:
    search = """SEARCH('{Shop,Door} MetricName="Guests"', 'Sum', 60)"""
    row = {"expression": search, "label": "Guests at", "color": "#123456"}
    put_dashboard(client, {"type": "metric", "properties": {"title": "Guests", "metrics": [[row]]}})
    data = [
        {"MetricName": "Guests", "Value": guests, "Dimensions": [{"Name": "Door", "Value": door}]}
        for door, guests in (("north", 3), ("south", 4))
    ]
    client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=data)  # in one call: of the same minute
    chart = chart_of(browser, "Guests")
    assert series_of(chart) == {"Guests at north Guests": [3], "Guests at south Guests": [4]}
    assert [series["color"] for series in chart["series"]] == ["#123456", None]


def test_an_unknown_range_names_those_there_are(browser: Browser) -> None:
    answer = browser.client.get("/metrics/data", params={"range": "1y"})
    assert answer.status_code == 400
    assert "15m, 1h, 3h, 12h, 1d, 7d" in answer.text


class HandClock(SystemClock):
    """A clock that the test moves."""

    at_ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


def test_all_pages_share_a_reading_until_it_is_due(onebox: EngineThread, account: str) -> None:
    clock = HandClock()
    board = Board(Aws(onebox_settings(onebox, account)), clock, 30_000)
    first = board.read(RANGES["1h"])
    clock.at_ms += 20_000
    assert board.read(RANGES["1h"]) is first
    assert board.read(RANGES["3h"])["range"] == "3h"
    clock.at_ms += 10_000
    assert board.read(RANGES["1h"])["at"] == clock.at_ms
    assert first["calls"] == 3


def test_counters_are_zero_and_gauges_have_gaps_where_nothing_was_measured(
    browser: Browser, client: Callable[..., Any]
) -> None:
    minute = SystemClock().now_ms() // 60_000 * 60
    put = client("cloudwatch").put_metric_data
    for back in (9, 8):
        at = datetime.fromtimestamp(minute - back * 60, timezone.utc)
        put(Namespace="Orders", MetricData=[{"MetricName": "OrdersStored", "Value": 5, "Timestamp": at}])
    at = datetime.fromtimestamp(minute - 4 * 60, timezone.utc)
    put(Namespace="Orders", MetricData=[{"MetricName": "OrdersDuplicate", "Value": 1, "Timestamp": at}])
    chart = chart_of(browser, "Do orders flow?", range="15m")
    stored = dict(
        zip(chart["times"], next(s["values"] for s in chart["series"] if s["label"] == "stored"), strict=True)
    )
    assert [stored[minute - back * 60] for back in (9, 8, 7, 4)] == [5, 5, None, 0]
    assert len(chart["times"]) == 15


def test_four_charts_lead(browser: Browser) -> None:
    titles = [widget["title"] for widget in widgets_of(browser)[:LEAD]]
    assert titles == ["Do orders flow?", "How long do they take?", "What fails?", "What waits?"]
