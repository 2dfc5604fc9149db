"""Amazon SNS, the face to the gateway: its operations, the rights they require, its start and its stop."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.logs.internal import LogsInternal
from onebox.services.registry import Access, bind
from onebox.services.sns.authorization import required_access
from onebox.services.sns.background.http_sender import HttpSender
from onebox.services.sns.condition_keys import CONDITION_KEYS
from onebox.services.sns.core import make_core
from onebox.services.sns.internal import SnsInternal
from onebox.services.sns.neighbours import Functions, Queues
from onebox.services.sns.operations import OPERATIONS


class Sns:
    """Standard and FIFO topics with subscriptions of queues, functions, HTTP endpoints and people."""

    name = "sns"
    condition_keys: tuple[str, ...] = CONDITION_KEYS

    def __init__(self, deps: Deps, queues: Queues, functions: Functions, logs: LogsInternal, iam: IamInternal) -> None:
        self._core = make_core(deps, queues, functions, logs, iam)
        self.operations = bind(OPERATIONS, self._core)
        self.internal = SnsInternal(self._core)
        self._http_sender = HttpSender(self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The rights that the caller needs for the request."""
        return required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Load the key of signatures, if there is one, and resume the deliveries to HTTP endpoints."""
        await self._core.signatures.start()
        await self._http_sender.start()

    async def stop(self) -> None:
        """Pause the deliveries to HTTP endpoints, which are durable, and give up those that no publisher waits for."""
        self._core.fanout_turns.stop()
        await self._http_sender.stop()
