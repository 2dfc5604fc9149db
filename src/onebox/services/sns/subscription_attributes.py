"""Attributes and endpoints of subscriptions: what may be set, what is shown.

AWS: https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from onebox.arn import find_arn
from onebox.services.sns.delivery_policy import (
    check_delivery_policy,
    effective_subscription_policy,
    shown_subscription_policy,
)
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.filter_validation import check_filter_policy
from onebox.services.sns.limits import POLICY_BYTES_MAX
from onebox.services.sns.model import SUBSCRIPTION_PROTOCOLS, Subscription, Topic
from onebox.services.sns.phone_numbers import is_phone_number
from onebox.text.documents import parse_document

ON_SET = "Invalid parameter: "
ON_SUBSCRIBE = "Invalid parameter: Attributes Reason: "
_POLICY_DEPTH_MAX = 4
_NAMES = frozenset(
    (
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "SubscriptionRoleArn",
    )
)
_DEFAULTS = {"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": "false"}
_RAW_PROTOCOLS = frozenset(("sqs", "http", "https"))
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def check_endpoint(topic: Topic, protocol: str, endpoint: str | None) -> None:
    """The rules for protocol and endpoint. Raises InvalidParameter."""
    if protocol not in SUBSCRIPTION_PROTOCOLS:
        raise InvalidParameterException(
            f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
        )
    if not endpoint:
        raise InvalidParameterException("Invalid parameter: Endpoint")
    if topic.is_fifo and protocol != "sqs":
        raise InvalidParameterException(f"Invalid parameter: Invalid protocol type: {protocol}")
    if protocol == "sqs":
        _check_arn(endpoint, "sqs", "Invalid parameter: SQS endpoint ARN")
        if endpoint.endswith(".fifo") and not topic.is_fifo:
            raise InvalidParameterException(
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to"
                " standard SNS topics"
            )
    elif protocol == "lambda":
        _check_arn(endpoint, "lambda", "Invalid parameter: Lambda endpoint ARN")
    elif protocol in ("http", "https"):
        if not endpoint.startswith(f"{protocol}://"):
            raise InvalidParameterException("Invalid parameter: Endpoint must match the specified protocol")
    elif protocol == "sms":
        if not is_phone_number(endpoint):
            raise InvalidParameterException(f"Invalid SMS endpoint: {endpoint}")
    elif not _EMAIL.fullmatch(endpoint):
        raise InvalidParameterException("Invalid parameter: Email address")


def check_subscription_attributes(
    topic: Topic, protocol: str, endpoint: str, attributes: Mapping[str, str], prefix: str
) -> None:
    """The rules for a subscription's attributes as they would stand together. Raises InvalidParameter."""
    for name, value in attributes.items():
        if name not in _NAMES:
            reason = "AttributeName" if prefix == ON_SET else f"Unknown attribute: {name}"
            raise InvalidParameterException(prefix + reason)
        if name == "RawMessageDelivery":
            _check_raw(protocol, value, prefix)
        elif name == "FilterPolicyScope":
            if value not in ("MessageAttributes", "MessageBody"):
                raise InvalidParameterException(
                    f"{prefix}FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or"
                    " MessageAttributes"
                )
        elif name == "FilterPolicy" and value:
            scope = attributes.get("FilterPolicyScope", "MessageAttributes")
            check_filter_policy(value, scope, prefix)
        elif name == "RedrivePolicy" and value:
            _check_redrive(topic, endpoint, value, prefix)
        elif name == "DeliveryPolicy" and value:
            check_delivery_policy(value, prefix)
        elif name == "SubscriptionRoleArn" and value and find_arn(value) is None:
            raise InvalidParameterException(f"{prefix}SubscriptionRoleArn: Invalid ARN")


def is_same_subscription(existing: Mapping[str, str], requested: Mapping[str, str]) -> bool:
    """Whether a repeated Subscribe asks for what is there: an attribute left out, or a default written out, agrees."""
    return all(existing.get(name, _DEFAULTS.get(name)) == value for name, value in requested.items())


def shown_subscription_attributes(subscription: Subscription, topic: Topic) -> dict[str, str]:
    """What GetSubscriptionAttributes answers."""
    attributes = dict(subscription.attributes)
    attributes.setdefault("RawMessageDelivery", "false")
    if "FilterPolicy" in attributes:
        attributes.setdefault("FilterPolicyScope", "MessageAttributes")
    else:
        attributes.pop("FilterPolicyScope", None)
    if subscription.protocol in ("http", "https"):
        own = attributes.get("DeliveryPolicy")
        effective = effective_subscription_policy(topic.attributes.get("DeliveryPolicy"), own)
        attributes["EffectiveDeliveryPolicy"] = _compact(effective)
        if own:
            attributes["DeliveryPolicy"] = _compact(shown_subscription_policy(own))
    return {
        **attributes,
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic_arn,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "Owner": subscription.account,
        "SubscriptionPrincipal": subscription.principal_arn,
        "PendingConfirmation": "true" if subscription.is_pending else "false",
        "ConfirmationWasAuthenticated": "true" if subscription.authenticated else "false",
    }


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _check_arn(endpoint: str, service: str, message: str) -> None:
    arn = find_arn(endpoint)
    if arn is None or arn.service != service:
        raise InvalidParameterException(message)


def _check_raw(protocol: str, value: str, prefix: str) -> None:
    if value not in ("true", "false"):
        raise InvalidParameterException(f"{prefix}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if value == "true" and protocol not in _RAW_PROTOCOLS:
        raise InvalidParameterException(
            f"{prefix}Delivery protocol [{protocol}] does not support raw message delivery."
        )


def _check_redrive(topic: Topic, endpoint: str, value: str, prefix: str) -> None:
    try:
        policy = parse_document(value, bytes_max=POLICY_BYTES_MAX, depth_max=_POLICY_DEPTH_MAX)
    except ValueError as error:
        raise InvalidParameterException(f"{prefix}RedrivePolicy: failed to parse JSON. {error}") from error
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    arn = find_arn(target) if isinstance(target, str) else None
    if arn is None or arn.service != "sqs":
        raise InvalidParameterException(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if topic.is_fifo and endpoint.endswith(".fifo") and not arn.resource.endswith(".fifo"):
        raise InvalidParameterException(
            f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        )
