"""Code signing configurations: stored and shown; onebox checks no signatures.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html"""

from __future__ import annotations

from onebox.arn import find_arn, make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    CodeSigningConfigNotFoundException,
    PlainResourceNotFoundException,
    ResourceConflictException,
)
from onebox.services.lambda_.model import FunctionKey
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.platform_times import iso_microseconds
from onebox.services.lambda_.validation import constraint_error, must_be_one_of

_SETTING = "code-signing"
_ID_CHARACTERS = 17
_POLICIES = ("Warn", "Enforce")


def create_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Store a configuration."""
    config_id = f"csc-{core.deps.ids.hex(_ID_CHARACTERS)}"
    config: Wire = {
        "CodeSigningConfigId": config_id,
        "CodeSigningConfigArn": make_arn("lambda", context.region, context.account, f"code-signing-config:{config_id}"),
        "Description": "",
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
    }
    return _save(core, context, config, request)


def update_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change some of its members."""
    return _save(core, context, _load(core, context, request), request)


def get_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """One configuration."""
    return {"CodeSigningConfig": _load(core, context, request)}


def delete_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a configuration that no function has."""
    config = _load(core, context, request)
    arn = config["CodeSigningConfigArn"]
    if core.settings_of_functions.list_signed_functions(context.account, context.region, arn, "", 1):
        raise ResourceConflictException(
            "Cannot delete the code signing config as it is attached to one or more functions."
        )
    config_id = config["CodeSigningConfigId"]
    core.settings_of_functions.delete_signing_config(context.account, context.region, config_id)
    return {}


def list_code_signing_configs(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The configurations of the region."""
    limit = page_size(request, 50)
    after = parse_marker(request)
    found = core.settings_of_functions.list_signing_configs(context.account, context.region, after, limit + 1)
    answer: Wire = {"CodeSigningConfigs": found[:limit]}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1]["CodeSigningConfigId"]
    return answer


def put_function_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Give a function a configuration."""
    key = core.load_unqualified(context, request["FunctionName"]).key
    arn = request["CodeSigningConfigArn"]
    if _find(core, context, arn) is None:
        raise CodeSigningConfigNotFoundException(
            "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
            f"{arn}."
        )
    core.settings_of_functions.save(key, _SETTING, {"CodeSigningConfigArn": arn})
    return {"CodeSigningConfigArn": arn, "FunctionName": key.name}


def get_function_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The configuration of a function; nothing if it has none."""
    key = core.load_unqualified(context, request["FunctionName"]).key
    setting = core.settings_of_functions.find(key, _SETTING)
    return {} if setting is None else {**setting, "FunctionName": key.name}


def delete_function_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Take the configuration from a function."""
    core.settings_of_functions.delete(core.load_unqualified(context, request["FunctionName"]).key, _SETTING)
    return {}


def list_functions_by_code_signing_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The ARNs of the functions with a configuration."""
    arn = _load(core, context, request)["CodeSigningConfigArn"]
    limit = page_size(request, 50)
    account, region = context.account, context.region
    names = core.settings_of_functions.list_signed_functions(account, region, arn, parse_marker(request), limit + 1)
    answer: Wire = {"FunctionArns": [FunctionKey(account, region, name).arn for name in names[:limit]]}
    if len(names) > limit:
        answer["NextMarker"] = names[limit - 1]
    return answer


def _save(core: LambdaCore, context: RequestContext, before: Wire, request: Wire) -> Wire:
    config = {**before, "LastModified": iso_microseconds(context.now_ms)}
    for member in ("Description", "AllowedPublishers"):
        if member in request:
            config[member] = request[member]
    policy = (request.get("CodeSigningPolicies") or {}).get("UntrustedArtifactOnDeployment")
    if policy is not None:
        if policy not in _POLICIES:
            member = "codeSigningPolicies.untrustedArtifactOnDeployment"
            raise constraint_error(member, policy, must_be_one_of(_POLICIES))
        config["CodeSigningPolicies"] = {"UntrustedArtifactOnDeployment": policy}
    core.settings_of_functions.save_signing_config(context.account, context.region, config)
    return {"CodeSigningConfig": config}


def _load(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    arn = request["CodeSigningConfigArn"]
    config = _find(core, context, arn)
    if config is None:
        raise PlainResourceNotFoundException(f"The Lambda code signing configuration {arn} can not be found.")
    return config


def _find(core: LambdaCore, context: RequestContext, text: str) -> Wire | None:
    arn = find_arn(text)
    if arn is None or (arn.account, arn.region) != (context.account, context.region):
        return None
    config_id = arn.resource.rpartition(":")[2]
    return core.settings_of_functions.find_signing_config(context.account, context.region, config_id)
