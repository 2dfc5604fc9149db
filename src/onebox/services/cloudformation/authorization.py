"""The actions and resources of a request, for IAM.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from onebox.arn import find_arn, make_arn
from onebox.services.cloudformation.operations import OPERATIONS
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access, access_to

_WITHOUT_STACK = frozenset({"ValidateTemplate", "ListStacks", "ListExports", "ListImports", "GetTemplateSummary"})


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the stack that the request names."""
    return access_to("cloudformation", OPERATIONS, operation, [_resource(context, operation, request)])


def _resource(context: RequestContext, operation: str, request: Wire) -> str:
    name = request.get("StackName")
    if name is None or operation in _WITHOUT_STACK:
        return "*"
    if find_arn(name) is not None:
        return str(name)
    return make_arn("cloudformation", context.region, context.account, f"stack/{name}/*")
