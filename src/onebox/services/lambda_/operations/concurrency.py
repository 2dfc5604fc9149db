"""Reserved concurrency.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    PlainInvalidParameterValueException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN
from onebox.services.lambda_.model import LATEST
from onebox.services.lambda_.validation import constraint_error

_UNQUALIFIED = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please "
    "specify either a function name or an unqualified function ARN."
)


def put_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Set aside concurrency for a function, which is its limit as well; 0 stops it."""
    reserved = request["ReservedConcurrentExecutions"]
    if reserved < 0:
        raise constraint_error(
            "reservedConcurrentExecutions", reserved, "Member must have value greater than or equal to 0"
        )
    reference = core.parse(context, request["FunctionName"], None, "PutFunctionConcurrency")
    if reference.qualifier is not None:
        raise InvalidParameterValueException(_UNQUALIFIED)
    key = reference.key
    if core.functions.find_version(key, LATEST) is None:
        raise ResourceNotFoundException(f"Function not found: {key.arn}:{LATEST}")
    provisioned = core.provisioned.sum_for_function(key)
    if reserved < provisioned:
        raise InvalidParameterValueException(
            f" ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned "
            f"concurrency [{provisioned}]."
        )
    others = core.functions.sum_reserved(key.account, key.region, except_name=key.name)
    if reserved and CONCURRENT_EXECUTIONS_MAX - others - reserved < UNRESERVED_CONCURRENT_EXECUTIONS_MIN:
        raise PlainInvalidParameterValueException(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of "
            f"[{UNRESERVED_CONCURRENT_EXECUTIONS_MIN}]."
        )
    core.functions.reserve_concurrency(key, reserved)
    core.provisioning.apply_after_commit(key)
    return {"ReservedConcurrentExecutions": reserved}


def get_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The reserved concurrency, if any."""
    reserved = core.load_unqualified(context, request["FunctionName"], "GetFunctionConcurrency").reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Let the function share the account's concurrency again."""
    function = core.load_unqualified(context, request["FunctionName"], "DeleteFunctionConcurrency")
    core.functions.reserve_concurrency(function.key, None)
    core.provisioning.apply_after_commit(function.key)
    return {}
