"""The collector: takes what the services recorded and what their gauges show into the tables.

Promises: a sample is stored once; storing that fails loses what it took and nothing else, as AWS's metrics may. The
work is cut into steps of a few milliseconds each, between which other requests are answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from onebox.runtime.metrics import MetricKey, Statistic
from onebox.runtime.pauses import let_others_run
from onebox.services.cloudwatch.alarms.signals import AlarmSignals
from onebox.services.cloudwatch.gauges import Gauge, GaugeSampler
from onebox.services.cloudwatch.model import Datum, MetricId
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.services.context import Deps
from onebox.storage.faults import DatabaseBusy

_READ_AT_ONCE = 50
_STORED_AT_ONCE = 50


class Collector:
    """Collects for all accounts."""

    def __init__(self, deps: Deps, store: MetricStore, signals: AlarmSignals, gauges: Sequence[Gauge]) -> None:
        self._storage = deps.storage
        self._metrics = deps.metrics
        self._store = store
        self._signals = signals
        self._gauges = gauges
        self._sampler = GaugeSampler(deps.metrics)
        self._pending: deque[tuple[MetricKey, Statistic]] = deque()

    async def collect(self, now_ms: int) -> None:
        """Sample the gauges and store all that was recorded, so that a read that follows sees it."""
        for _ in self.steps(now_ms, whole=True):
            await let_others_run()

    def steps(self, now_ms: int, *, whole: bool = False) -> Iterator[None]:
        """The same a step at a time; with ``whole`` also the repeated readings of gauges that did not change."""
        count = 0
        for gauge in self._gauges:
            for reading in gauge(now_ms):
                self._sampler.take(reading, now_ms)
                count += 1
                if count % _READ_AT_ONCE == 0:
                    yield
        self._sampler.forget_unread(now_ms)
        if whole:
            self._sampler.flush()
        self._pending.extend(self._metrics.drain())
        while self._pending:
            self._store_some(_STORED_AT_ONCE)
            yield

    def drain(self) -> None:
        """Store all that was recorded, without sampling the gauges."""
        self._sampler.flush()
        self._pending.extend(self._metrics.drain())
        self._store_some(len(self._pending))

    def _store_some(self, count: int) -> None:
        taken = [self._pending.popleft() for _ in range(min(count, len(self._pending)))]
        if not taken:
            return
        try:
            self._storage.run(lambda: self._store_all(taken))
        except DatabaseBusy:
            self._pending.extendleft(reversed(taken))  # nothing of them is stored: the next turn tries again
            raise

    def _store_all(self, taken: Sequence[tuple[MetricKey, Statistic]]) -> None:
        for key, statistic in taken:
            metric = MetricId(key.account, key.region, key.namespace, key.name, key.dimensions)
            self._store.add(Datum(metric, key.unit, key.minute_at_ms, statistic))
            self._signals.metric_changed(metric)
