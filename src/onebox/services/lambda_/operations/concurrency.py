"""Reserved concurrency.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import InvalidParameterValueException, ValidationException
from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN


def put_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Set aside concurrency for a function, which is its limit as well; 0 stops it."""
    function = core.load_unqualified(context, request["FunctionName"])
    reserved = request["ReservedConcurrentExecutions"]
    if reserved < 0:
        raise ValidationException(
            f"1 validation error detected: Value '{reserved}' at 'reservedConcurrentExecutions' failed to "
            "satisfy constraint: Member must have value greater than or equal to 0"
        )
    others = core.functions.sum_reserved(context.account, context.region, except_name=function.key.name)
    if reserved and CONCURRENT_EXECUTIONS_MAX - others - reserved < UNRESERVED_CONCURRENT_EXECUTIONS_MIN:
        raise InvalidParameterValueException(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of "
            f"[{UNRESERVED_CONCURRENT_EXECUTIONS_MIN}]."
        )
    core.functions.reserve_concurrency(function.key, reserved)
    return {"ReservedConcurrentExecutions": reserved}


def get_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The reserved concurrency, if any."""
    reserved = core.load_unqualified(context, request["FunctionName"]).reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete_function_concurrency(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Let the function share the account's concurrency again."""
    core.functions.reserve_concurrency(core.load_unqualified(context, request["FunctionName"]).key, None)
    return {}
