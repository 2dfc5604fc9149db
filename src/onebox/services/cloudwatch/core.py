"""The parts that every operation of CloudWatch works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onebox.services.cloudwatch.alarms.signals import AlarmSignals
from onebox.services.cloudwatch.alarms.transitions import LambdaInvoker, SnsPublisher, Transitions
from onebox.services.cloudwatch.collector import Collector
from onebox.services.cloudwatch.gauges import Gauge
from onebox.services.cloudwatch.metric_queries import MetricQueries
from onebox.services.cloudwatch.reader import MetricReader
from onebox.services.cloudwatch.store.alarm_history import AlarmHistoryStore
from onebox.services.cloudwatch.store.alarms import AlarmStore
from onebox.services.cloudwatch.store.dashboards import DashboardStore
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.services.cloudwatch.store.tags import TagStore
from onebox.services.context import Deps


@dataclass(frozen=True, slots=True)
class CloudWatchCore:
    """The stores of the service and what works on them."""

    deps: Deps
    metrics: MetricStore
    alarms: AlarmStore
    history: AlarmHistoryStore
    dashboards: DashboardStore
    tags: TagStore
    reader: MetricReader
    queries: MetricQueries
    collector: Collector
    transitions: Transitions
    signals: AlarmSignals


def make_core(
    deps: Deps, sns: SnsPublisher | None, lambda_: LambdaInvoker | None, gauges: Sequence[Gauge]
) -> CloudWatchCore:
    """The core on a database; ``sns`` and ``lambda_`` run the alarms' actions."""
    metrics = MetricStore(deps.storage)
    alarms = AlarmStore(deps.storage)
    history = AlarmHistoryStore(deps.storage)
    reader = MetricReader(metrics)
    signals = AlarmSignals()
    return CloudWatchCore(
        deps=deps,
        metrics=metrics,
        alarms=alarms,
        history=history,
        dashboards=DashboardStore(deps.storage),
        tags=TagStore(deps.storage),
        reader=reader,
        queries=MetricQueries(metrics, reader),
        collector=Collector(deps, metrics, signals, gauges),
        transitions=Transitions(deps=deps, store=alarms, history=history, signals=signals, sns=sns, lambda_=lambda_),
        signals=signals,
    )
