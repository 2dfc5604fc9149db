"""The collector: takes what the services recorded and what their gauges show into the tables.

Promises: a sample is stored once; a failed drain loses what it took and nothing else, as AWS's metrics may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from onebox.runtime.metrics import Dimensions, MetricKey, Statistic
from onebox.services.cloudwatch.alarms.signals import AlarmSignals
from onebox.services.cloudwatch.model import Datum, MetricId
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.services.context import Deps

GaugeReading = tuple[str, str, str, Dimensions, Mapping[str, tuple[float, str]]]
"""Account, region, namespace, dimensions, and by metric name its value and unit."""
Gauge = Callable[[int], Iterable[GaugeReading]]
"""Given the moment in ms, what a service's resources look like now."""


class Collector:
    def __init__(self, deps: Deps, store: MetricStore, signals: AlarmSignals, gauges: Sequence[Gauge]) -> None:
        self._storage = deps.storage
        self._metrics = deps.metrics
        self._store = store
        self._signals = signals
        self._gauges = gauges

    def collect(self, now_ms: int) -> None:
        """Sample the gauges and store all that was recorded."""
        for gauge in self._gauges:
            for account, region, namespace, dimensions, readings in gauge(now_ms):
                for name, (value, unit) in readings.items():
                    self._metrics.add(
                        account=account,
                        region=region,
                        namespace=namespace,
                        name=name,
                        dimensions=dimensions,
                        value=value,
                        unit=unit,
                        now_ms=now_ms,
                    )
        self.drain()

    def drain(self) -> None:
        """Store what was recorded, without sampling the gauges."""
        drained = self._metrics.drain()
        if drained:
            self._storage.run(lambda: self._store_all(drained))

    def _store_all(self, drained: Sequence[tuple[MetricKey, Statistic]]) -> None:
        for key, statistic in drained:
            metric = MetricId(key.account, key.region, key.namespace, key.name, key.dimensions)
            self._store.add(Datum(metric, key.unit, key.minute_at_ms, statistic))
            self._signals.metric_changed(metric)
