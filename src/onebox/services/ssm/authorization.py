"""The rights that a request to the Parameter Store requires: the action on each parameter that it names.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access
from onebox.services.ssm.core import Core
from onebox.services.ssm.names import parameter_arn, parse_name, parse_reference

CONDITION_KEYS = ("aws:RequestTag/…", "aws:ResourceTag/…", "aws:TagKeys", "ssm:Overwrite", "ssm:Recursive")


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the parameters, or on the path."""
    action = f"ssm:{operation}"
    names = _names(operation, request)
    if not names:
        return [Access(action, "*", partial(_find_condition_keys, core, context, request, None))]
    return [
        Access(
            action,
            parameter_arn(context.account, context.region, name),
            partial(_find_condition_keys, core, context, request, name),
        )
        for name in names
    ]


def _names(operation: str, request: Wire) -> list[str]:
    if "Names" in request:
        return [parse_reference(name).name for name in request["Names"]]
    if "ResourceId" in request:
        return [parse_name(request["ResourceId"])]
    if operation == "GetParametersByPath":
        return [request["Path"].rstrip("/") or "/"]
    return [parse_reference(request["Name"]).name] if "Name" in request else []


def _find_condition_keys(
    core: Core, context: RequestContext, request: Wire, name: str | None
) -> dict[str, str | Iterable[str]]:
    keys: dict[str, str | Iterable[str]] = {}
    if "Overwrite" in request:
        keys["ssm:Overwrite"] = "true" if request["Overwrite"] else "false"
    if "Path" in request:
        keys["ssm:Recursive"] = "true" if request.get("Recursive") else "false"
    tags = request.get("Tags") or []
    if tags:
        keys.update({f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags})
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags]
    elif "TagKeys" in request:
        keys["aws:TagKeys"] = list(request["TagKeys"])
    parameter = core.parameters.find(context.account, context.region, name) if name else None
    if parameter is not None:
        keys.update({f"aws:ResourceTag/{key}": value for key, value in parameter.tags.items()})
    return keys
