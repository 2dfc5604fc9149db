"""Amazon SQS, the face to the gateway: its operations, the rights they require, its start and its stop."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, bind
from onebox.services.sqs.authorization import required_access
from onebox.services.sqs.background import Background
from onebox.services.sqs.condition_keys import CONDITION_KEYS
from onebox.services.sqs.core import make_core
from onebox.services.sqs.internal import SqsInternal
from onebox.services.sqs.interrupted import return_interrupted
from onebox.services.sqs.operations import OPERATIONS


class Sqs:
    """Queues and messages. ``internal`` is for other services."""

    name = "sqs"
    condition_keys: tuple[str, ...] = CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self.core = make_core(deps)
        self.operations = bind(OPERATIONS, self.core)
        self.internal = SqsInternal(self.core)
        self._log = deps.log
        self.background = Background(self.core, deps.log)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The rights that the caller needs for the request."""
        return required_access(self.core, context, operation, request)

    async def start(self) -> None:
        """Return what an earlier process had in its hands; resume move tasks and sweeping."""
        returned = await return_interrupted(self.core)
        if returned:
            self._log.info("sqs: %d messages of interrupted function calls are visible again", returned)
        self.background.start()

    async def stop(self) -> None:
        """End background work; long polls that wait return empty."""
        self.background.stop()
        self.core.watchers.close()
