"""How asynchronous invocations are retried, and where failed ones go.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""

from __future__ import annotations

import re

from onebox.arn import find_arn
from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.limits import EVENT_AGE_S_MAX, EVENT_AGE_S_MIN, EVENT_RETRIES_MAX
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.validation import check_pattern, check_range

_DESTINATION_PATTERN = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
_DESTINATION = re.compile(
    r"|kafka://[^.][a-zA-Z0-9\-_.]{0,248}|arn:aws[a-zA-Z0-9-]*:[a-zA-Z0-9\-]+:"
    r"(?:(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d)?:(?:\d{12})?:.*"
)
_SEND_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
_MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


def put_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Replace the settings of a version or alias."""
    return _save(core, context, request, {})


def update_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change some of the settings."""
    reference = _parse(core, context, request)
    _check_function(core, reference)
    found = _find(core, reference)
    if found is None:
        raise _missing(reference)
    return _save(core, context, request, found[0])


def get_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The settings of a version or alias."""
    reference = _parse(core, context, request)
    found = _find(core, reference)
    if found is None:
        raise _missing(reference)
    return _describe(reference.key, reference.qualifier or LATEST, *found)


def delete_function_event_invoke_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Back to the defaults."""
    reference = _parse(core, context, request)
    if _find(core, reference) is None:
        raise _missing(reference)
    core.policies.delete_event_invoke_config(reference.key, reference.qualifier or LATEST)
    return {}


def list_function_event_invoke_configs(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The settings of all versions and aliases of a function."""
    reference = _parse(core, context, request)
    _check_function(core, reference)
    limit = page_size(request, 50, asked_most=50)
    found = core.policies.list_event_invoke_configs(reference.key, parse_marker(request), limit + 1)
    configs = [_describe(reference.key, *config) for config in found[:limit]]
    answer: Wire = {"FunctionEventInvokeConfigs": configs}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1][0]
    return answer


def _parse(core: LambdaCore, context: RequestContext, request: Wire) -> FunctionReference:
    return core.parse(context, request["FunctionName"], request.get("Qualifier"))


def _check_function(core: LambdaCore, reference: FunctionReference) -> FunctionVersion:
    try:
        return core.finder.load(reference.key, reference.qualifier)
    except ResourceNotFoundException:
        raise ResourceNotFoundException("The function doesn't exist.") from None


def _find(core: LambdaCore, reference: FunctionReference) -> tuple[Wire, int] | None:
    return core.policies.find_event_invoke_config(reference.key, reference.qualifier or LATEST)


def _save(core: LambdaCore, context: RequestContext, request: Wire, before: Wire) -> Wire:
    given = {member: request[member] for member in _MEMBERS if member in request}
    if not given:
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")
    check_range("maximumRetryAttempts", given.get("MaximumRetryAttempts"), 0, EVENT_RETRIES_MAX)
    age_s = given.get("MaximumEventAgeInSeconds")
    check_range("maximumEventAgeInSeconds", age_s, EVENT_AGE_S_MIN, EVENT_AGE_S_MAX)
    destinations = given.get("DestinationConfig") or {}
    for member, name in (("OnFailure", "onFailure"), ("OnSuccess", "onSuccess")):
        target = (destinations.get(member) or {}).get("Destination") or ""
        shown = f"destinationConfig.{name}.destination"
        check_pattern(shown, target, _DESTINATION, _DESTINATION_PATTERN)
    reference = _parse(core, context, request)
    function = _check_function(core, reference)
    for target in _targets(destinations):
        _check_destination(core, context, function, destinations, target)
    configuration = {**before, **given}
    qualifier = reference.qualifier or LATEST
    core.policies.save_event_invoke_config(reference.key, qualifier, configuration, context.now_ms)
    return _describe(reference.key, qualifier, configuration, context.now_ms)


def _targets(destinations: Wire) -> list[str]:
    found = [(destinations.get(member) or {}).get("Destination") for member in ("OnSuccess", "OnFailure")]
    return [target for target in found if target]


def _check_destination(
    core: LambdaCore, context: RequestContext, function: FunctionVersion, destinations: Wire, target: str
) -> None:
    arn = find_arn(target)
    action = _SEND_ACTIONS.get(arn.service) if arn is not None else None
    if arn is None or action is None:
        shown = {kind: _shown(kind, destinations) for kind in ("OnSuccess", "OnFailure")}
        raise InvalidParameterValueException(
            f"The provided destination config DestinationConfig(onSuccess={shown['OnSuccess']}, "
            f"onFailure={shown['OnFailure']}) is invalid."
        )
    if arn.service == "lambda":
        _check_function_destination(core, context, function, target)
    elif not core.role_may(context, function.configuration["Role"], function.key.name, action, target):
        verb = action.partition(":")[2]
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call {verb} on {target}"
        )


def _shown(kind: str, destinations: Wire) -> str:
    target = (destinations.get(kind) or {}).get("Destination")
    return f"{kind}(destination={target})" if target else "null"


def _check_function_destination(
    core: LambdaCore, context: RequestContext, function: FunctionVersion, target: str
) -> None:
    try:
        reference = parse_function_reference(context, target)
        core.finder.load(reference.key, reference.qualifier)
    except AwsError:
        raise InvalidParameterValueException(f"The destination ARN {target} is invalid.") from None
    if reference.key == function.key:
        raise InvalidParameterValueException("You can't specify the function as a destination for itself.")


def _missing(reference: FunctionReference) -> ResourceNotFoundException:
    arn = f"{reference.key.arn}:{reference.qualifier or LATEST}"
    return ResourceNotFoundException(f"The function {arn} doesn't have an EventInvokeConfig")


def _describe(key: FunctionKey, qualifier: str, configuration: Wire, modified_at_ms: int) -> Wire:
    destinations = {"OnSuccess": {}, "OnFailure": {}, **(configuration.get("DestinationConfig") or {})}
    return {
        "FunctionArn": f"{key.arn}:{qualifier}",
        "LastModified": modified_at_ms,
        **configuration,
        "DestinationConfig": destinations,
    }
