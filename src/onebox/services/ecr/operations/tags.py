"""Tags of repositories, by ARN."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.core import Core, load_named
from onebox.services.ecr.model import Repository, repository_arn, repository_name
from onebox.services.ecr.validation import check_tag_number, invalid, parse_tags


def tag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add tags, or give them new values."""
    repository = _load(core, context, request)
    tags = {**repository.tags, **parse_tags(context, request["tags"])}
    check_tag_number(tags)
    core.repositories.set_tags(repository, tags)
    return {}


def untag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags by key; a key that is not there does no harm."""
    repository, removed = _load(core, context, request), set(request["tagKeys"])
    core.repositories.set_tags(repository, {key: repository.tags[key] for key in repository.tags if key not in removed})
    return {}


def list_tags_for_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The tags by key."""
    tags = _load(core, context, request).tags
    return {"tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def _load(core: Core, context: RequestContext, request: Wire) -> Repository:
    name = repository_name(request["resourceArn"])
    if not name:
        raise invalid("resourceArn", "Invalid repository ARN")
    if request["resourceArn"] != repository_arn(context.account, context.region, name):
        raise invalid("resourceArn", "The repository must be in the caller's account and in the region of the request")
    return load_named(core, context, name)
