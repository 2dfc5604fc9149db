"""IAM's face to the gateway."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam import authorization
from onebox.services.iam.core import make_core
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.operations import OPERATIONS
from onebox.services.registry import Access, bind


class Iam:
    """IAM. ``internal`` is for other services and the gateway."""

    name = "iam"
    condition_keys: tuple[str, ...] = authorization.CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self._core = make_core(deps)
        self.operations = bind(OPERATIONS, self._core)
        self.internal = IamInternal(self._core, deps.log)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.iam.authorization.required_access`."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
