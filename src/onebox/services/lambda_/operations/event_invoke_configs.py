"""How asynchronous invocations are retried, and where the hopeless ones go.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
    ValidationException,
)
from onebox.services.lambda_.limits import EVENT_AGE_S_MAX, EVENT_AGE_S_MIN, EVENT_RETRIES_MAX
from onebox.services.lambda_.model import LATEST, FunctionKey
from onebox.services.lambda_.naming import FunctionReference

_MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


def put_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Replace the settings of a version or alias."""
    return _save(core, context, request, {})


def update_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change some of the settings."""
    reference, found = _find(core, context, request)
    if found is None:
        raise _missing(reference)
    return _save(core, context, request, found[0])


def get_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The settings of a version or alias."""
    reference, found = _find(core, context, request)
    if found is None:
        raise _missing(reference)
    return _describe(reference.key, reference.qualifier or LATEST, *found)


def delete_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Back to the defaults."""
    reference, found = _find(core, context, request)
    if found is None:
        raise _missing(reference)
    core.policies.delete_event_invoke_config(reference.key, reference.qualifier or LATEST)
    return {}


def list_function_event_invoke_configs(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The settings of all versions and aliases of a function."""
    key = core.load_unqualified(context, request["FunctionName"]).key
    found = core.policies.list_event_invoke_configs(key)
    return {"FunctionEventInvokeConfigs": [_describe(key, *config) for config in found]}


def _find(
    core: LambdaCore, context: RequestContext, request: Wire
) -> tuple[FunctionReference, tuple[Wire, int] | None]:
    reference, _ = core.load_referenced(context, request["FunctionName"], request.get("Qualifier"))
    return reference, core.policies.find_event_invoke_config(reference.key, reference.qualifier or LATEST)


def _save(core: LambdaCore, context: RequestContext, request: Wire, before: Wire) -> Wire:
    given = {member: request[member] for member in _MEMBERS if member in request}
    if not given:
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")
    reference, function = core.load_referenced(context, request["FunctionName"], request.get("Qualifier"))
    _check_range("maximumRetryAttempts", given.get("MaximumRetryAttempts"), 0, EVENT_RETRIES_MAX)
    age_s = given.get("MaximumEventAgeInSeconds")
    _check_range("maximumEventAgeInSeconds", age_s, EVENT_AGE_S_MIN, EVENT_AGE_S_MAX)
    role = function.configuration["Role"]
    for destination in (given.get("DestinationConfig") or {}).values():
        target = (destination or {}).get("Destination")
        if target:
            _check_destination(core, context, role, reference.key, target)
    configuration = {**before, **given}
    qualifier = reference.qualifier or LATEST
    core.policies.save_event_invoke_config(reference.key, qualifier, configuration, context.now_ms)
    return _describe(reference.key, qualifier, configuration, context.now_ms)


def _check_destination(core: LambdaCore, context: RequestContext, role: str, key: FunctionKey, target: str) -> None:
    arn = find_arn(target)
    if arn is None or arn.service != "sqs":
        raise InvalidParameterValueException(
            f"The provided destination config DestinationConfig is invalid: {target} is no SQS queue."
        )
    if not core.role_may(context, role, key.name, "sqs:SendMessage", target):
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call SendMessage on {target}"
        )


def _check_range(member: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        bound = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
        raise ValidationException(
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )


def _missing(reference: FunctionReference) -> ResourceNotFoundException:
    arn = f"{reference.key.arn}:{reference.qualifier or LATEST}"
    return ResourceNotFoundException(f"The function {arn} doesn't have an EventInvokeConfig")


def _describe(key: FunctionKey, qualifier: str, configuration: Wire, modified_at_ms: int) -> Wire:
    return {
        "FunctionArn": f"{key.arn}:{qualifier}",
        "LastModified": modified_at_ms,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
        **configuration,
    }
