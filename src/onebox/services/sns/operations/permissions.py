"""AddPermission and RemovePermission: single statements of a topic's policy."""

from __future__ import annotations

import json
import re
from typing import Any

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.sns.core import Core
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.model import Topic
from onebox.services.sns.topic_access import load_topic
from onebox.services.sns.topic_attributes import default_policy

_ACCOUNT = re.compile(r"\d{12}")
_ACTIONS = frozenset(
    (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
        "Receive",
        "*",
    )
)


def add_permission(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Let other accounts perform actions on the topic."""
    topic = load_topic(core.cache, context, request["TopicArn"], "AddPermission").row
    actions, accounts = request["ActionName"], request["AWSAccountId"]
    if not accounts or not all(_ACCOUNT.fullmatch(account) for account in accounts):
        raise InvalidParameterException("Invalid parameter: AWSAccountId")
    if not actions or not all(action in _ACTIONS for action in actions):
        raise InvalidParameterException("Invalid parameter: Policy statement action out of service scope!")
    policy = _policy(topic)
    if any(statement.get("Sid") == request["Label"] for statement in policy["Statement"]):
        raise InvalidParameterException("Invalid parameter: Statement already exists")
    roots = [make_arn("iam", "", account, "root", partition_region=context.region) for account in accounts]
    policy["Statement"].append(
        {
            "Sid": request["Label"],
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_all(roots)},
            "Action": _one_or_all([f"SNS:{action}" for action in actions]),
            "Resource": topic.arn,
        }
    )
    _write(core, topic, policy)
    return {}


def remove_permission(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove the statement with this label; a label that is not there is ignored."""
    topic = load_topic(core.cache, context, request["TopicArn"], "RemovePermission").row
    policy = _policy(topic)
    kept = [statement for statement in policy["Statement"] if statement.get("Sid") != request["Label"]]
    if len(kept) < len(policy["Statement"]):
        policy["Statement"] = kept
        _write(core, topic, policy)
    return {}


def _policy(topic: Topic) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(topic.attributes.get("Policy") or default_policy(topic))
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return policy


def _write(core: Core, topic: Topic, policy: dict[str, Any]) -> None:
    text = json.dumps(policy, separators=(",", ":"))
    core.topics.set_attributes(topic.arn, {**topic.attributes, "Policy": text})
    core.cache.forget(topic.arn)


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
