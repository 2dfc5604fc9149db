"""CloudWatch, the class that the engine builds: bound operations, background work."""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.cloudwatch import authorization
from onebox.services.cloudwatch.alarms.transitions import LambdaInvoker, SnsPublisher
from onebox.services.cloudwatch.background.schedule import Schedule
from onebox.services.cloudwatch.condition_keys import CONDITION_KEYS
from onebox.services.cloudwatch.core import make_core
from onebox.services.cloudwatch.gauges import Gauge
from onebox.services.cloudwatch.operations import OPERATIONS
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, bind


class CloudWatch:
    """The service."""

    name = "cloudwatch"
    condition_keys = CONDITION_KEYS

    def __init__(
        self,
        deps: Deps,
        sns_internal: SnsPublisher | None,
        gauges: Sequence[Gauge] = (),
        lambda_internal: LambdaInvoker | None = None,
    ) -> None:
        self._core = make_core(deps, sns_internal, lambda_internal, gauges)
        self.operations = bind(OPERATIONS, self._core)
        self._schedule = Schedule(self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The rights that the request requires."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Begin to collect metrics and to evaluate alarms."""
        self._schedule.start()

    async def stop(self) -> None:
        """End it; what was recorded until now is stored, unless the disk has failed."""
        self._schedule.stop()
        storage = self._core.deps.storage
        if not storage.has_failed:
            await storage.durable()  # what is recorded only when it is on disk
            self._core.collector.drain()
            await storage.durable()
