"""Goal: a dashboard's body is read as CloudWatch reads it, and nothing of it is left out in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.aws.names import SEED_NAMES
from orders.console.dashboard import (
    AlarmList,
    Chart,
    Line,
    Metric,
    Text,
    Unshown,
    Widget,
    expand,
    finds_many,
    metric_of,
    parse_dashboard,
    with_period,
)
from orders.console.packaged_dashboard import packaged_dashboard
from orders.deployment.stack import load_template
from orders.errors import OperatorError

names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)
rows = st.lists(names, min_size=2, max_size=8).filter(lambda row: len(row) % 2 == 0)


def parse(*widgets: dict[str, Any]) -> tuple[Widget, ...]:
    return parse_dashboard(json.dumps({"widgets": widgets}), "us-east-1")


def chart_of(metrics: list[Any], **properties: Any) -> Chart:
    (chart,) = parse({"type": "metric", "properties": {"metrics": metrics, **properties}})
    assert isinstance(chart, Chart)
    return chart


# --- Shorthand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "written_out"),
    [
        (["...", "other"], ["AWS/SQS", "Sent", "QueueName", "other"]),
        (["..."], ["AWS/SQS", "Sent", "QueueName", "mine"]),
        ([".", "Deleted", ".", "."], ["AWS/SQS", "Deleted", "QueueName", "mine"]),
        ([".", "Deleted"], ["AWS/SQS", "Deleted"]),
        (["AWS/SNS", "Published"], ["AWS/SNS", "Published"]),
    ],
)
def test_shorthand_repeats_the_row_above(row: list[str], written_out: list[str]) -> None:
    assert expand(row, ["AWS/SQS", "Sent", "QueueName", "mine"]) == tuple(written_out)


@given(rows, st.data())
def test_names_replaced_by_dots_come_back(row: list[str], data: st.DataObject) -> None:
    dotted = ["." if data.draw(st.booleans()) else name for name in row]
    assert expand(dotted, row) == tuple(row)


@given(rows, st.data())
def test_a_beginning_replaced_by_an_ellipsis_comes_back(row: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(row)))
    assert expand(["...", *row[len(row) - kept :]], row) == tuple(row)


@given(st.lists(st.tuples(names, names), max_size=4, unique_by=lambda pair: pair[0]), st.randoms())
def test_the_order_of_dimensions_makes_no_difference(pairs: list[tuple[str, str]], chance: Any) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    flat = [part for pair in shuffled for part in pair]
    assert metric_of(["N", "m", *flat]) == Metric("N", "m", tuple(sorted(pairs)))


# --- Rows -----------------------------------------------------------------------------------------------------------


def test_a_row_takes_what_it_does_not_say_from_its_widget() -> None:
    chart = chart_of(
        [["N", "a"], [".", "b", {"stat": "p99", "period": 300, "label": "B", "color": "#123456", "yAxis": "right"}]],
        stat="Maximum",
        period=60,
    )
    first, second = chart.queries
    assert (first.statistic, first.period_s, first.label, first.is_right) == ("Maximum", 60, None, False)
    assert (second.statistic, second.period_s, second.label, second.color) == ("p99", 300, "B", "#123456")
    assert second.is_right
    assert second.metric == Metric("N", "b")


def test_ids_are_unique_in_the_dashboard_and_expressions_follow_them() -> None:
    metrics = [
        ["N", "a", {"id": "m1", "visible": False}],
        ["N", "b", {"id": "m2"}],
        [{"expression": "m1 / m2 * IF(m2 > 0, 100, SUM(METRICS()))", "id": "e1"}],
        [{"expression": "SUM(METRICS('m2')) + e1"}],
    ]
    widget = {"type": "metric", "properties": {"metrics": metrics}}
    charts = [one for one in parse(widget, widget) if isinstance(one, Chart)]
    ids = [query.id for chart in charts for query in chart.queries]
    assert len(set(ids)) == len(ids) == 8
    hidden, _, share, total = charts[1].queries
    assert not hidden.is_visible
    assert share.expression == "w1_m1 / w1_m2 * IF(w1_m2 > 0, 100, SUM([w1_m1, w1_m2]))"
    assert total.expression == "SUM([w1_m2]) + w1_e1"


def test_texts_in_an_expression_are_left_alone() -> None:
    search = """SEARCH('{N,m1} MetricName="m1"', 'Sum', 60)"""
    chart = chart_of([["N", "a", {"id": "m1"}], [{"expression": search}]])
    assert chart.queries[1].expression == search
    assert finds_many(chart.queries[1])
    assert not finds_many(chart.queries[0])


@pytest.mark.parametrize(("period_s", "told"), [(60, 60), (300, 300), (3600, 3600), (10, 60)])
def test_a_search_asks_for_the_range_s_period(period_s: int, told: int) -> None:
    expression = """SUM(SEARCH('{N,d} MetricName="m, 1"', 'Sum', 60)) / 60"""
    assert with_period(expression, period_s) == f"""SUM(SEARCH('{{N,d}} MetricName="m, 1"', 'Sum', {told})) / 60"""


# --- Widgets --------------------------------------------------------------------------------------------------------


def test_widgets_come_in_the_order_of_their_places() -> None:
    widgets = parse(
        {"type": "text", "x": 6, "y": 2, "properties": {"markdown": "third"}},
        {"type": "text", "properties": {"markdown": "last"}},
        {"type": "text", "x": 0, "y": 2, "properties": {"markdown": "second"}},
        {"type": "text", "x": 9, "y": 0, "properties": {"markdown": "# first\n\nwith `code`"}},
    )
    assert [one.paragraphs for one in widgets if isinstance(one, Text)] == [
        ("first", "with `code`"),
        ("second",),
        ("third",),
        ("last",),
    ]


def test_horizontal_annotations_are_lines() -> None:
    band = [{"label": "low", "value": 1}, {"label": "high", "value": 5}]
    chart = chart_of([["N", "a"]], annotations={"horizontal": [{"label": "goal", "value": 3}, band]})
    assert chart.lines == (Line("goal", 3), Line("low", 1), Line("high", 5))


@pytest.mark.parametrize(
    ("widget", "reason"),
    [
        ({"type": "log", "properties": {"title": "t"}}, "type log"),
        ({"type": "metric", "properties": {"region": "eu-west-1", "metrics": [["N", "a"]]}}, "eu-west-1"),
        ({"type": "metric", "properties": {"metrics": [["N"]]}}, "incomplete: N"),
        ({"type": "metric", "properties": {"metrics": [["N", "a", "d"]]}}, "incomplete: N, a, d"),
        ({"type": "metric", "properties": {"metrics": [[]]}}, "neither a metric nor an expression"),
        ({"type": "metric", "properties": {"metrics": ["N"]}}, "no array"),
        ({"type": "metric"}, "no metrics"),
    ],
)
def test_what_is_not_drawn_says_why(widget: dict[str, Any], reason: str) -> None:
    (unshown,) = parse(widget)
    assert isinstance(unshown, Unshown)
    assert reason in unshown.reason


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"widgets": 1}', '{"widgets": [1]}'])
def test_what_is_no_dashboard_is_refused(body: str) -> None:
    with pytest.raises(OperatorError, match="the dashboard's body"):
        parse_dashboard(body, "us-east-1")


# --- The packaged one -----------------------------------------------------------------------------------------------


def test_every_widget_of_the_template_is_shown() -> None:
    body = packaged_dashboard(load_template(), SEED_NAMES, "eu-west-1", lambda name: f"arn:alarm:{name}")
    assert "${" not in body
    widgets = parse_dashboard(body, "eu-west-1")
    assert len(widgets) == len(json.loads(body)["widgets"])
    assert not [one for one in widgets if isinstance(one, Unshown)]
    (alarms,) = (one for one in widgets if isinstance(one, AlarmList))
    assert "arn:alarm:OrderDLQ-not-empty" in alarms.arns
    metrics = {query.metric for one in widgets if isinstance(one, Chart) for query in one.queries}
    assert Metric("AWS/SQS", "NumberOfMessagesSent", (("QueueName", "OrderQueue"),)) in metrics
    assert Metric("AWS/Lambda", "Errors", (("FunctionName", "OrderProcessor"),)) in metrics
