"""Provisioned concurrency of versions and aliases.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html and its neighbours."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    PlainInvalidParameterValueException,
    ProvisionedConcurrencyConfigNotFoundException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN
from onebox.services.lambda_.model import LATEST, Alias, FunctionKey, FunctionVersion, ProvisionedConcurrency
from onebox.services.lambda_.naming import VERSION_NUMBER
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.platform_times import offset_seconds
from onebox.services.lambda_.validation import constraint_error

_ANSWERED_MAX = 50


def put_provisioned_concurrency_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Keep environments of a version or alias ready; they start once this is stored."""
    requested = request["ProvisionedConcurrentExecutions"]
    if requested < 1:
        wanted = "Member must have value greater than or equal to 1"
        raise constraint_error("provisionedConcurrentExecutions", requested, wanted)
    reference = core.parse(context, request["FunctionName"], request["Qualifier"])
    key, qualifier = reference.key, reference.qualifier or LATEST
    if qualifier == LATEST:
        raise InvalidParameterValueException(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        )
    function = _load_target(core, key, qualifier)
    alias = core.functions.find_alias(key, qualifier)
    if alias is None:
        if _is_provisioned_by_another(core, key, qualifier, qualifier):
            raise ResourceConflictException("Version is pointed by a Provisioned Concurrency alias")
    else:
        check_alias_can_be_provisioned(core, alias)
    _check_amount(core, function, qualifier, requested)
    config = ProvisionedConcurrency(key, qualifier, requested, context.now_ms)
    core.provisioned.save(config)
    core.provisioning.apply_after_commit(key)
    return {**_describe(core, config), "Status": "IN_PROGRESS"}


def get_provisioned_concurrency_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """How far a configuration has come."""
    key, qualifier = _load_configurable(core, context, request)
    config = core.provisioned.find(key, qualifier)
    if config is None:
        raise ProvisionedConcurrencyConfigNotFoundException("No Provisioned Concurrency Config found for this function")
    return _describe(core, config)


def delete_provisioned_concurrency_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Keep nothing ready any more; no configuration is fine as well."""
    key, qualifier = _load_configurable(core, context, request)
    core.provisioned.delete(key, qualifier)
    core.provisioning.apply_after_commit(key)
    return {}


def list_provisioned_concurrency_configs(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The configurations of a function's versions and aliases."""
    key = core.load_unqualified(context, request["FunctionName"]).key
    limit = page_size(request, _ANSWERED_MAX, asked_most=_ANSWERED_MAX)
    found = core.provisioned.list_configs(key, parse_marker(request), limit + 1)
    configs = [{"FunctionArn": config.arn, **_describe(core, config)} for config in found[:limit]]
    answer: Wire = {"ProvisionedConcurrencyConfigs": configs}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1].qualifier
    return answer


def check_alias_can_be_provisioned(core: LambdaCore, alias: Alias) -> None:
    """Raise ResourceConflictException if the alias's version is provisioned by itself or through another alias."""
    if _is_provisioned_by_another(core, alias.key, alias.name, alias.version):
        raise ResourceConflictException(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )


def _is_provisioned_by_another(core: LambdaCore, key: FunctionKey, qualifier: str, version: str) -> bool:
    """Whether a configuration other than that of ``qualifier`` is about ``version``."""
    others = (config for config in core.provisioned.list_configs(key) if config.qualifier != qualifier)
    return any(core.provisioning.find_version(config) == version for config in others)


def _check_amount(core: LambdaCore, function: FunctionVersion, qualifier: str, requested: int) -> None:
    key, reserved = function.key, function.reserved_concurrency
    if reserved is not None:
        if core.provisioned.sum_for_function(key, qualifier) + requested > reserved:
            raise InvalidParameterValueException(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        return
    current = core.provisioned.find(key, qualifier)
    others = core.provisioned.sum_unreserved(key.account, key.region) - (current.requested if current else 0)
    unreserved = CONCURRENT_EXECUTIONS_MAX - core.functions.sum_reserved(key.account, key.region) - others
    if requested > unreserved:
        raise PlainInvalidParameterValueException(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}]."
        )
    if unreserved - requested < UNRESERVED_CONCURRENT_EXECUTIONS_MIN:
        raise PlainInvalidParameterValueException(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{UNRESERVED_CONCURRENT_EXECUTIONS_MIN}]."
        )


def _load_configurable(core: LambdaCore, context: RequestContext, request: Wire) -> tuple[FunctionKey, str]:
    """The function and the version or alias whose configuration a request means."""
    reference = core.parse(context, request["FunctionName"], request["Qualifier"])
    qualifier = reference.qualifier or LATEST
    if qualifier == LATEST:
        raise InvalidParameterValueException("The function resource provided must be an alias or a published version.")
    _load_target(core, reference.key, qualifier)
    return reference.key, qualifier


def _load_target(core: LambdaCore, key: FunctionKey, qualifier: str) -> FunctionVersion:
    """The version that a number or an alias means. Raises ResourceNotFoundException."""
    version = qualifier
    if not VERSION_NUMBER.fullmatch(qualifier):
        alias = core.functions.find_alias(key, qualifier)
        if alias is None and core.functions.find_version(key, LATEST) is not None:
            raise ResourceNotFoundException(f"Cannot find alias arn: {key.arn}:{qualifier}")
        version = "" if alias is None else alias.version
    function = core.functions.find_version(key, version) if version else None
    if function is None:
        raise ResourceNotFoundException(f"Function not found: {key.arn}:{qualifier}")
    return function


def _describe(core: LambdaCore, config: ProvisionedConcurrency) -> Wire:
    state = core.provisioning.find_state(config)
    described: Wire = {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": state.available,
        "AllocatedProvisionedConcurrentExecutions": state.available,
        "Status": state.status,
        "LastModified": offset_seconds(config.modified_at_ms),
    }
    if state.reason:
        described["StatusReason"] = state.reason
    return described
