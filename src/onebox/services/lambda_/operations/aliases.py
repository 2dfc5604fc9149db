"""Aliases: names for versions.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html"""

from __future__ import annotations

import dataclasses
import re

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    PlainInvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from onebox.services.lambda_.model import LATEST, Alias, FunctionKey
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.operations.provisioned import check_alias_can_be_provisioned
from onebox.services.lambda_.validation import constraint_error

_VERSION = re.compile(r"[0-9]{1,1024}")
_WEIGHTS = "routingConfig.additionalVersionWeights"
_WEIGHT_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length "
    "greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]"
)
_WEIGHT_VALUES = (
    "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value "
    "greater than or equal to 0.0, Member must not be null]"
)
_NAME = re.compile(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)")


def create_alias(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Name a version."""
    weights = _weights(request)
    key = _load_key(core, context, request, "CreateAlias")
    name = request["Name"]
    if not _NAME.fullmatch(name) or len(name) > 128:
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}"
        )
    alias = Alias(
        key=key,
        name=name,
        version=request["FunctionVersion"],
        description=request.get("Description", ""),
        additional_version_weights=weights,
        revision_id=core.deps.ids.uuid(),
    )
    _check_versions(core, alias)
    if core.functions.find_alias(key, name) is not None:
        raise ResourceConflictException(f"Alias already exists: {alias.arn}")
    core.functions.save_alias(alias)
    return _describe(alias)


def get_alias(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """One alias."""
    return _describe(_load(core, context, request))


def update_alias(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Have an alias name another version."""
    weights = _weights(request) if "RoutingConfig" in request else None
    key = _load_key(core, context, request, "UpdateAlias")
    alias = core.functions.find_alias(key, request["Name"])
    if alias is None:
        raise ResourceNotFoundException(f"Alias not found: {key.arn}:{request['Name']}")
    if request.get("RevisionId", alias.revision_id) != alias.revision_id:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id"
        )
    changed = dataclasses.replace(
        alias,
        version=request.get("FunctionVersion", alias.version),
        description=request.get("Description", alias.description),
        additional_version_weights=alias.additional_version_weights if weights is None else weights,
        revision_id=core.deps.ids.uuid(),
    )
    _check_versions(core, changed)
    if core.provisioned.find(key, alias.name) is not None:
        check_alias_can_be_provisioned(core, changed)
        core.provisioning.apply_after_commit(key)
    core.functions.save_alias(changed)
    return _describe(changed)


def delete_alias(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Forget a name; none of that name is fine as well."""
    function = core.load_unqualified(context, request["FunctionName"], "DeleteAlias")
    core.functions.delete_alias(function.key, request["Name"])
    core.urls.delete(function.key, request["Name"])
    core.provisioned.delete(function.key, request["Name"])
    core.provisioning.apply_after_commit(function.key)
    return {}


def list_aliases(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The aliases of a function, or of one of its versions."""
    function = core.load_unqualified(context, request["FunctionName"], "ListAliases")
    limit = page_size(request, 50)
    found = core.functions.list_aliases(function.key, parse_marker(request), limit + 1)
    version = request.get("FunctionVersion")
    page = [alias for alias in found[:limit] if version in (None, alias.version)]
    answer: Wire = {"Aliases": [_describe(alias) for alias in page]}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1].name
    return answer


def _load(core: LambdaCore, context: RequestContext, request: Wire) -> Alias:
    function = core.load_unqualified(context, request["FunctionName"], "GetAlias")
    alias = core.functions.find_alias(function.key, request["Name"])
    if alias is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {function.key.arn}:{request['Name']}")
    return alias


def _load_key(core: LambdaCore, context: RequestContext, request: Wire, action: str) -> FunctionKey:
    """The function that gets an alias. Raises ResourceNotFoundException, which names the version as AWS does."""
    key = core.parse(context, request["FunctionName"], None, action).key
    if core.functions.find_version(key, LATEST) is None:
        version = request.get("FunctionVersion")
        arn = f"{key.arn}:{version}" if version else key.arn
        raise ResourceNotFoundException(f"Function not found: {arn}")
    return key


def _weights(request: Wire) -> dict[str, float]:
    weights: dict[str, float] = (request.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shown = ", ".join(f"{version}={weight}" for version, weight in weights.items())
    if any(not _VERSION.fullmatch(version) for version in weights):
        raise constraint_error(_WEIGHTS, f"{{{shown}}}", _WEIGHT_KEYS)
    if any(not 0.0 <= weight <= 1.0 for weight in weights.values()):
        raise constraint_error(_WEIGHTS, f"{{{shown}}}", _WEIGHT_VALUES)
    if len(weights) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    return weights


def _check_versions(core: LambdaCore, alias: Alias) -> None:
    if alias.version in alias.additional_version_weights:
        raise InvalidParameterValueException(
            f"Invalid function version {alias.version}. Function version {alias.version} is already included "
            "in routing configuration."
        )
    for version in (alias.version, *alias.additional_version_weights):
        _check_version(core, alias.key, version)
    if alias.additional_version_weights and alias.version == LATEST:
        raise PlainInvalidParameterValueException(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )


def _check_version(core: LambdaCore, key: FunctionKey, version: str) -> None:
    known = version == LATEST or version.isdigit()
    if not known or core.functions.find_version(key, version) is None:
        raise ResourceNotFoundException(f"Function not found: {key.arn}:{version}")


def _describe(alias: Alias) -> Wire:
    described: Wire = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.additional_version_weights:
        described["RoutingConfig"] = {"AdditionalVersionWeights": alias.additional_version_weights}
    return described
