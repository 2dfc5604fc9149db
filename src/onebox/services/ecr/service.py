"""The container registry's face to the gateway."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.ecr import authorization
from onebox.services.ecr.core import make_core
from onebox.services.ecr.operations import OPERATIONS
from onebox.services.registry import Access, bind


class Ecr:
    """The part of the container registry that keeps repositories."""

    name = "ecr"
    condition_keys: tuple[str, ...] = authorization.CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self._core = make_core(deps)
        self.operations = bind(OPERATIONS, self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.ecr.authorization.required_access`."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
