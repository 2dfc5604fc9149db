"""CloudWatch Logs, the class that the engine builds: bound operations, background work."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.logs import authorization
from onebox.services.logs.background.queries import QueryRuns
from onebox.services.logs.background.subscriptions import SubscriptionDelivery
from onebox.services.logs.background.sweeper import Sweeper
from onebox.services.logs.condition_keys import CONDITION_KEYS
from onebox.services.logs.core import make_core
from onebox.services.logs.destinations import FunctionInvoker
from onebox.services.logs.internal import LogsInternal
from onebox.services.logs.operations import OPERATIONS
from onebox.services.registry import Access, bind


class Logs:
    """The service. ``internal`` is for other services; nothing else of this object is."""

    name = "logs"
    condition_keys = CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self._core = core = make_core(deps)
        self.operations = bind(OPERATIONS, core)
        self.internal = LogsInternal(core.groups, core.streams, core.ingest)
        self._sweeper = Sweeper(deps, core.events)
        self._delivery = SubscriptionDelivery(core)
        self._queries = QueryRuns(core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The rights that the request requires."""
        return authorization.required_access(self._core, context, operation, request)

    def connect(self, functions: FunctionInvoker) -> None:
        """Give subscription filters their way to functions."""
        self._core.destinations.connect(functions)

    async def start(self) -> None:
        """Begin sweeping, delivering and running queries."""
        self._sweeper.start()
        self._delivery.start()
        self._queries.start()

    async def stop(self) -> None:
        """End all of it."""
        self._sweeper.stop()
        await self._delivery.stop()
        await self._queries.stop()
