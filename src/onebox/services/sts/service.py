"""STS's face to the gateway."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.registry import Access, bind
from onebox.services.sts import authorization
from onebox.services.sts.core import make_core
from onebox.services.sts.operations import OPERATIONS


class Sts:
    """STS."""

    name = "sts"
    condition_keys: tuple[str, ...] = authorization.CONDITION_KEYS

    def __init__(self, iam: IamInternal) -> None:
        self._core = make_core(iam)
        self.operations = bind(OPERATIONS, self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.sts.authorization.required_access`."""
        return authorization.required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
