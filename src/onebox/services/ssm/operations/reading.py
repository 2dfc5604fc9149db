"""Reading parameters by name: the latest version, another one, or all."""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token
from onebox.services.ssm.core import Core, load_parameter, load_version
from onebox.services.ssm.errors import ParameterNotFound, ParameterVersionNotFound
from onebox.services.ssm.limits import NAMES_PER_REQUEST_MAX, PAGE_MAX
from onebox.services.ssm.model import Parameter, ParameterVersion
from onebox.services.ssm.names import parse_reference
from onebox.services.ssm.validation import invalid_token, page_limit
from onebox.services.violations import Violations


def get_parameter(core: Core, context: RequestContext, request: Wire) -> Wire:
    """One version of one parameter."""
    parameter, version = load_version(core, context, request["Name"])
    shown = shown_parameter(parameter, version, decrypted=bool(request.get("WithDecryption")))
    return {"Parameter": {**shown, "Selector": _selector(request["Name"])}}


def get_parameters(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Up to ten parameters; names that do not exist are told."""
    names = request["Names"]
    violations = Violations()
    violations.check_length(names, "names", 1, NAMES_PER_REQUEST_MAX)
    violations.raise_if_any()
    if len(set(names)) < len(names):
        raise ValidationException("The names of a request must differ.")
    decrypted, shown, invalid = bool(request.get("WithDecryption")), [], []
    for name in names:
        found = _find_version(core, context, name)
        if found is None:
            invalid.append(name)
        else:
            shown.append({**shown_parameter(*found, decrypted=decrypted), "Selector": _selector(name)})
    shown.sort(key=lambda parameter: str(parameter["Name"]))
    return {"Parameters": shown, "InvalidParameters": invalid}


def get_parameter_history(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All versions of a parameter, oldest first."""
    parameter = load_parameter(core, context, request["Name"])
    limit = page_limit(request, PAGE_MAX)
    place = read_token(request.get("NextToken"), invalid_token, int)
    found = core.parameters.list_versions(parameter, place[0] if place else 0, limit + 1)
    decrypted = bool(request.get("WithDecryption"))
    shown = [_shown_history(parameter, version, decrypted=decrypted) for version in found[:limit]]
    token = make_token(found[limit - 1].version) if len(found) > limit else None
    return {"Parameters": shown, "NextToken": token}


def shown_parameter(parameter: Parameter, version: ParameterVersion, *, decrypted: bool) -> Wire:
    """A version of a parameter with its value; a SecureString's only if it is decrypted."""
    return {
        "Name": parameter.name,
        "Type": version.type,
        "Value": _value(version, decrypted=decrypted),
        "Version": version.version,
        "LastModifiedDate": version.modified_at_ms,
        "ARN": parameter.arn,
        "DataType": version.data_type,
    }


def shown_metadata(version: ParameterVersion) -> Wire:
    """What describes a version, without its value."""
    return {
        "Type": version.type,
        "KeyId": version.key_id,
        "LastModifiedDate": version.modified_at_ms,
        "LastModifiedUser": version.modified_by,
        "Description": version.description,
        "AllowedPattern": version.allowed_pattern,
        "Version": version.version,
        "Tier": version.tier,
        "Policies": [],
        "DataType": version.data_type,
    }


def _shown_history(parameter: Parameter, version: ParameterVersion, *, decrypted: bool) -> Wire:
    value = _value(version, decrypted=decrypted)
    return {"Name": parameter.name, **shown_metadata(version), "Value": value, "Labels": list(version.labels)}


def _value(version: ParameterVersion, *, decrypted: bool) -> str:
    return version.value if decrypted or version.sealed_value is None else version.sealed_value


def _find_version(core: Core, context: RequestContext, name: str) -> tuple[Parameter, ParameterVersion] | None:
    try:
        return load_version(core, context, name)
    except (ParameterNotFound, ParameterVersionNotFound):
        return None


def _selector(name: str) -> str | None:
    selector = parse_reference(name).selector
    return None if selector is None else f":{selector}"
