"""IAM's face to the gateway."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.iam import authorization
from onebox.services.iam.core import Core
from onebox.services.iam.operations import OPERATIONS
from onebox.services.registry import Access, bind


class Iam:
    """IAM. What other services and the gateway ask of it, internal.py, is built without it."""

    name = "iam"
    condition_keys: tuple[str, ...] = authorization.CONDITION_KEYS

    def __init__(self, core: Core) -> None:
        self._core = core
        self.operations = bind(OPERATIONS, core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.iam.authorization.required_access`."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
