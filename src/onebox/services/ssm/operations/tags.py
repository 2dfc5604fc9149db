"""Tags of parameters."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ssm.core import Core
from onebox.services.ssm.errors import InvalidResourceId, InvalidResourceType
from onebox.services.ssm.model import Parameter
from onebox.services.ssm.names import parse_name
from onebox.services.ssm.validation import check_tag_number, parse_tags


def add_tags_to_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add tags, or give them new values."""
    parameter = _load(core, context, request)
    tags = {**parameter.tags, **parse_tags(context, request["Tags"])}
    check_tag_number(tags)
    core.parameters.set_tags(parameter, tags)
    return {}


def remove_tags_from_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags by key; a key that is not there does no harm."""
    parameter, removed = _load(core, context, request), set(request["TagKeys"])
    kept = {key: value for key, value in parameter.tags.items() if key not in removed}
    core.parameters.set_tags(parameter, kept)
    return {}


def list_tags_for_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A parameter's tags by key."""
    tags = _load(core, context, request).tags
    return {"TagList": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def _load(core: Core, context: RequestContext, request: Wire) -> Parameter:
    if request["ResourceType"] != "Parameter":
        raise InvalidResourceType(f"onebox offers parameters only, not {request['ResourceType'][:100]}.")
    parameter = core.parameters.find(context.account, context.region, parse_name(request["ResourceId"]))
    if parameter is None:
        raise InvalidResourceId(f"The resource {request['ResourceId'][:200]} does not exist.")
    return parameter
