"""CloudWatch as the gateway sees it: its operations, the ARNs they touch, its background work.

Every few seconds one tick collects what the services recorded, then evaluates the alarms.
"""

from __future__ import annotations

from collections.abc import Sequence

from onebox.clock import Timer
from onebox.services.cloudwatch.alarm_store import AlarmStore
from onebox.services.cloudwatch.alarms.evaluator import Evaluator
from onebox.services.cloudwatch.alarms.notification import alarm_arn
from onebox.services.cloudwatch.alarms.transitions import LambdaInvoker, SnsPublisher, Transitions
from onebox.services.cloudwatch.collector import Collector, Gauge
from onebox.services.cloudwatch.dashboard_store import DashboardStore, TagStore
from onebox.services.cloudwatch.limits import COLLECT_INTERVAL_MS, ROLLUP_INTERVAL_MS
from onebox.services.cloudwatch.metric_queries import MetricQueries
from onebox.services.cloudwatch.operations import OPERATIONS
from onebox.services.cloudwatch.operations.dashboards import dashboard_arn
from onebox.services.cloudwatch.reader import MetricReader
from onebox.services.cloudwatch.rollup import Rollup
from onebox.services.cloudwatch.store import MetricStore
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, access_to, bind


class CloudWatch:
    """The service. Operations take it as their first argument and use its parts."""

    name = "cloudwatch"

    def __init__(
        self,
        deps: Deps,
        sns_internal: SnsPublisher | None,
        gauges: Sequence[Gauge] = (),
        lambda_internal: LambdaInvoker | None = None,
    ) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.metric_store = MetricStore(deps.storage)
        self.alarm_store = AlarmStore(deps.storage)
        self.dashboard_store = DashboardStore(deps.storage)
        self.tag_store = TagStore(deps.storage)
        self.reader = MetricReader(self.metric_store)
        self.queries = MetricQueries(self.metric_store, self.reader)
        self.transitions = Transitions(deps, self.alarm_store, sns_internal, lambda_internal)
        self._collector = Collector(deps.storage, deps.metrics, self.metric_store, gauges)
        self._evaluator = Evaluator(deps, self.alarm_store, self.reader, self.queries, self.transitions)
        self._rollup = Rollup(self.metric_store, self.alarm_store)
        self._timer: Timer | None = None

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("cloudwatch", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The ARNs of the alarms or dashboards named; metrics have none."""
        if "ResourceARN" in request:
            return [request["ResourceARN"]]
        alarms = request.get("AlarmNames") or ([request["AlarmName"]] if "AlarmName" in request else [])
        dashboards = request.get("DashboardNames") or ([request["DashboardName"]] if "DashboardName" in request else [])
        return [
            *(alarm_arn(context.account, context.region, name) for name in alarms),
            *(dashboard_arn(context, name) for name in dashboards),
        ] or ["*"]

    def collect(self, now_ms: int) -> None:
        """Store what the services recorded so far, so that a read sees it."""
        self._collector.collect(now_ms)

    async def start(self) -> None:
        self._wait()

    async def stop(self) -> None:
        """End the tick; what was recorded until now is stored."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._collector.drain()
        await self.deps.storage.durable()

    def _tick(self) -> None:
        self._timer = None
        now_ms = self.deps.clock.now_ms()
        try:
            self.collect(now_ms)
            self._evaluator.evaluate_all(now_ms)
            if now_ms % ROLLUP_INTERVAL_MS < COLLECT_INTERVAL_MS:
                self.deps.storage.run(lambda: self._rollup.run(now_ms))
        except Exception:
            self.deps.log.exception("collecting metrics or evaluating alarms failed; trying again")
        self._wait()

    def _wait(self) -> None:
        # Ticks fall on multiples of the interval, so that one comes at each minute's beginning.
        now_ms = self.deps.clock.now_ms()
        self._timer = self.deps.clock.call_at(now_ms - now_ms % COLLECT_INTERVAL_MS + COLLECT_INTERVAL_MS, self._tick)
