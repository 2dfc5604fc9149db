"""A CloudWatch dashboard's body as charts: what each widget shows, as queries of GetMetricData.

Pure: from the JSON text to values. What a dashboard may hold and this console does not draw comes out as `Unshown`,
with the reason, so that nothing is left out in silence.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orders.errors import OperatorError

DEFAULT_STATISTIC = "Average"
DEFAULT_PERIOD_S = 300
# A statement of metric math: texts are left alone, names may be ids of other rows, METRICS() means all metrics.
_TOKENS = re.compile(r"""'[^']*'|"[^"]*"|METRICS\(\s*(?P<containing>'[^']*'|"[^"]*")?\s*\)|(?P<name>\b[a-z]\w*)""")
_SEARCH = re.compile(r"\bSEARCH\s*\(", re.IGNORECASE)
_LAST_PERIOD = re.compile(r"(SEARCH\s*\(.*?,\s*'[^']*'\s*,\s*)(\d+)(\s*\))", re.IGNORECASE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}\s+")


class Metric(NamedTuple):
    """One of CloudWatch's metrics."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Pairs of name and value, sorted, so that equal metrics are equal."""


@dataclass(frozen=True, slots=True)
class Query:
    """One row of a chart's metrics: a metric and its statistic, or an expression."""

    id: str
    """Unique in the whole dashboard, as GetMetricData wants it."""
    metric: Metric | None
    expression: str | None
    statistic: str
    period_s: int
    """The least seconds a point stands for."""
    label: str | None
    """None leaves the name to CloudWatch."""
    color: str | None
    is_visible: bool
    is_right: bool
    """Whether its scale is the one at the right."""


class Line(NamedTuple):
    """A horizontal line that the dashboard itself draws."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    unit: str
    queries: tuple[Query, ...]
    lines: tuple[Line, ...]
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text, a paragraph each; headings lose their signs."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlarmList:
    title: str
    arns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unshown:
    """A widget that this console does not draw."""

    title: str
    reason: str


Widget = Chart | Text | AlarmList | Unshown


def parse_dashboard(body: str, region: str) -> tuple[Widget, ...]:
    """The widgets, from the top left to the bottom right. Raises OperatorError for what is no dashboard."""
    try:
        dashboard = json.loads(body)
    except ValueError as error:
        raise OperatorError(f"the dashboard's body is not JSON: {error}") from error
    widgets = dashboard.get("widgets") if isinstance(dashboard, dict) else None
    if not isinstance(widgets, list) or not all(isinstance(widget, dict) for widget in widgets):
        raise OperatorError("the dashboard's body has no array of widgets")
    # CloudWatch puts a widget without a place below the others; sorting is stable, so these keep their order.
    placed = sorted(widgets, key=lambda widget: (_number(widget.get("y"), 1e9), _number(widget.get("x"), 1e9)))
    return tuple(_read_widget(index, widget, region) for index, widget in enumerate(placed))


def _read_widget(index: int, widget: Mapping[str, Any], region: str) -> Widget:
    kind, properties = widget.get("type"), widget.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    title = str(properties.get("title") or "")
    if kind == "text":
        lines = str(properties.get("markdown", "")).splitlines()
        return Text(tuple(_HEADING.sub("", line).strip() for line in lines if line.strip()))
    if kind == "alarm":
        return AlarmList(title or "Alarms", tuple(str(arn) for arn in _list(properties.get("alarms"))))
    if kind != "metric":
        return Unshown(title, f"widgets of type {kind} are not supported")
    if properties.get("region", region) != region:
        return Unshown(title, f"it shows {properties['region']}, and this console reads {region}")
    try:
        queries = tuple(_read_metrics(index, properties))
    except ValueError as error:
        return Unshown(title, str(error))
    if not queries:
        return Unshown(title, "it has no metrics")
    return Chart(
        title or _name_of(queries),
        str(_dict(_dict(properties.get("yAxis")).get("left")).get("label", "")),
        queries,
        tuple(_read_lines(properties)),
        _number(widget.get("width"), 6) > 12,
    )


def _read_metrics(index: int, properties: Mapping[str, Any]) -> Iterable[Query]:
    """Raises ValueError for a row that says nothing."""
    rows = [_split(row) for row in _list(properties.get("metrics"))]
    ids = [str(options.get("id") or f"row{number}") for number, (_, options) in enumerate(rows)]
    metric_ids = [own for own, (names, _) in zip(ids, rows, strict=True) if names]
    before: tuple[str, ...] = ()
    for own, (names, options) in zip(ids, rows, strict=True):
        full = expand(names, before)
        before = full or before
        expression = options.get("expression")
        if not full and not expression:
            raise ValueError("a row of its metrics has neither a metric nor an expression")
        if full and (len(full) < 2 or len(full) % 2):
            raise ValueError(f"a row of its metrics is incomplete: {', '.join(full)}")
        yield Query(
            id=_unique(index, own),
            metric=None if expression else metric_of(full),
            expression=_rename(str(expression), index, ids, metric_ids) if expression else None,
            statistic=str(options.get("stat") or properties.get("stat") or DEFAULT_STATISTIC),
            period_s=int(_number(options.get("period", properties.get("period")), DEFAULT_PERIOD_S)),
            label=str(options["label"]) if options.get("label") else None,
            color=str(options["color"]) if options.get("color") else None,
            is_visible=options.get("visible", True) is not False,
            is_right=options.get("yAxis") == "right",
        )


def _split(row: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A row's names, and its options, which are its last element where there are any."""
    if not isinstance(row, list):
        raise ValueError("a row of its metrics is no array")
    has_options = bool(row) and isinstance(row[-1], dict)
    names, options = (row[:-1], row[-1]) if has_options else (row, {})
    return tuple(str(name) for name in names), options


