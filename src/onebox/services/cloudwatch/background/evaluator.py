"""The evaluator: reads what an alarm watches and puts it in the state that this calls for.

Promises: evaluating an alarm writes only if the state changes. An alarm whose evaluation fails is logged and keeps its
state; the others are evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from onebox.errors import StorageFault
from onebox.services.cloudwatch.alarms.composite import evaluate_rule, parse_rule
from onebox.services.cloudwatch.alarms.configuration import alarm_period_s, alarm_rule, alarm_stat, alarm_step_ms
from onebox.services.cloudwatch.alarms.evaluation import Decision, Rule, decide_state, is_settled
from onebox.services.cloudwatch.alarms.observation import Observation, Observer
from onebox.services.cloudwatch.alarms.reasons import INITIAL, iso_time, long_time, state_reason, state_reason_data
from onebox.services.cloudwatch.alarms.signals import AlarmKey
from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.limits import MINUTE_MS
from onebox.services.cloudwatch.model import Alarm
from onebox.storage.faults import DatabaseBusy


class Evaluator:
    """Evaluates one alarm at a time."""

    def __init__(self, core: CloudWatchCore) -> None:
        self._deps = core.deps
        self._store = core.alarms
        self._transitions = core.transitions
        self._observer = Observer(core.reader, core.queries)

    def evaluate(self, key: AlarmKey, now_ms: int) -> int | None:
        """Evaluate the alarm, if it still exists, as of ``now_ms``. Where SetAlarmState's state still holds, nothing
        is done and the answer is until when it holds (ms). Raises StorageFault when the disk failed."""
        alarm = self._store.find(*key)
        if alarm is None:
            return None
        if now_ms < alarm.held_until_ms <= now_ms + MINUTE_MS:  # later: the wall clock was set back since
            return alarm.held_until_ms
        evaluate = self._evaluate_composite if alarm.type == "CompositeAlarm" else self._evaluate_metric
        try:
            self._deps.storage.run(lambda: evaluate(alarm, now_ms))
        except StorageFault:
            raise
        except DatabaseBusy:
            pass  # said where it was found; the alarm is evaluated when it is due again
        except Exception:
            self._deps.log.exception("evaluating alarm %s failed", key.name)
        return None

    def _evaluate_metric(self, alarm: Alarm, now_ms: int) -> None:
        rule = alarm_rule(alarm.configuration)
        period_s = alarm_period_s(alarm.configuration)
        step_ms = alarm_step_ms(alarm.configuration)
        whole_end_ms = now_ms - now_ms % step_ms
        early = self._decide_early(alarm, rule, period_s, whole_end_ms + step_ms)
        if early is not None:
            decision, seen = early
        else:
            seen = self._observer.observe(alarm, rule, period_s, whole_end_ms)
            decision = decide_state(rule, seen.points)
        if decision.state is None or decision.state == alarm.state or _has_too_few(alarm, decision, seen):
            return
        data = state_reason_data(
            rule,
            decision,
            seen.points,
            sample_counts=seen.sample_counts,
            configuration=alarm.configuration,
            period_s=period_s,
            now_ms=now_ms,
        )
        self._transitions.apply(alarm, decision.state, state_reason(rule, decision), data, now_ms)

    def _decide_early(
        self, alarm: Alarm, rule: Rule, period_s: int, end_ms: int
    ) -> tuple[Decision, Observation] | None:
        """ALARM with the running period taken in, if what it holds cannot stop breaching; else no decision."""
        configuration = alarm.configuration
        if "Statistic" not in configuration:
            return None
        seen = self._observer.observe(alarm, rule, period_s, end_ms)
        last_ms = max(seen.series, default=0)
        if last_ms <= end_ms - max(period_s, 60) * 1000 - 1:
            return None
        value, minimum = seen.series[last_ms], seen.statistics[last_ms].minimum
        if not is_settled(rule.comparison, configuration["Statistic"], value, rule.threshold, minimum):
            return None
        decision = decide_state(rule, seen.points)
        return (decision, seen) if decision.state == "ALARM" else None

    def _evaluate_composite(self, alarm: Alarm, now_ms: int) -> None:
        rule = parse_rule(alarm.configuration["AlarmRule"])
        found = (self._store.find(alarm.account, alarm.region, name) for name in sorted(rule.names))
        members = {member.name: member for member in found if member is not None}
        state = evaluate_rule(rule, {name: member.state for name, member in members.items()})
        if state == alarm.state:
            return
        latest = max(members.values(), key=lambda member: member.state_transitioned_at_ms, default=None)
        arn = alarm_arn(alarm.account, alarm.region, alarm.name)
        if alarm.reason == INITIAL:
            reason = f"{arn} was created and its alarm rule evaluates to {state}"
            triggering = list(members.values())
        elif latest is None:
            reason, triggering = f"{arn} transitioned to {state}", []
        else:
            member_arn = alarm_arn(alarm.account, alarm.region, latest.name)
            reason = f"{member_arn} transitioned to {latest.state} at {long_time(latest.state_transitioned_at_ms)}"
            triggering = [latest]
        self._transitions.apply(alarm, state, reason, _triggering_data(triggering), now_ms)


def _triggering_data(alarms: Iterable[Alarm]) -> str:
    """StateReasonData of a composite alarm."""
    items = [
        {
            "arn": alarm_arn(alarm.account, alarm.region, alarm.name),
            "state": {"value": alarm.state, "timestamp": iso_time(alarm.state_transitioned_at_ms)},
        }
        for alarm in alarms
    ]
    return json.dumps({"triggeringAlarms": items}, separators=(",", ":"))


def _has_too_few(alarm: Alarm, decision: Decision, seen: Observation) -> bool:
    """Whether a percentile rests on too few samples and the alarm is told to ignore that."""
    if alarm.configuration.get("EvaluateLowSampleCountPercentile") != "ignore":
        return False
    stat = alarm_stat(alarm.configuration)
    if stat.kind != "percentile" or stat.high is None or not decision.evaluated:
        return False
    tail = (100 - stat.high if stat.high >= 50 else stat.high) / 100
    counts = seen.sample_counts
    return tail > 0 and sum(counts.get(point.at_ms, 0) for point in decision.evaluated) < 10 / tail
