"""The rights that a request requires: Lambda's actions, and the resources they are asked for.
AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.operations import OPERATIONS
from onebox.services.registry import Access, access_to


def required_access(core: LambdaCore, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on each resource that the request names."""
    return access_to("lambda", OPERATIONS, operation, _resources(core, context, operation, request))


def _resources(core: LambdaCore, context: RequestContext, operation: str, request: Wire) -> list[str]:
    """The function, mapping or tagged resource that a request is about."""
    if "FunctionName" in request and operation != "CreateEventSourceMapping":
        try:
            reference = parse_function_reference(
                context, request["FunctionName"], request.get("Qualifier"), any_account=True
            )
        except AwsError:
            return ["*"]  # The operation itself says what is wrong with the name.
        return [reference.arn]
    if "UUID" in request:
        mapping = core.mappings.find_mapping(context.account, context.region, request["UUID"])
        return ["*" if mapping is None else mapping.arn]
    if "Resource" in request:
        return [request["Resource"]]
    return ["*"]
