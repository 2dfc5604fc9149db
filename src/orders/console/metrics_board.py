"""The data of the metrics page's charts, read once for all open pages.

Promises: a range is read at most once per interval, however many pages show it; an answer states its time, its cost in
calls, and whether the dashboard is the deployed one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

from orders.aws.clients import Aws
from orders.clock import Clock
from orders.console.dashboard import (
    AlarmList,
    Chart,
    Query,
    Text,
    Unshown,
    Widget,
    finds_many,
    parse_dashboard,
    with_period,
)
from orders.console.overview import overview_charts
from orders.console.packaged_dashboard import packaged_dashboard
from orders.console.ranges import Range
from orders.deployment.stack import load_template
from orders.monitoring.dashboards import Dashboards, MeasuredSeries, WatchingAlarm

Answer = Mapping[str, Any]


class Board:
    """Reads a range when it is due. Its calls block."""

    def __init__(self, aws: Aws, clock: Clock, every_ms: int) -> None:
        self.every_ms = every_ms
        self._aws = aws
        self._clock = clock
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._answers: dict[str, Answer] = {}

    def read(self, wanted: Range) -> Answer:
        """The charts over a range, at most ``every_ms`` old. Raises botocore's errors and OperatorError."""
        with self._locks[wanted.key]:
            answer = self._answers.get(wanted.key)
            now_ms = self._clock.now_ms()
            # Pages ask every `every_ms`; one that asks slightly early still gets a new answer.
            if answer is None or now_ms - answer["at"] >= self.every_ms * 0.9:
                answer = self._answers[wanted.key] = self._read(wanted, now_ms)
            return answer

    def _read(self, wanted: Range, now_ms: int) -> Answer:
        source = Dashboards(self._aws)
        name = self._aws.names.dashboard(self._aws.region)
        body = source.find_body(name)
        is_deployed = body is not None
        if body is None:
            body = packaged_dashboard(
                load_template(),
                self._aws.names,
                self._aws.region,
                lambda alarm: self._aws.arn("cloudwatch", f"alarm:{alarm}"),
            )
        lead = overview_charts(self._aws.names)
        widgets = (*lead, *parse_dashboard(body, self._aws.region))
        queries = [query for widget in widgets if isinstance(widget, Chart) for query in widget.queries]
        since_ms, until_ms = wanted.window(now_ms)
        asked = [as_data_query(query, wanted.period_s) for query in queries]
        measured = source.measure(asked, since_ms, until_ms) if asked else []
        alarms = source.alarms()
        return {
            "range": wanted.key,
            "at": now_ms,
            "period": wanted.period_s,
            "from": since_ms,
            "until": until_ms,
            "dashboard": name,
            "deployed": is_deployed,
            "version": sha256(body.encode()).hexdigest()[:16],
            "calls": source.calls,
            "queries": len(asked),
            "lead": len(lead),
            "widgets": draw_widgets(widgets, measured, alarms, Grid(since_ms, until_ms, wanted.period_s * 1000)),
        }


def as_data_query(query: Query, period_s: int) -> dict[str, Any]:
    """A MetricDataQuery with a period of at least ``period_s``."""
    shared: dict[str, Any] = {"Id": query.id, "ReturnData": query.is_visible}
    if query.label is not None:
        # Series found by a search get the row's label and their own, as on CloudWatch's dashboards.
        is_shared = finds_many(query) and "${" not in query.label
        shared["Label"] = f"{query.label} ${{LABEL}}" if is_shared else query.label
    if query.metric is None:
        return {**shared, "Expression": with_period(query.expression or "", period_s)}
    return {
        **shared,
        "MetricStat": {
            "Metric": {
                "Namespace": query.metric.namespace,
                "MetricName": query.metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.metric.dimensions],
            },
            "Period": max(query.period_s, period_s),
            "Stat": query.statistic,
        },
    }


# --- JSON for the browser ------------------------------------------------------------------------------------------


class Grid(NamedTuple):
    """The times of the points of a range, in milliseconds."""

    since_ms: int
    until_ms: int
    step_ms: int

    @property
    def times(self) -> range:
        return range(self.since_ms, self.until_ms, self.step_ms)


class Points(NamedTuple):
    """All measured series by query, and the times at which anything was measured."""

    by_query: Mapping[str, Sequence[MeasuredSeries]]
    times: frozenset[int]
    grid: Grid


