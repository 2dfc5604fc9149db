"""Tags of queues."""

from __future__ import annotations

from collections.abc import Mapping

from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import InvalidParameterValue
from onebox.services.sqs.limits import TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX, TAGS_MAX
from onebox.services.sqs.queue_access import load_queue


def tag_queue(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add tags, or change their values."""
    queue = load_queue(core, context, request["QueueUrl"], "TagQueue")
    core.queues.set_tags(queue, check_tags(context, queue.tags, request["Tags"]), core.clock.steady_ms())
    return {}


def untag_queue(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags; those that are not there are ignored."""
    queue = load_queue(core, context, request["QueueUrl"], "UntagQueue")
    keys = frozenset(request["TagKeys"])
    left = {key: value for key, value in queue.tags.items() if key not in keys}
    core.queues.set_tags(queue, left, core.clock.steady_ms())
    return {}


def list_queue_tags(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All tags; no member at all if there are none, as AWS has it."""
    queue = load_queue(core, context, request["QueueUrl"], "ListQueueTags")
    tags = context.visible_tags(queue.tags)
    return {"Tags": tags} if tags else {}


def check_tags(context: RequestContext, old: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """The tags with the new ones. Raises InvalidParameterValue."""
    for key, value in added.items():
        if not 1 <= len(key) <= TAG_KEY_CHARACTERS_MAX or not context.may_set_tag(key):
            raise InvalidParameterValue(f"Tag key '{key}' is invalid.")
        if len(value) > TAG_VALUE_CHARACTERS_MAX:
            raise InvalidParameterValue(
                f"The value of tag '{key}' is longer than {TAG_VALUE_CHARACTERS_MAX} characters."
            )
    tags = {**old, **added}
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValue(f"Too many tags added for queue, at most {TAGS_MAX} are allowed.")
    return tags
