"""Tags of functions and event source mappings.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html"""

from __future__ import annotations

from collections.abc import Callable

from onebox.arn import find_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.lambda_.limits import TAGS_MAX

_Save = Callable[[dict[str, str]], None]


def list_tags(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The tags of a resource."""
    tags, _ = _load(core, context, request["Resource"])
    return {"Tags": tags}


def tag_resource(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Add tags or replace their values."""
    tags, save = _load(core, context, request["Resource"])
    save(_within_limit({**tags, **checked_tags(context, request["Tags"])}))
    return {}


def untag_resource(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Remove tags."""
    tags, save = _load(core, context, request["Resource"])
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


def _load(core: LambdaCore, context: RequestContext, resource: str) -> tuple[dict[str, str], _Save]:
    arn = find_arn(resource)
    if arn is not None and arn.resource.startswith("event-source-mapping:"):
        uuid = arn.resource.partition(":")[2]
        if core.mappings.find_mapping(context.account, context.region, uuid) is None:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return core.mappings.load_tags(uuid), lambda tags: core.mappings.save_tags(uuid, tags)
    reference, function = core.load_referenced(context, resource)
    if reference.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    key = function.key
    return core.functions.load_tags(key), lambda tags: core.functions.save_tags(key, tags)
