"""Writing and deleting parameters."""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.ssm.core import Core, load_parameter
from onebox.services.ssm.errors import (
    HierarchyTypeMismatchException,
    ParameterAlreadyExists,
    ParameterLimitExceeded,
    ParameterMaxVersionLimitExceeded,
)
from onebox.services.ssm.limits import NAMES_PER_REQUEST_MAX, STANDARD_PARAMETERS_MAX, VERSIONS_MAX
from onebox.services.ssm.model import Parameter, ParameterVersion
from onebox.services.ssm.names import check_new_name, parameter_arn, parse_name
from onebox.services.ssm.validation import check_pattern, check_put, decide_tier, parse_tags

_DEFAULT_KEY = "alias/aws/ssm"
_SEALED_CHARACTERS = 120


def put_parameter(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a parameter, or add a version to one."""
    name = request["Name"].strip()
    check_new_name(context.account, context.region, name)
    check_put(request)
    tags = parse_tags(context, request.get("Tags") or [])
    old = core.parameters.find(context.account, context.region, name)
    if old is not None and not request.get("Overwrite"):
        raise ParameterAlreadyExists(
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
        )
    parameter = Parameter(
        account=context.account,
        region=context.region,
        name=name,
        arn=parameter_arn(context.account, context.region, name),
        tags=tags if old is None else old.tags,
        latest=_new_version(core, context, request, old.latest if old else None),
    )
    if old is None:
        if core.parameters.count(context.account, context.region) >= STANDARD_PARAMETERS_MAX:
            raise ParameterLimitExceeded(f"The account has {STANDARD_PARAMETERS_MAX} parameters, the most it may have.")
        core.parameters.insert(parameter)
    else:
        core.parameters.add_version(parameter)
        _drop_oldest(core, parameter)
    return {"Version": parameter.latest.version, "Tier": parameter.latest.tier}


def delete_parameter(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a parameter with all its versions."""
    core.parameters.delete(load_parameter(core, context, request["Name"]))
    return {}


def delete_parameters(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete up to ten parameters; names that do not exist are told."""
    names = request["Names"]
    if not 1 <= len(names) <= NAMES_PER_REQUEST_MAX:
        raise ValidationException(f"The request has 1 to {NAMES_PER_REQUEST_MAX} names.")
    deleted, invalid = [], []
    for name in dict.fromkeys(names):
        parameter = core.parameters.find(context.account, context.region, parse_name(name))
        if parameter is None:
            invalid.append(name)
        else:
            core.parameters.delete(parameter)
            deleted.append(name)
    return {"DeletedParameters": deleted, "InvalidParameters": invalid}


def _new_version(core: Core, context: RequestContext, request: Wire, old: ParameterVersion | None) -> ParameterVersion:
    kind = request.get("Type") or (old.type if old else None)
    if kind is None:
        raise ValidationException("A parameter type is required when you create a parameter.")
    if old is not None and kind != old.type:
        raise HierarchyTypeMismatchException(
            f"The parameter is of type {old.type}. Parameter Store doesn't support changing a parameter type; create a"
            " new, unique parameter."
        )
    value, pattern = request["Value"], request.get("AllowedPattern", old.allowed_pattern if old else None)
    tier = decide_tier(request.get("Tier", "Standard"), value, old.tier if old else None)
    check_pattern(pattern, value)
    is_secure = kind == "SecureString"
    if "KeyId" in request and not is_secure:
        raise ValidationException("KeyId is required for SecureString type parameter only.")
    return ParameterVersion(
        version=old.version + 1 if old else 1,
        type=kind,
        value=value,
        sealed_value=f"AQICAH{core.ids.token(_SEALED_CHARACTERS)}" if is_secure else None,
        tier=tier,
        data_type=request.get("DataType", old.data_type if old else "text"),
        key_id=request.get("KeyId", (old.key_id if old else None) or _DEFAULT_KEY) if is_secure else None,
        description=request.get("Description", old.description if old else None),
        allowed_pattern=pattern,
        labels=(),
        modified_at_ms=context.now_ms,
        modified_by=context.principal.arn,
    )


def _drop_oldest(core: Core, parameter: Parameter) -> None:
    """Keep 100 versions. A labelled one is never dropped."""
    versions = core.parameters.list_versions(parameter)
    if len(versions) <= VERSIONS_MAX:
        return
    if versions[0].labels:
        raise ParameterMaxVersionLimitExceeded(
            f"You attempted to create a new version of {parameter.name} by calling the PutParameter API with the"
            f" overwrite flag. Version {versions[0].version}, the oldest version, can't be deleted because it has a"
            " label associated with it. Move the label to another version of the parameter, and try again."
        )
    core.parameters.delete_version(parameter, versions[0].version)
