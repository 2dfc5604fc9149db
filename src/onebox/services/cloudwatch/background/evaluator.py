"""The evaluator: reads what each alarm watches and puts it in the state that calls for.

Promises: evaluating an alarm costs one bounded read of its metrics, whatever the traffic, and writes only if the
state changes. An alarm whose evaluation fails is logged and keeps its state; the others are evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.alarms.composite import evaluate_rule, parse_rule
from onebox.services.cloudwatch.alarms.evaluation import IGNORE, Decision, Point, Rule, decide_state, is_settled
from onebox.services.cloudwatch.alarms.reasons import long_time, state_reason, state_reason_data
from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.limits import ALARM_SPARE_PERIODS, MINUTE_MS
from onebox.services.cloudwatch.metric_queries import Window
from onebox.services.cloudwatch.model import Alarm, MetricId, Periods, Series, sorted_dimensions
from onebox.services.cloudwatch.statistics import Stat, find_stat


@dataclass(frozen=True, slots=True)
class Observation:
    """What an alarm's expression or metric shows over a range of periods that ends at ``end_ms``."""

    series: Series
    statistics: dict[int, Statistic]
    """The samples behind the values, by period; none for expressions."""
    end_ms: int


class Evaluator:
    def __init__(self, core: CloudWatchCore) -> None:
        self._deps = core.deps
        self._store = core.alarms
        self._reader = core.reader
        self._queries = core.queries
        self._transitions = core.transitions

    def evaluate_all(self, now_ms: int) -> None:
        """Evaluate metric alarms, then the composite ones that depend on them."""
        alarms = self._store.every()
        for alarm in sorted(alarms, key=lambda alarm: alarm.type, reverse=True):  # MetricAlarm before Composite
            self._evaluate_safely(alarm, now_ms)

    def _evaluate_safely(self, alarm: Alarm, now_ms: int) -> None:
        try:
            self._deps.storage.run(lambda: self.evaluate(alarm, now_ms))
        except Exception:
            self._deps.log.exception("evaluating alarm %s failed", alarm.name)

    def evaluate(self, alarm: Alarm, now_ms: int) -> None:
        """Judge one alarm as of ``now_ms``. Call inside ``storage.run``."""
        if alarm.type == "CompositeAlarm":
            self._evaluate_composite(alarm, now_ms)
            return
        rule = alarm_rule(alarm.configuration)
        period_s = alarm_period_s(alarm.configuration)
        step_ms = min(period_s * 1000, MINUTE_MS)
        whole_end_ms = now_ms - now_ms % step_ms
        decision, points, seen = self._decide_early(alarm, rule, period_s, whole_end_ms + step_ms)
        if decision is None:
            seen = self._observe(alarm, rule, period_s, whole_end_ms)
            points = range_points(rule, period_s, seen)
            decision = decide_state(rule, points)
        if decision.state is None or decision.state == alarm.state or self._too_few(alarm, decision, seen):
            return
        samples = {at_ms: statistic.samples for at_ms, statistic in seen.statistics.items()}
        data = state_reason_data(
            rule,
            decision,
            points,
            sample_counts=samples,
            configuration=alarm.configuration,
            period_s=period_s,
            now_ms=now_ms,
        )
        self._transitions.apply(alarm, decision.state, state_reason(rule, decision), data, now_ms)

    def _decide_early(
        self, alarm: Alarm, rule: Rule, period_s: int, end_ms: int
    ) -> tuple[Decision | None, list[Point], Observation]:
        """ALARM with the running period taken in, if what it holds cannot stop breaching; else no decision."""
        configuration = alarm.configuration
        none = Observation({}, {}, end_ms)
        if "Statistic" not in configuration:
            return None, [], none
        seen = self._observe(alarm, rule, period_s, end_ms)
        last_ms = end_ms - period_s * 1000
        value = seen.series.get(last_ms)
        if value is None or not is_settled(
            rule.comparison,
            configuration["Statistic"],
            value,
            rule.threshold,
            seen.statistics[last_ms].minimum,
        ):
            return None, [], none
        points = range_points(rule, period_s, seen)
        decision = decide_state(rule, points)
        return (decision, points, seen) if decision.state == "ALARM" else (None, [], none)

    def _observe(self, alarm: Alarm, rule: Rule, period_s: int, end_ms: int) -> Observation:
        start_ms = end_ms - (rule.evaluation_periods + ALARM_SPARE_PERIODS) * period_s * 1000
        configuration = alarm.configuration
        if "Metrics" in configuration:
            window = Window(alarm.account, alarm.region, start_ms, end_ms)
            return Observation(self._queries.alarm_series(configuration["Metrics"], window), {}, end_ms)
        stat = alarm_stat(configuration)
        metric = MetricId(
            alarm.account,
            alarm.region,
            configuration["Namespace"],
            configuration["MetricName"],
            sorted_dimensions(configuration.get("Dimensions", [])),
        )
        periods = Periods(period_s, start_ms, end_ms, configuration.get("Unit"))
        statistics = self._reader.by_period(metric, periods, values=stat.needs_values)
        series = {at_ms: value for at_ms, statistic in statistics.items() if (value := stat.of(statistic)) is not None}
        return Observation(series, statistics, end_ms)

    def _too_few(self, alarm: Alarm, decision: Decision, seen: Observation) -> bool:
        """Whether a percentile rests on too few samples and the alarm is told to ignore that."""
        configuration = alarm.configuration
        if configuration.get("EvaluateLowSampleCountPercentile") != "ignore":
            return False
        stat = alarm_stat(configuration)
        if stat.kind != "percentile" or stat.high is None or not decision.evaluated:
            return False
        tail = (100 - stat.high if stat.high >= 50 else stat.high) / 100
        samples = sum(
            seen.statistics[point.at_ms].samples for point in decision.evaluated if point.at_ms in seen.statistics
        )
        return tail > 0 and samples < 10 / tail

    def _evaluate_composite(self, alarm: Alarm, now_ms: int) -> None:
        rule = parse_rule(alarm.configuration["AlarmRule"])
        children = {
            name: child
            for name in rule.names
            if (child := self._store.find(alarm.account, alarm.region, name)) is not None
        }
        state = evaluate_rule(rule, {name: child.state for name, child in children.items()})
        if state == alarm.state:
            return
        latest = max(children.values(), key=lambda child: child.state_transitioned_at_ms, default=None)
        if latest is None:
            reason = f"{alarm_arn(alarm.account, alarm.region, alarm.name)} transitioned to {state}"
        else:
            reason = (
                f"{alarm_arn(alarm.account, alarm.region, latest.name)} transitioned to {latest.state} at"
                f" {long_time(latest.state_transitioned_at_ms)}"
            )
        self._transitions.apply(alarm, state, reason, None, now_ms)


