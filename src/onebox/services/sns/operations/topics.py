"""Topics: create, list, delete, attributes."""

from __future__ import annotations

import re

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token
from onebox.services.sns.booleans import normalize
from onebox.services.sns.core import Core
from onebox.services.sns.errors import InvalidParameterException, NotFoundException
from onebox.services.sns.limits import (
    LARGE_MESSAGE_PROTOCOLS,
    LARGE_MESSAGE_SUBSCRIPTIONS_MAX,
    PAGE_ITEMS,
    TOPIC_NAME_CHARACTERS_MAX,
)
from onebox.services.sns.model import Topic
from onebox.services.sns.operations.data_protection import check_data_protection_policy
from onebox.services.sns.operations.paging import invalid_token
from onebox.services.sns.operations.tags import parse_tags
from onebox.services.sns.topic_access import load_topic
from onebox.services.sns.topic_attributes import (
    check_topic_attribute,
    check_topic_attributes,
    is_topic_attribute_cleared,
    shown_topic_attributes,
    takes_large_messages,
)

_NAME = re.compile(r"[A-Za-z0-9_\-]+")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_\-]+\.fifo")


async def create_topic(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a topic; the same name with the same attributes and tags gives the topic that is there."""
    if (request.get("Attributes") or {}).get("SignatureVersion"):
        await core.signatures.prepare()
    return await core.storage.write(lambda: _create_topic(core, context, request))


def _create_topic(core: Core, context: RequestContext, request: Wire) -> Wire:
    name, attributes = request["Name"], normalize(request.get("Attributes") or {})
    is_fifo = attributes.get("FifoTopic") == "true"
    _check_name(name, is_fifo)
    check_topic_attributes(attributes, is_fifo=is_fifo)
    tags = parse_tags(context, request.get("Tags") or [])
    data_protection = request.get("DataProtectionPolicy")
    if data_protection is not None:
        check_data_protection_policy(data_protection, is_fifo=is_fifo)
    arn = make_arn("sns", context.region, context.account, name)
    kept = {
        key: value
        for key, value in attributes.items()
        if not is_topic_attribute_cleared(key, value) and (key, value) != ("FifoTopic", "false")
    }
    existing = core.topics.find(arn)
    if existing is not None:
        _check_same(existing, kept, tags, "Tags" in request)
        return {"TopicArn": arn}
    topic = Topic(
        arn=arn,
        account=context.account,
        region=context.region,
        name=name,
        attributes=kept,
        tags=tags,
        created_at_ms=context.now_ms,
    )
    core.topics.insert(topic)
    if data_protection:
        core.topics.set_data_protection_policy(arn, data_protection)
    return {"TopicArn": arn}


def delete_topic(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a topic with its subscriptions; a topic that is not there is a success too."""
    topic_arn = request["TopicArn"]
    try:
        topic = load_topic(core.cache, context, topic_arn, "DeleteTopic")
    except NotFoundException:
        return {}
    core.topics.delete(topic.arn)
    core.cache.forget(topic.arn)
    return {}


def list_topics(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's topics in the region, 100 a page."""
    place = read_token(request.get("NextToken"), invalid_token, str)
    after = "" if place is None else place[0]
    found = core.topics.list_names(context.account, context.region, after, PAGE_ITEMS + 1)
    page = found[:PAGE_ITEMS]
    next_token = make_token(page[-1][0]) if len(found) > PAGE_ITEMS else None
    return {"Topics": [{"TopicArn": arn} for _, arn in page], "NextToken": next_token}


def get_topic_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All attributes, those of AWS's defaults included."""
    load_topic(core.cache, context, request["TopicArn"], "GetTopicAttributes")
    topic = core.topics.find(request["TopicArn"])
    assert topic is not None
    return {"Attributes": shown_topic_attributes(topic, core.subscriptions.count_by_status(topic.arn))}


async def set_topic_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set one attribute; an empty value brings the default back."""
    if request["AttributeName"] == "SignatureVersion":
        await core.signatures.prepare()
    return await core.storage.write(lambda: _set_topic_attribute(core, context, request))


def _set_topic_attribute(core: Core, context: RequestContext, request: Wire) -> Wire:
    topic = load_topic(core.cache, context, request["TopicArn"], "SetTopicAttributes").row
    name = request["AttributeName"]
    value = normalize({name: request.get("AttributeValue", "")})[name]
    check_topic_attribute(name, value, is_fifo=topic.is_fifo)
    if name == "MaximumMessageSize" and takes_large_messages(value):
        _check_large_messages(core, topic)
    attributes = {**topic.attributes, name: value}
    if is_topic_attribute_cleared(name, value):
        del attributes[name]
    core.topics.set_attributes(topic.arn, attributes)
    core.cache.forget(topic.arn)
    return {}


def _check_name(name: str, is_fifo: bool) -> None:
    pattern = _FIFO_NAME if is_fifo else _NAME
    if 1 <= len(name) <= TOPIC_NAME_CHARACTERS_MAX and pattern.fullmatch(name):
        return
    if is_fifo and name.endswith(".fifo"):
        raise InvalidParameterException(
            "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only uppercase and"
            " lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters"
            " long."
        )
    raise InvalidParameterException("Invalid parameter: Topic Name")


def _check_same(topic: Topic, attributes: dict[str, str], tags: dict[str, str], tags_given: bool) -> None:
    if any(topic.attributes.get(name) != value for name, value in attributes.items()):
        raise InvalidParameterException(
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
        )
    if tags_given and any(topic.tags.get(key) != value for key, value in tags.items()):
        raise InvalidParameterException("Invalid parameter: Tags Reason: Topic already exists with different tags")


def _check_large_messages(core: Core, topic: Topic) -> None:
    """Messages above 256 KiB go to few subscriptions only, of queues and functions."""
    subscriptions = core.subscriptions.list_of_topic(topic.arn, 0, LARGE_MESSAGE_SUBSCRIPTIONS_MAX + 1)
    fits = all(subscription.protocol in LARGE_MESSAGE_PROTOCOLS for subscription in subscriptions)
    if not fits or len(subscriptions) > LARGE_MESSAGE_SUBSCRIPTIONS_MAX:
        raise InvalidParameterException(
            "Invalid parameter: MaximumMessageSize Reason: a topic with a MaximumMessageSize above 256 KiB must have"
            " 100 or fewer subscriptions, each of them of Amazon SQS, Amazon Data Firehose, or Lambda"
        )
