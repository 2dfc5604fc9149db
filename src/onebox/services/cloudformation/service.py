"""CloudFormation: stacks of the resource types that onebox has services for.

Promises: a stack's state is durable at every step; what a restart cuts off is taken up again. Resources are
made through the same operations that clients use, with the rights of the stack's role or of the caller.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.arn import find_arn, make_arn
from onebox.services.cloudformation.engine.journal import Journal
from onebox.services.cloudformation.engine.notices import Notices
from onebox.services.cloudformation.engine.run import Tools
from onebox.services.cloudformation.engine.supervisor import Supervisor
from onebox.services.cloudformation.operations.change_sets import CHANGE_SET_OPERATIONS
from onebox.services.cloudformation.operations.drift import DRIFT_OPERATIONS
from onebox.services.cloudformation.operations.exports import EXPORT_OPERATIONS
from onebox.services.cloudformation.operations.history import HISTORY_OPERATIONS
from onebox.services.cloudformation.operations.settings import SETTINGS_OPERATIONS
from onebox.services.cloudformation.operations.stacks import STACK_OPERATIONS
from onebox.services.cloudformation.operations.templates import TEMPLATE_OPERATIONS
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from onebox.services.cloudformation.store import Store
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, ApiCaller, OperationTable, access_to, bind

FetchObject = Callable[[RequestContext, str, str], bytes]
"""The content of an object of onebox's own S3; raises AwsError as GetObject does."""

_WITHOUT_STACK = frozenset({"ValidateTemplate", "ListStacks", "ListExports", "ListImports", "GetTemplateSummary"})


class CloudFormation:
    """The service."""

    name = "cloudformation"

    def __init__(self, deps: Deps, caller: ApiCaller, *, fetch_object: FetchObject | None = None) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.fetch_object = fetch_object
        self.types = RESOURCE_TYPES
        self.store = Store(deps.storage)
        self._notices = Notices(deps, caller)
        self.journal = Journal(self.store, deps, self._notices.listen)
        self.tools = Tools(deps, self.store, self.journal, caller, self.types)
        self.supervisor = Supervisor(self.tools)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("cloudformation", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The ARN of the stack that the request is about."""
        name = request.get("StackName")
        if name is None or operation in _WITHOUT_STACK:
            return ["*"]
        if find_arn(name) is not None:
            return [name]
        return [make_arn("cloudformation", context.region, context.account, f"stack/{name}/*")]

    async def start(self) -> None:
        """Take up the operations that a restart cut off."""
        reason = "The detection was interrupted."
        await self.deps.storage.write(lambda: self.store.fail_open_detections(reason))
        self._notices.start()
        self.supervisor.start()

    async def stop(self) -> None:
        """Cut off what runs."""
        await self.supervisor.stop()
        await self._notices.stop()


OPERATIONS: OperationTable[CloudFormation] = {
    **STACK_OPERATIONS,
    **CHANGE_SET_OPERATIONS,
    **HISTORY_OPERATIONS,
    **TEMPLATE_OPERATIONS,
    **EXPORT_OPERATIONS,
    **SETTINGS_OPERATIONS,
    **DRIFT_OPERATIONS,
}
