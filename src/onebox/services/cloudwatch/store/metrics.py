"""SQL of metrics and their datapoints, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

from onebox.runtime.metrics import Dimensions, Statistic
from onebox.services.cloudwatch.model import Datum, MetricId, Periods
from onebox.storage.database import Row, Storage

_SUMS = "sum(samples), sum(total), min(minimum), max(maximum)"
_UPSERT = (
    "INSERT INTO cloudwatch_datapoint"
    " (metric_id, resolution_s, at_ms, unit, samples, total, minimum, maximum, histogram)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET samples = excluded.samples,"
    " total = excluded.total, minimum = excluded.minimum, maximum = excluded.maximum, histogram = excluded.histogram"
)


class MetricStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, datum: Datum) -> None:
        """Add samples to the minute they belong to, and to their second if they are of high resolution."""
        metric_id = self._metric_id(datum.metric, datum.at_ms)
        for resolution_s in (60, 1) if datum.high_resolution else (60,):
            self.merge(metric_id, resolution_s, datum.at_ms, datum.unit, datum.statistic)

    def merge(self, metric_id: int, resolution_s: int, at_ms: int, unit: str, statistic: Statistic) -> None:
        """Add samples to one row; ``at_ms`` is rounded down to the resolution."""
        key = (metric_id, resolution_s, at_ms - at_ms % (1000 * resolution_s), unit)
        row = self._storage.first(
            "SELECT samples, total, minimum, maximum, histogram FROM cloudwatch_datapoint"
            " WHERE metric_id = ? AND resolution_s = ? AND at_ms = ? AND unit = ?",
            key,
        )
        if row is not None:
            stored = _statistic(row)
            stored.merge(_with_known_values(statistic))
            statistic = stored
        self._storage.execute(
            _UPSERT,
            (
                *key,
                statistic.samples,
                statistic.total,
                statistic.minimum,
                statistic.maximum,
                _histogram_text(statistic),
            ),
        )

    def find_metric(self, metric: MetricId) -> int | None:
        row = self._storage.first(
            "SELECT id FROM cloudwatch_metric"
            " WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ?",
            (metric.account, metric.region, metric.namespace, metric.name, _dimensions_text(metric.dimensions)),
        )
        return None if row is None else row[0]

    def sums(self, metric_id: int, periods: Periods) -> Iterator[tuple[int, str, Statistic]]:
        """(period's start, unit, sums without values) by period."""
        rows = self._storage.execute(
            f"SELECT ?1 + (at_ms - ?1) / ?2 * ?2 AS period_at_ms, unit, {_SUMS} FROM cloudwatch_datapoint"
            f" WHERE metric_id = ?3 AND {_rows_of(periods.period_s)} AND at_ms >= ?1 AND at_ms < ?4"
            " AND (?5 IS NULL OR unit = ?5) GROUP BY period_at_ms, unit ORDER BY period_at_ms",
            (periods.start_ms, periods.period_s * 1000, metric_id, periods.end_ms, periods.unit),
        )
        for at_ms, row_unit, *sums in rows:
            yield at_ms, row_unit, Statistic(*sums)

    def distributions(self, metric_id: int, periods: Periods) -> Iterator[tuple[int, str, Statistic]]:
        """(period's start, unit, samples with their values) in order of time, a period in several parts."""
        rows = self._storage.execute(
            "SELECT ?1 + (at_ms - ?1) / ?2 * ?2, unit, samples, total, minimum, maximum, histogram"
            " FROM cloudwatch_datapoint"
            f" WHERE metric_id = ?3 AND {_rows_of(periods.period_s)} AND at_ms >= ?1 AND at_ms < ?4"
            " AND (?5 IS NULL OR unit = ?5)",
            (periods.start_ms, periods.period_s * 1000, metric_id, periods.end_ms, periods.unit),
        )
        for at_ms, row_unit, *statistic in rows:
            yield at_ms, row_unit, _statistic(tuple(statistic))

    def list_metrics(
        self,
        account: str,
        region: str,
        *,
        namespace: str | None,
        name: str | None,
        since_ms: int,
        after: tuple[str, str, str],
        limit: int,
    ) -> list[tuple[str, str, Dimensions, tuple[str, str, str]]]:
        """(namespace, name, dimensions, place) of metrics with datapoints since ``since_ms``, in order of place."""
        # Each column that is given narrows the range of the index that is read.
        conditions, given = "", []
        for column, value in (("namespace", namespace), ("name", name)):
            if value is not None:
                conditions += f" AND {column} = ?"
                given.append(value)
        rows = self._storage.all(
            f"SELECT namespace, name, dimensions FROM cloudwatch_metric WHERE account = ? AND region = ?{conditions}"
            " AND (namespace, name, dimensions) > (?, ?, ?) AND last_at_ms >= ?"
            " ORDER BY namespace, name, dimensions LIMIT ?",
            (account, region, *given, *after, since_ms, limit),
        )
        return [(row[0], row[1], parse_dimensions(row[2]), (row[0], row[1], row[2])) for row in rows]

    def _metric_id(self, metric: MetricId, at_ms: int) -> int:
        row = self._storage.first(
            "SELECT id, last_at_ms FROM cloudwatch_metric"
            " WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ?",
            (metric.account, metric.region, metric.namespace, metric.name, _dimensions_text(metric.dimensions)),
        )
        if row is None:
            self._storage.execute(
                "INSERT INTO cloudwatch_metric (account, region, namespace, name, dimensions, last_at_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    metric.account,
                    metric.region,
                    metric.namespace,
                    metric.name,
                    _dimensions_text(metric.dimensions),
                    at_ms,
                ),
            )
            return self._storage.last_insert_id()
        metric_id, last_at_ms = row
        if at_ms - last_at_ms >= 60_000:
            self._storage.execute("UPDATE cloudwatch_metric SET last_at_ms = ? WHERE id = ?", (at_ms, metric_id))
        return int(metric_id)

    # -- rolling up

    def metric_ids(self, after: int, limit: int) -> list[int]:
        rows = self._storage.all("SELECT id FROM cloudwatch_metric WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return [row[0] for row in rows]

    def rows_before(self, metric_id: int, resolution_s: int, before_ms: int) -> list[tuple[int, str, Statistic]]:
        rows = self._storage.all(
            "SELECT at_ms, unit, samples, total, minimum, maximum, histogram FROM cloudwatch_datapoint"
            " WHERE metric_id = ? AND resolution_s = ? AND at_ms < ?",
            (metric_id, resolution_s, before_ms),
        )
        return [(row[0], row[1], _statistic(row[2:])) for row in rows]

    def delete_before(self, metric_id: int, resolution_s: int, before_ms: int) -> None:
        self._storage.execute(
            "DELETE FROM cloudwatch_datapoint WHERE metric_id = ? AND resolution_s = ? AND at_ms < ?",
            (metric_id, resolution_s, before_ms),
        )

    def delete_metric_if_empty(self, metric_id: int) -> None:
        self._storage.execute(
            "DELETE FROM cloudwatch_metric WHERE id = ?1"
            " AND NOT EXISTS (SELECT 1 FROM cloudwatch_datapoint WHERE metric_id = ?1)",
            (metric_id,),
        )


def _rows_of(period_s: int) -> str:
    """The condition for the rows that make up a period. Seconds and the minutes beside them hold the same samples
    twice; periods below a minute take a minute's row where no row of its seconds stands beside it."""
    if period_s < 60:
        return (
            "(resolution_s = 1 OR resolution_s = 60 AND NOT EXISTS (SELECT 1 FROM cloudwatch_datapoint AS second"
            " WHERE second.metric_id = cloudwatch_datapoint.metric_id AND second.resolution_s = 1"
            " AND second.at_ms >= cloudwatch_datapoint.at_ms AND second.at_ms < cloudwatch_datapoint.at_ms + 60000))"
        )
    return "resolution_s IN (" + ", ".join(str(s) for s in (60, 300, 3600) if s <= period_s) + ")"


def _dimensions_text(dimensions: Dimensions) -> str:
    return json.dumps(dimensions, separators=(",", ":"), ensure_ascii=False)


def parse_dimensions(text: str) -> Dimensions:
    return tuple((name, value) for name, value in json.loads(text))


def _statistic(row: Row) -> Statistic:
    samples, total, minimum, maximum, histogram = row
    if histogram is None:
        values = {minimum: samples} if minimum == maximum else None
    else:
        values = dict(json.loads(histogram))
    return Statistic(samples, total, minimum, maximum, values)


def _with_known_values(statistic: Statistic) -> Statistic:
    if statistic.values is None and statistic.minimum == statistic.maximum:
        statistic.values = {statistic.minimum: statistic.samples}
    return statistic


def _histogram_text(statistic: Statistic) -> str | None:
    if statistic.values is None or statistic.minimum == statistic.maximum:
        return None  # equal samples are known from their sums
    return json.dumps(list(statistic.values.items()), separators=(",", ":"))
