"""The rights that a request to SNS requires of its caller: IAM actions on topics and subscriptions, with their
condition keys.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement
from onebox.services.registry import Access, ConditionKeys
from onebox.services.sns.condition_keys import find_condition_keys
from onebox.services.sns.core import Core
from onebox.services.sns.operations import OPERATIONS


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the topic or subscription that the request names."""
    resource = _find_resource(context, operation, request)
    # AWS writes the prefix in capitals in its denials; IAM ignores case.
    action = f"SNS:{OPERATIONS[operation].action or operation}"
    find_keys, find_policy = partial(_condition_keys, core, resource, request), partial(_policy, core, resource)
    return [Access(action, resource, find_keys, find_policy)]


def _policy(core: Core, resource: str) -> Sequence[Statement]:
    topic = core.cache.find(resource)
    return () if topic is None else topic.statements or ()


def _condition_keys(core: Core, resource: str, request: Wire) -> ConditionKeys:
    topic_arn = ":".join(resource.split(":", 6)[:6])  # that of a subscription's topic, too
    topic = core.cache.find(topic_arn)
    return find_condition_keys({} if topic is None else topic.row.tags, request)


def _find_resource(context: RequestContext, operation: str, request: Wire) -> str:
    """The ARN in the request; ``*`` for lists and phone numbers."""
    for member in ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"):
        if member in request:
            arn: str = request[member]
            return arn
    if operation == "CreateTopic":
        return make_arn("sns", context.region, context.account, request["Name"])
    return "*"
