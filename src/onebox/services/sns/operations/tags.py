"""Tags of topics."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.sns.core import Core
from onebox.services.sns.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    TagLimitExceededException,
)
from onebox.services.sns.limits import TAGS_MAX
from onebox.services.sns.model import Topic


def tag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add tags to a topic, or give them new values."""
    topic = _load_topic(core, context, request["ResourceArn"])
    tags = {**topic.tags, **parse_tags(context, request["Tags"])}
    _check_number(tags)
    core.topics.set_tags(topic.arn, tags)
    core.cache.forget(topic.arn)
    return {}


def untag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags by key; keys that are not there are ignored."""
    topic = _load_topic(core, context, request["ResourceArn"])
    removed = set(request["TagKeys"])
    tags = {key: value for key, value in topic.tags.items() if key not in removed}
    core.topics.set_tags(topic.arn, tags)
    core.cache.forget(topic.arn)
    return {}


def list_tags_for_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A topic's tags."""
    topic = _load_topic(core, context, request["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}


def parse_tags(context: RequestContext, tags: list[Wire]) -> dict[str, str]:
    """Tags as a mapping. Raises InvalidParameter for a key given twice, TagLimitExceeded for too many."""
    parsed: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in parsed:
            raise InvalidParameterException("Invalid parameter: Duplicated keys are not allowed.")
        if not 1 <= len(tag["Key"]) <= 128 or not context.may_set_tag(tag["Key"]):
            raise InvalidParameterException("Invalid parameter: Tag Key")
        parsed[tag["Key"]] = tag.get("Value", "")
    _check_number(parsed)
    return parsed


def _check_number(tags: dict[str, str]) -> None:
    if len(tags) > TAGS_MAX:
        raise TagLimitExceededException("Could not complete request: tag quota of per resource exceeded")


def _load_topic(core: Core, context: RequestContext, resource_arn: str) -> Topic:
    topic = core.topics.find(resource_arn)
    if topic is None or (topic.account, topic.region) != (context.account, context.region):
        raise ResourceNotFoundException("Resource does not exist")
    return topic