def alarm_rule(configuration: dict[str, Any]) -> Rule:
    """The rule of a metric alarm's configuration."""
    periods = configuration["EvaluationPeriods"]
    # AWS: alarms on AWS/DynamoDB metrics ignore missing data whatever they were told.
    ignores = configuration.get("Namespace") == "AWS/DynamoDB"
    return Rule(
        configuration["ComparisonOperator"],
        float(configuration["Threshold"]),
        periods,
        configuration.get("DatapointsToAlarm", periods),
        IGNORE if ignores else configuration.get("TreatMissingData", "missing"),
    )


def alarm_period_s(configuration: dict[str, Any]) -> int:
    """The period of an alarm; of one on an expression that of its metrics, which is one."""
    if "Metrics" not in configuration:
        return int(configuration["Period"])
    periods = [query["MetricStat"]["Period"] for query in configuration["Metrics"] if "MetricStat" in query]
    own = [query["Period"] for query in configuration["Metrics"] if "Period" in query]
    return max([*periods, *own], default=60)


def alarm_stat(configuration: dict[str, Any]) -> Stat:
    stat = find_stat(configuration.get("ExtendedStatistic") or configuration["Statistic"])
    assert stat is not None, "checked by PutMetricAlarm"
    return stat


def range_points(rule: Rule, period_s: int, seen: Observation) -> list[Point]:
    """The periods of the evaluation range, oldest first."""
    periods = rule.evaluation_periods + ALARM_SPARE_PERIODS
    starts = (seen.end_ms - back * period_s * 1000 for back in range(periods, 0, -1))
    return [Point(at_ms, seen.series.get(at_ms)) for at_ms in starts]