def draw_widgets(
    widgets: Sequence[Widget], measured: Sequence[MeasuredSeries], alarms: Sequence[WatchingAlarm], grid: Grid
) -> list[dict[str, Any]]:
    """The widgets as JSON values, in their order."""
    by_query: defaultdict[str, list[MeasuredSeries]] = defaultdict(list)
    for series in measured:
        by_query[series.query_id].append(series)
    points = Points(by_query, frozenset(at_ms for series in measured for at_ms in series.values), grid)
    return [_draw(widget, points, alarms) for widget in widgets]


def _draw(widget: Widget, points: Points, alarms: Sequence[WatchingAlarm]) -> dict[str, Any]:
    if isinstance(widget, Chart):
        return _draw_chart(widget, points, alarms)
    if isinstance(widget, AlarmList):
        return {"type": "alarms", "title": widget.title, "alarms": _draw_alarms(widget, alarms)}
    if isinstance(widget, Text):
        return {"type": "text", "paragraphs": list(widget.paragraphs)}
    assert isinstance(widget, Unshown)
    return {"type": "unshown", "title": widget.title, "reason": widget.reason}


def _draw_chart(chart: Chart, points: Points, alarms: Sequence[WatchingAlarm]) -> dict[str, Any]:
    found = [
        # A row's colour is that of the first series it finds.
        (query, series, None if index else query.color)
        for query in chart.queries
        if query.is_visible
        for index, series in enumerate(sorted(points.by_query.get(query.id, ()), key=lambda one: one.label))
    ]
    known = {moment for _, series, _ in found for moment in series.values}
    # A row for each period, so that a time without a value is a gap; none at all for a chart without values.
    moments = sorted({*known, *points.grid.times}) if known else []
    return {
        "type": "chart",
        "title": chart.title,
        "unit": chart.unit,
        "wide": chart.is_wide,
        "times": [moment // 1000 for moment in moments],
        "series": [
            {
                "label": _label(query, series),
                "statistic": query.statistic,
                "color": color,
                "right": query.is_right,
                "values": _values(query, series, moments, points),
            }
            for query, series, color in found
        ],
        "lines": [
            {"name": line.label, "condition": "", "state": "", "value": line.value, "right": False}
            for line in chart.lines
        ]
        + [_draw_threshold(alarm, watched) for alarm in alarms if (watched := _watched(alarm, chart))],
    }


def _values(query: Query, series: MeasuredSeries, moments: Sequence[int], points: Points) -> list[float | None]:
    """The values at these times. A counter that was not counted while other metrics were measured is 0; what is
    otherwise missing is a gap (None).
    """
    is_counter = is_count(query) and max(query.period_s * 1000, points.grid.step_ms) == points.grid.step_ms
    return [series.values.get(moment, 0.0 if is_counter and moment in points.times else None) for moment in moments]


def is_count(query: Query) -> bool:
    """Whether a missing value means that nothing was counted."""
    if query.metric is None:
        return finds_many(query) and "'Sum'" in (query.expression or "")
    return query.statistic in ("Sum", "SampleCount")


def _label(query: Query, series: MeasuredSeries) -> str:
    if finds_many(query) and not query.label:
        # CloudWatch names what a search finds "OrderConflict OrdersRejected": the metric's name says nothing here.
        name = (query.expression or "").partition('MetricName="')[2].partition('"')[0]
        return series.label.removesuffix(f" {name}").removeprefix(f"{name} ") or series.label
    return series.label or query.label or (query.metric.name if query.metric else query.id)


def _watched(alarm: WatchingAlarm, chart: Chart) -> list[Query]:
    """The chart's rows that the alarm judges."""
    shown = [query for query in chart.queries if query.metric and query.is_visible]
    return [query for query in shown if query.metric and tuple(query.metric) in alarm.metrics]


def _draw_threshold(alarm: WatchingAlarm, watched: Sequence[Query]) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "condition": alarm.condition,
        "state": alarm.state,
        # The threshold of an expression has another scale than the chart: listed, not drawn.
        "value": None if alarm.is_computed else alarm.threshold,
        "right": all(query.is_right for query in watched),
    }


def _draw_alarms(widget: AlarmList, alarms: Sequence[WatchingAlarm]) -> list[dict[str, str]]:
    known = {alarm.arn: alarm for alarm in alarms}
    return [
        {"name": known[arn].name, "state": known[arn].state, "condition": known[arn].condition}
        if arn in known
        else {"name": arn.rpartition(":")[2], "state": "", "condition": "there is no such alarm"}
        for arn in widget.arns
    ]
