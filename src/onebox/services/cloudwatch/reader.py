"""Reading metrics: from stored rows to statistics by period. Time comes in as a parameter."""

from __future__ import annotations

from collections.abc import Iterator

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.limits import DAY_MS, HOUR_MS, MINUTE_MS
from onebox.services.cloudwatch.model import MetricId, Periods, Series
from onebox.services.cloudwatch.statistics import Stat
from onebox.services.cloudwatch.store.metrics import MetricStore


class MetricReader:
    def __init__(self, store: MetricStore) -> None:
        self._store = store

    def by_unit(self, metric: MetricId, periods: Periods, *, values: bool) -> dict[tuple[int, str], Statistic]:
        """Samples by period and unit; with their ``values`` only if asked, which costs more."""
        found: dict[tuple[int, str], Statistic] = {}
        for at_ms, row_unit, statistic in self._rows(metric, periods, values):
            known = found.get((at_ms, row_unit))
            if known is None:
                found[at_ms, row_unit] = statistic
            else:
                known.merge(statistic)
        return found

    def by_period(self, metric: MetricId, periods: Periods, *, values: bool) -> dict[int, Statistic]:
        """Samples by period, whatever their units."""
        found: dict[int, Statistic] = {}
        for (at_ms, _), statistic in self.by_unit(metric, periods, values=values).items():
            known = found.get(at_ms)
            if known is None:
                found[at_ms] = statistic
            else:
                known.merge(statistic)
        return found

    def series(self, metric: MetricId, stat: Stat, periods: Periods) -> Series:
        """One statistic by period; periods without samples are missing."""
        found = self.by_period(metric, periods, values=stat.needs_values)
        return {at_ms: value for at_ms, statistic in sorted(found.items()) if (value := stat.of(statistic)) is not None}

    def _rows(self, metric: MetricId, periods: Periods, values: bool) -> Iterator[tuple[int, str, Statistic]]:
        metric_id = self._store.find_metric(metric)
        if metric_id is None:
            return iter(())
        return self._store.distributions(metric_id, periods) if values else self._store.sums(metric_id, periods)


def rounded_start_ms(start_ms: int, period_s: int, now_ms: int) -> int:
    """Where AWS begins to count periods: the start, rounded down the further the older it is.

    AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html (StartTime)
    """
    age_ms = now_ms - start_ms
    if age_ms > 63 * DAY_MS:
        step_ms = HOUR_MS
    elif age_ms > 15 * DAY_MS:
        step_ms = 5 * MINUTE_MS
    else:
        step_ms = min(period_s * 1000, MINUTE_MS)
    return start_ms - start_ms % step_ms
