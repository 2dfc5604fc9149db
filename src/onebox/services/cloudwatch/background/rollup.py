"""The roll-up: old datapoints become coarser and finally go, as AWS keeps them. It goes round all metrics.

AWS: 1 s for 3 hours, 60 s for 15 days, 300 s for 63 days, 3600 s for 455 days.
"""

from __future__ import annotations

from onebox.services.cloudwatch.limits import (
    HISTORY_KEEP_MS,
    KEEP_1_S_MS,
    KEEP_60_S_MS,
    KEEP_300_S_MS,
    KEEP_3600_S_MS,
    ROLLUP_METRICS,
)
from onebox.services.cloudwatch.store.alarm_history import AlarmHistoryStore
from onebox.services.cloudwatch.store.metrics import MetricStore

_HISTORY_ITEMS = 1_000
_STEPS = ((60, KEEP_60_S_MS, 300), (300, KEEP_300_S_MS, 3600))
_HORIZONS = ((1, KEEP_1_S_MS), (3600, KEEP_3600_S_MS))


class Rollup:
    def __init__(self, store: MetricStore, history: AlarmHistoryStore) -> None:
        self._store = store
        self._history = history
        self._last_id = 0

    def run(self, now_ms: int) -> None:
        """Treat the next few metrics and forget old history. Call inside ``storage.run``."""
        metric_ids = self._store.metric_ids(self._last_id, ROLLUP_METRICS)
        self._last_id = metric_ids[-1] if len(metric_ids) == ROLLUP_METRICS else 0
        for metric_id in metric_ids:
            self._roll_up(metric_id, now_ms)
        self._history.forget(now_ms - HISTORY_KEEP_MS, _HISTORY_ITEMS)

    def _roll_up(self, metric_id: int, now_ms: int) -> None:
        for resolution_s, keep_ms, coarser_s in _STEPS:
            # Whole coarse periods only: a period is never split between two resolutions.
            before_ms = now_ms - keep_ms
            before_ms -= before_ms % (coarser_s * 1000)
            for at_ms, unit, statistic in self._store.rows_before(metric_id, resolution_s, before_ms):
                self._store.merge(metric_id, coarser_s, at_ms, unit, statistic)
            self._store.delete_before(metric_id, resolution_s, before_ms)
        for resolution_s, keep_ms in _HORIZONS:
            self._store.delete_before(metric_id, resolution_s, now_ms - keep_ms)
        self._store.delete_metric_if_empty(metric_id)
