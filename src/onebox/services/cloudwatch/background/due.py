"""Which alarms are due for evaluation, without reading what is not.

A metric alarm is due at each of its regular evaluations and when its metric got samples; a composite alarm when a
member changed its state. Both are due when they were put, and once after a start.
"""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.cloudwatch.alarms.composite import parse_rule
from onebox.services.cloudwatch.alarms.configuration import alarm_step_ms, watched_metrics
from onebox.services.cloudwatch.alarms.signals import AlarmKey, AlarmSignals, key_of
from onebox.services.cloudwatch.limits import MINUTE_MS
from onebox.services.cloudwatch.model import Alarm, MetricId
from onebox.services.cloudwatch.store.alarms import AlarmStore

_NEVER_MS = 1 << 62
_PAGE = 100


@dataclass(slots=True)
class _Watch:
    """What makes one alarm due."""

    metrics: frozenset[MetricId]
    members: frozenset[AlarmKey]
    step_ms: int
    due_at_ms: int


class DueAlarms:
    """Remembers when each alarm is due. ``load`` reads the alarms it does not know yet."""

    def __init__(self, store: AlarmStore, signals: AlarmSignals) -> None:
        self._store = store
        self._signals = signals
        self._watches: dict[AlarmKey, _Watch] = {}
        self._dependents: dict[AlarmKey, set[AlarmKey]] = {}
        self._loaded_to: int | None = 0

    def load(self) -> bool:
        """Read the alarms that were put, and after a start one page of all of them; True if pages are left."""
        for key in self._signals.take_put():
            self._forget(key)
            alarm = self._store.find(*key)
            if alarm is not None:
                self._watch(alarm)
        if self._loaded_to is None:
            return False
        page = self._store.page_by_id(self._loaded_to, _PAGE)
        for alarm in page:
            self._forget(key_of(alarm))
            self._watch(alarm)
        self._loaded_to = page[-1].id if len(page) == _PAGE else None
        return self._loaded_to is not None

    def take_due(self, now_ms: int) -> list[AlarmKey]:
        """The alarms to evaluate now, composite ones last; each is due again at its next regular evaluation."""
        changed = self._signals.take_metrics()
        metrics: list[AlarmKey] = []
        composites: list[AlarmKey] = []
        for key, watch in self._watches.items():
            if _is_due(watch, now_ms) or not changed.isdisjoint(watch.metrics):
                watch.due_at_ms = now_ms - now_ms % watch.step_ms + watch.step_ms if watch.step_ms else _NEVER_MS
                (metrics if watch.step_ms else composites).append(key)
        return metrics + composites

    def take_moved(self) -> list[AlarmKey]:
        """The composite alarms that have a member whose state changed."""
        moved = self._signals.take_moved()
        return sorted({key for member in moved for key in self._dependents.get(member, ())})

    def hold(self, key: AlarmKey, until_ms: int) -> None:
        """The alarm is due at ``until_ms``, and not before its metric gets samples."""
        watch = self._watches.get(key)
        if watch is not None:
            watch.due_at_ms = until_ms

    def _watch(self, alarm: Alarm) -> None:
        key = key_of(alarm)
        if alarm.type == "CompositeAlarm":
            names = parse_rule(alarm.configuration["AlarmRule"]).names
            members = frozenset(AlarmKey(alarm.account, alarm.region, name) for name in names)
            watch = _Watch(frozenset(), members, step_ms=0, due_at_ms=0)
        else:
            step_ms = alarm_step_ms(alarm.configuration)
            watch = _Watch(watched_metrics(alarm), frozenset(), step_ms=step_ms, due_at_ms=0)
        self._watches[key] = watch
        for member in watch.members:
            self._dependents.setdefault(member, set()).add(key)

    def _forget(self, key: AlarmKey) -> None:
        watch = self._watches.pop(key, None)
        for member in watch.members if watch is not None else ():
            dependents = self._dependents[member]
            dependents.discard(key)
            if not dependents:
                del self._dependents[member]


def _is_due(watch: _Watch, now_ms: int) -> bool:
    if watch.due_at_ms <= now_ms:
        return True
    # No alarm waits longer than this: the wall clock was set back since.
    return watch.due_at_ms != _NEVER_MS and watch.due_at_ms > now_ms + watch.step_ms + MINUTE_MS
