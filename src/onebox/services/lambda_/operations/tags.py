"""Tags of functions and event source mappings.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html"""

from __future__ import annotations

import re
from collections.abc import Callable

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.lambda_.limits import TAGS_MAX
from onebox.services.lambda_.validation import check_pattern, constraint_error_null

_ARN_START = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:"
_RESOURCE_PATTERN = (
    _ARN_START + r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"
    r"code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-"
    r"[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)"
)
_RESOURCE = re.compile(_RESOURCE_PATTERN)
_Save = Callable[[dict[str, str]], None]


def list_tags(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The tags of a resource."""
    tags, _ = _load(core, context, request["Resource"], "ListTags")
    return {"Tags": tags}


def tag_resource(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Add tags or replace their values."""
    tags, save = _load(core, context, request["Resource"], "TagResource")
    if not request["Tags"]:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    save(_within_limit({**tags, **checked_tags(context, request["Tags"])}))
    return {}


def untag_resource(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Remove tags."""
    if not request.get("TagKeys"):
        raise constraint_error_null("tagKeys")
    tags, save = _load(core, context, request["Resource"], "UntagResource")
    save({name: value for name, value in tags.items() if name not in request["TagKeys"]})
    return {}


def checked_tags(context: RequestContext, tags: dict[str, str]) -> dict[str, str]:
    """Raise InvalidParameterValueException for what AWS doesn't take as tags."""
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or not context.may_set_tag(name):
            raise InvalidParameterValueException(
                f"The tag {name} is not valid: aws: is reserved, 128 and 256 "
                "characters are the limits of key and value."
            )
    return _within_limit(tags)


def _within_limit(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")
    return tags


def _load(core: LambdaCore, context: RequestContext, resource: str, action: str) -> tuple[dict[str, str], _Save]:
    check_pattern("resource", resource, _RESOURCE, _RESOURCE_PATTERN)
    kind, _, rest = resource.split(":", 5)[5].partition(":")
    if kind == "event-source-mapping":
        uuid = rest
        if core.mappings.find_mapping(context.account, context.region, uuid) is None:
            raise ResourceNotFoundException(f"Event source mapping not found: {resource}")
        return core.mappings.load_tags(uuid), lambda tags: core.mappings.save_tags(uuid, tags)
    if kind == "capacity-provider":
        raise ResourceNotFoundException(f"Capacity provider not found: {resource}")
    if kind != "function":
        raise ResourceNotFoundException("The resource you requested does not exist.")
    if ":" in rest:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    key = core.load_unqualified(context, resource, action).key
    return core.functions.load_tags(key), lambda tags: core.functions.save_tags(key, tags)
