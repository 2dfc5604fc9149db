"""Reading what an alarm watches: one bounded read of its metrics, whatever the traffic."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.alarms.configuration import alarm_metric, alarm_stat, range_periods
from onebox.services.cloudwatch.alarms.evaluation import Point, Rule
from onebox.services.cloudwatch.metric_queries import MetricQueries, Window
from onebox.services.cloudwatch.model import Alarm, Periods, Series
from onebox.services.cloudwatch.reader import MetricReader


@dataclass(frozen=True, slots=True)
class Observation:
    """What an alarm's expression or metric shows over a range of periods."""

    series: Series
    statistics: dict[int, Statistic]
    """The samples behind the values, by period; none for expressions."""
    points: list[Point]
    """The periods of the evaluation range, oldest first."""

    @property
    def sample_counts(self) -> dict[int, float]:
        """The number of samples by period."""
        return {at_ms: statistic.samples for at_ms, statistic in self.statistics.items()}


class Observer:
    """Reads metrics and expressions."""

    def __init__(self, reader: MetricReader, queries: MetricQueries) -> None:
        self._reader = reader
        self._queries = queries

    def observe(self, alarm: Alarm, rule: Rule, period_s: int, end_ms: int) -> Observation:
        """The evaluation range of an alarm that ends at ``end_ms``."""
        count = range_periods(rule, period_s, end_ms)
        start_ms = end_ms - count * period_s * 1000
        configuration = alarm.configuration
        statistics: dict[int, Statistic] = {}
        if "Metrics" in configuration:
            window = Window(alarm.account, alarm.region, start_ms, end_ms)
            series = self._queries.alarm_series(configuration["Metrics"], window)
        else:
            stat = alarm_stat(configuration)
            periods = Periods(period_s, start_ms, end_ms, configuration.get("Unit"))
            statistics = self._reader.by_period(alarm_metric(alarm), periods, values=stat.needs_values)
            read = ((at_ms, stat.of(statistic)) for at_ms, statistic in statistics.items())
            series = {at_ms: value for at_ms, value in read if value is not None}
        starts = range(start_ms, end_ms, period_s * 1000)
        return Observation(series, statistics, [Point(at_ms, series.get(at_ms)) for at_ms in starts])
