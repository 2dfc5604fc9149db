"""Metric data queries: what GetMetricData and alarms on expressions ask, resolved to time series.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from onebox.runtime.pauses import let_others_run
from onebox.runtime.threads import compute_beside
from onebox.services.cloudwatch.errors import ValidationError
from onebox.services.cloudwatch.limits import MATH_DATAPOINTS_MAX, MATH_INLINE_DATAPOINTS_MAX
from onebox.services.cloudwatch.metric_math.evaluate import Scope, evaluate, find_searches
from onebox.services.cloudwatch.metric_math.parser import names_in, parse_expression
from onebox.services.cloudwatch.metric_math.values import MathError, TimeSeries, Value
from onebox.services.cloudwatch.metric_search import find_metrics, parse_search
from onebox.services.cloudwatch.model import MetricId, Periods, Series, sorted_dimensions
from onebox.services.cloudwatch.reader import MetricReader
from onebox.services.cloudwatch.statistics import find_stat
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.services.cloudwatch.validation import check_dimensions, check_unit, is_period

Query = Mapping[str, Any]
_ID = re.compile(r"[a-z]\w*", re.ASCII)
_SELECT = re.compile(r"\s*SELECT\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Window:
    """Whose metrics, from when to when."""

    account: str
    region: str
    start_ms: int
    end_ms: int

    def grid(self, period_s: int) -> list[int]:
        """The starts of all periods of the window."""
        return list(range(self.start_ms, self.end_ms, period_s * 1000))


T = TypeVar("T")
Results = list[tuple[Query, list[TimeSeries]]]


class MetricQueries:
    def __init__(self, store: MetricStore, reader: MetricReader) -> None:
        self._store = store
        self._reader = reader

    async def show(self, queries: Sequence[Query], window: Window, shown: Callable[[Results], T]) -> T:
        """What ``shown``, a pure function, makes of the results. The data is read a query at a time; much of it is
        computed on another thread, so that other requests are answered in between."""
        resolver = _Resolver(self._store, self._reader, queries, window)
        for _ in resolver.read_ahead():
            await let_others_run()
        work = partial(_show, resolver, shown)
        if resolver.datapoints + resolver.filled_datapoints() <= MATH_INLINE_DATAPOINTS_MAX:
            return work()
        return await compute_beside(work)

    def alarm_series(self, queries: Sequence[Query], window: Window) -> Series:
        """The one series that an alarm on an expression watches."""
        return _show(_Resolver(self._store, self._reader, queries, window), _first_series)


def _show(resolver: _Resolver, shown: Callable[[Results], T]) -> T:
    try:
        return shown(resolver.results())
    finally:
        resolver.forget()


def _first_series(results: Results) -> Series:
    _, found = results[0]
    return found[0].values if found else {}


def check_queries(queries: Sequence[Query]) -> None:
    """Check shape, ids, periods, statistics and expressions. Raises ValidationError."""
    ids: set[str] = set()
    for query in queries:
        if not _ID.fullmatch(query["Id"]):
            raise ValidationError(
                f"The value {query['Id']} for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            )
        if query["Id"] in ids:
            raise ValidationError(f"The value {query['Id']} for parameter Id is not unique.")
        ids.add(query["Id"])
        if ("Expression" in query) == ("MetricStat" in query):
            raise ValidationError("Either MetricStat or Expression must be specified for each query, and not both.")
    for query in queries:
        if "Expression" in query:
            _check_expression(query, ids)
        else:
            _check_metric_stat(query["MetricStat"])


def _check_metric_stat(stat: Query) -> None:
    metric = stat["Metric"]
    if not metric.get("MetricName") or not metric.get("Namespace"):
        raise ValidationError("The parameters MetricName and Namespace are required in MetricStat.")
    check_dimensions(metric.get("Dimensions", []), "Dimensions")
    check_unit(stat.get("Unit"), "Unit")
    if find_stat(stat["Stat"]) is None:
        raise ValidationError(f"The value {stat['Stat']} for parameter MetricStat.Stat is not supported.")
    if not is_period(stat["Period"], (1, 5, 10, 20, 30)):
        raise ValidationError("The parameter MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def _check_expression(query: Query, ids: set[str]) -> None:
    if _SELECT.match(query["Expression"]):
        raise ValidationError("Metrics Insights queries are not supported.")
    unknown = names_in(parse_expression(query["Expression"])) - ids - {"REPEAT", "LINEAR"}
    if unknown:
        raise ValidationError(f"Error in expression '{query['Id']}': Unknown identifier '{sorted(unknown)[0]}'")


class _Resolver:
    """One request's queries; each is read or computed once."""

    def __init__(self, store: MetricStore, reader: MetricReader, queries: Sequence[Query], window: Window) -> None:
        self._store = store
        self._reader = reader
        self._queries = {query["Id"]: query for query in queries}
        self._labels = _DefaultLabels([query["MetricStat"] for query in queries if "MetricStat" in query])
        self._window = window
        self._values: dict[str, Value] = {}
        self._pending: set[str] = set()
        self._searched: dict[tuple[str, str, int], list[TimeSeries] | MathError] = {}
        self._is_read = False
        """Whether all that the queries refer to was read: what is left is pure."""
        self.datapoints = 0
        """Those read and computed so far."""
        self._scope = Scope(self.value, self._metrics, self._search, self._grid, self._note)

    def filled_datapoints(self) -> int:
        """How many the expressions may add to those that were read: FILL makes one for each period."""
        queries = self._queries.values()
        shortest_s = min((query["MetricStat"]["Period"] for query in queries if "MetricStat" in query), default=60)
        expressions = sum("Expression" in query for query in queries)
        return expressions * (self._window.end_ms - self._window.start_ms) // (shortest_s * 1000)

    def results(self) -> Results:
        """Each query that returns data with its series: one, or several for an array. Raises ValidationError."""
        returned = (query for query in self._queries.values() if query.get("ReturnData", True) is not False)
        return [(query, self.series_of(query)) for query in returned]

    def forget(self) -> None:
        """Let go of all series, one after the other, so that other threads run in between. Otherwise the garbage
        collector frees them, those of many requests at a time: the resolver and its scope refer to each other."""
        for kept in (self._values, self._searched):
            while kept:
                kept.popitem()

    def read_ahead(self) -> Iterator[None]:
        """Read all that the queries refer to, a metric at a time."""
        for query_id, query in self._queries.items():
            if "MetricStat" in query:
                with suppress(MathError):  # raised again where it is used
                    self._note(self.value(query_id))
                self._pending.discard(query_id)
                yield
                continue
            for search in find_searches(parse_expression(query["Expression"])):
                if search not in self._searched:
                    yield from self._search_ahead(*search)
        self._is_read = True

    def _search_ahead(self, text: str, stat_name: str, period_s: int) -> Iterator[None]:
        found: list[TimeSeries] = []
        try:
            for metric in find_metrics(self._store, parse_search(text), self._window.account, self._window.region):
                found.append(self._read(metric, stat_name, period_s, None, search_label(metric)))
                self._note(found[-1])
                yield
            self._searched[text, stat_name, period_s] = found
        except MathError as error:
            self._searched[text, stat_name, period_s] = error

    def _grid(self, period_s: int) -> list[int]:
        window = self._window
        self._count((window.end_ms - window.start_ms) // (period_s * 1000))
        return window.grid(period_s)

    def _note(self, value: Value) -> None:
        if isinstance(value, TimeSeries):
            self._count(len(value.values))
        elif isinstance(value, list):
            self._count(sum(len(series.values) for series in value))

    def _count(self, datapoints: int) -> None:
        self.datapoints += datapoints
        if self.datapoints > MATH_DATAPOINTS_MAX:
            raise MathError(
                f"The expressions compute more than {MATH_DATAPOINTS_MAX} datapoints. Shorten the time range, use a "
                "longer period or fewer expressions"
            )

    def series_of(self, query: Query) -> list[TimeSeries]:
        try:
            value = self.value(query["Id"])
        except MathError as error:
            raise ValidationError(f"Error in expression '{query['Id']}': {error.message}") from error
        if isinstance(value, list):
            return [_labelled(series, query) for series in value]
        if isinstance(value, TimeSeries):
            return [_labelled(value, query)]
        raise ValidationError(f"Error in expression '{query['Id']}': The expression must return a time series")

    def value(self, query_id: str) -> Value:
        """The value of a query, computed at its first use."""
        if query_id not in self._values:
            if query_id in self._pending:
                raise MathError("Circular reference")
            self._pending.add(query_id)
            self._values[query_id] = self._compute(self._queries[query_id])
        return self._values[query_id]

    def _compute(self, query: Query) -> Value:
        if "Expression" in query:
            value = evaluate(parse_expression(query["Expression"]), self._scope)
            return replace(value, label=query["Id"]) if isinstance(value, TimeSeries) else value
        stat = query["MetricStat"]
        metric = MetricId(
            self._window.account,
            self._window.region,
            stat["Metric"]["Namespace"],
            stat["Metric"]["MetricName"],
            sorted_dimensions(stat["Metric"].get("Dimensions", [])),
        )
        return self._read(metric, stat["Stat"], stat["Period"], stat.get("Unit"), self._labels.of(metric.name, stat))

    def _read(self, metric: MetricId, stat_name: str, period_s: int, unit: str | None, label: str) -> TimeSeries:
        stat = find_stat(stat_name)
        if stat is None:
            raise MathError(f"The statistic {stat_name} is not supported")
        series = self._reader.series(metric, stat, Periods(period_s, self._window.start_ms, self._window.end_ms, unit))
        return TimeSeries(series, period_s, label)

    def _metrics(self, text: str) -> list[TimeSeries]:
        values = (
            self.value(query_id)
            for query_id, query in self._queries.items()
            if "MetricStat" in query and text in query_id
        )
        return [value for value in values if isinstance(value, TimeSeries)]

    def _search(self, text: str, stat_name: str, period_s: int) -> list[TimeSeries]:
        searched = self._searched.get((text, stat_name, period_s))
        if isinstance(searched, MathError):
            raise searched
        if searched is not None:
            return searched
        if self._is_read:
            raise MathError("SEARCH expects a search text, a statistic and a period that are written out")
        found = find_metrics(self._store, parse_search(text), self._window.account, self._window.region)
        return [self._read(metric, stat_name, period_s, None, search_label(metric)) for metric in found]


class _DefaultLabels:
    """How metrics are named that have no label: by their name, and by the statistic and the period where those of the
    request differ."""

    def __init__(self, stats: Sequence[Query]) -> None:
        self._names_stat = len({stat["Stat"] for stat in stats}) > 1
        self._names_period = len({stat["Period"] for stat in stats}) > 1

    def of(self, name: str, stat: Query) -> str:
        """``errors``, ``errors Sum``, ``errors 60`` or ``errors Sum 60``."""
        parts = [name]
        if self._names_stat:
            parts.append(stat["Stat"])
        if self._names_period:
            parts.append(str(stat["Period"]))
        return " ".join(parts)


def search_label(metric: MetricId) -> str:
    """How a metric found by SEARCH is named: by its dimensions' values and its name."""
    return " ".join([*(value for _, value in metric.dimensions), metric.name])


def _labelled(series: TimeSeries, query: Query) -> TimeSeries:
    label = query.get("Label")
    return series if label is None else replace(series, label=label.replace("${LABEL}", series.label))
