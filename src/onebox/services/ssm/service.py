"""The Parameter Store's face to the gateway."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, bind
from onebox.services.ssm import authorization
from onebox.services.ssm.core import make_core
from onebox.services.ssm.operations import OPERATIONS


class Ssm:
    """The part of Systems Manager that keeps parameters."""

    name = "ssm"
    condition_keys: tuple[str, ...] = authorization.CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self._core = make_core(deps)
        self.operations = bind(OPERATIONS, self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.ssm.authorization.required_access`."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
