"""CloudFormation's face to the gateway.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
"""

from __future__ import annotations

from onebox.services.cloudformation.authorization import required_access
from onebox.services.cloudformation.core import make_core
from onebox.services.cloudformation.internal import CloudFormationInternal
from onebox.services.cloudformation.operations import OPERATIONS
from onebox.services.cloudformation.workbench import ThreadWorkbench, Workbench
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.registry import Access, ApiCaller, bind


class CloudFormation:
    """The service."""

    name = "cloudformation"
    condition_keys: tuple[str, ...] = ()

    def __init__(self, deps: Deps, caller: ApiCaller, iam: IamInternal, workbench: Workbench | None = None) -> None:
        self._core = make_core(deps, caller, iam, workbench or ThreadWorkbench())
        self.internal = CloudFormationInternal(self._core)
        self.operations = bind(OPERATIONS, self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """See :func:`onebox.services.cloudformation.authorization.required_access`."""
        return required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Resume the operations that a restart interrupted."""
        core = self._core
        await core.deps.storage.write(lambda: core.store.detections.fail_open("The detection was interrupted."))
        core.notifications.start()
        core.supervisor.start()

    async def stop(self) -> None:
        """Interrupt what runs; the database says where to resume."""
        await self._core.supervisor.stop()
        await self._core.notifications.stop()
        self._core.workbench.stop()