def expand(names: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """A row of names, written out: ``.`` is the name above it, ``...`` all names above that are not given after it."""
    if "..." in names:
        place = names.index("...")
        taken = max(0, len(before) - (len(names) - 1))
        names = [*names[:place], *before[place : place + taken], *names[place + 1 :]]
    return tuple(before[place] if name == "." and place < len(before) else name for place, name in enumerate(names))


def metric_of(names: Sequence[str]) -> Metric:
    """A metric from namespace, name and its dimensions' names and values in turn."""
    namespace, name, *rest = names
    return Metric(namespace, name, tuple(sorted(zip(rest[::2], rest[1::2], strict=True))))


def _rename(expression: str, index: int, ids: Sequence[str], metric_ids: Sequence[str]) -> str:
    """An expression whose names are unique in the dashboard: a chart's METRICS() are that chart's alone."""

    def replace(token: re.Match[str]) -> str:
        if token["name"]:
            return _unique(index, token["name"]) if token["name"] in ids else token[0]
        if token[0].startswith("METRICS"):
            wanted = (token["containing"] or "''")[1:-1]
            return f"[{', '.join(_unique(index, own) for own in metric_ids if wanted in own)}]"
        return token[0]

    return _TOKENS.sub(replace, expression)


def with_period(expression: str, period_s: int) -> str:
    """An expression whose searches ask for points of at least this many seconds."""
    return _LAST_PERIOD.sub(lambda found: f"{found[1]}{max(int(found[2]), period_s)}{found[3]}", expression)


def finds_many(query: Query) -> bool:
    """Whether a query may answer with several series, which CloudWatch names."""
    return query.expression is not None and _SEARCH.search(query.expression) is not None


def _read_lines(properties: Mapping[str, Any]) -> Iterable[Line]:
    """The horizontal annotations; of a band both edges."""
    for annotation in _list(_dict(properties.get("annotations")).get("horizontal")):
        for edge in annotation if isinstance(annotation, list) else [annotation]:
            value = _dict(edge).get("value")
            if isinstance(value, (int, float)):
                yield Line(str(edge.get("label", "")), float(value))


def _unique(index: int, own: str) -> str:
    return f"w{index}_{own}"


def _name_of(queries: Sequence[Query]) -> str:
    return ", ".join(dict.fromkeys(query.metric.name for query in queries if query.metric)) or "Without a title"


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
