"""Amazon S3, the class that the engine builds: bound operations, background work."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, bind
from onebox.services.s3 import authorization
from onebox.services.s3.background.content_sweeper import ContentSweeper
from onebox.services.s3.background.lifecycle_walk import LifecycleWalk
from onebox.services.s3.background.notification_sender import NotificationSender
from onebox.services.s3.condition_keys import CONDITION_KEYS
from onebox.services.s3.core import make_core
from onebox.services.s3.destinations import LoadDestinations
from onebox.services.s3.internal import S3Internal
from onebox.services.s3.operations import OPERATIONS


class S3:
    """Buckets and objects. ``internal`` is for other services; nothing else of this object is."""

    name = "s3"
    condition_keys = CONDITION_KEYS

    def __init__(self, deps: Deps, load_destinations: LoadDestinations) -> None:
        """``load_destinations`` loads the services that event notifications go to."""
        self._core = core = make_core(deps, load_destinations)
        self.operations = bind(OPERATIONS, core)
        self.internal = S3Internal(core)
        self._sweeper = ContentSweeper(core)
        self._lifecycle = LifecycleWalk(core)
        self._sender = NotificationSender(core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The rights that the request requires."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Begin the daily walk of lifecycle rules, and go on with what an earlier run left."""
        self._sweeper.start()
        self._lifecycle.start()
        self._sender.start()

    async def stop(self) -> None:
        """End them."""
        await self._sweeper.stop()
        await self._lifecycle.stop()
        await self._sender.stop()
