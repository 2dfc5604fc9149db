"""Attributes of topics: which may be set, what they may be, what is shown when they were not.

AWS: https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from onebox.services.iam.policy import compile_policy
from onebox.services.sns.delivery_policy import check_delivery_policy, effective_topic_policy
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.limits import MESSAGE_BYTES_DEFAULT, MESSAGE_BYTES_LEAST, MESSAGE_BYTES_MOST, POLICY_BYTES_MAX
from onebox.services.sns.model import Topic
from onebox.text.documents import parse_object

_FEEDBACK = re.compile(
    r"(HTTP|SQS|Lambda|Firehose|Application)(SuccessFeedbackRoleArn|FailureFeedbackRoleArn|SuccessFeedbackSampleRate)"
)
_OWNER_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
ON_SET = "Invalid parameter: "
ON_CREATE = "Invalid parameter: Attributes Reason: "


def check_topic_attributes(attributes: Mapping[str, str], *, is_fifo: bool) -> None:
    """The rules for CreateTopic. Raises InvalidParameter."""
    for name, value in attributes.items():
        if name == "FifoTopic":
            if value not in ("true", "false"):
                raise InvalidParameterException(
                    f"{ON_CREATE}FifoTopic: Invalid value [{value}]. Must be true or false."
                )
        elif not _is_known(name):
            raise InvalidParameterException(f"{ON_CREATE}Unknown attribute: {name}")
        else:
            _check(name, value, is_fifo, ON_CREATE)


def check_topic_attribute(name: str, value: str, *, is_fifo: bool) -> None:
    """The rules for SetTopicAttributes. Raises InvalidParameter."""
    if not _is_known(name):
        raise InvalidParameterException("Invalid parameter: AttributeName")
    _check(name, value, is_fifo, ON_SET)


def is_topic_attribute_cleared(name: str, value: str) -> bool:
    """Whether setting this value means the default again."""
    return not value and name != "DisplayName"


def shown_topic_attributes(topic: Topic, counts: Mapping[str, int]) -> dict[str, str]:
    """What GetTopicAttributes answers; ``counts`` are the subscriptions by status."""
    attributes = {name: value for name, value in topic.attributes.items() if name != "FifoTopic"}
    attributes.setdefault("DisplayName", "")
    attributes.setdefault("Policy", default_policy(topic))
    if topic.is_fifo:
        attributes["FifoTopic"] = "true"
        attributes.setdefault("ContentBasedDeduplication", "false")
    return {
        **attributes,
        "TopicArn": topic.arn,
        "Owner": topic.account,
        "EffectiveDeliveryPolicy": _compact(effective_topic_policy(attributes.get("DeliveryPolicy"))),
        "SubscriptionsConfirmed": str(counts.get("confirmed", 0)),
        "SubscriptionsPending": str(counts.get("pending", 0)),
        "SubscriptionsDeleted": str(topic.subscriptions_deleted),
    }


def default_policy(topic: Topic) -> str:
    """The policy that AWS gives a new topic."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNER_ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account}},
    }
    return _compact({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _is_known(name: str) -> bool:
    return name in _CHECKS or _FEEDBACK.fullmatch(name) is not None


def _check(name: str, value: str, is_fifo: bool, prefix: str) -> None:
    if name in _FIFO_ONLY and not is_fifo:
        raise InvalidParameterException(f"{prefix}{name}: {name} can only be set for FIFO topics")
    check = _CHECKS.get(name, _check_feedback)
    if value or name in ("SignatureVersion", "MaximumMessageSize"):
        check(name, value, prefix)


def _check_policy(name: str, value: str, prefix: str) -> None:
    try:
        document = parse_object(value, bytes_max=POLICY_BYTES_MAX)
        statements = document["Statement"]
        compiled = compile_policy(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidParameterException(f"{prefix}Policy Error: null") from error
    if not statements or not all(_is_of_service(action.text) for s in compiled for action in s.actions):
        raise InvalidParameterException(f"{prefix}Policy statement action out of service scope!")
    if any(statement.principals is None for statement in compiled):
        raise InvalidParameterException(f"{prefix}Policy Error: PrincipalNotFound")


def _is_of_service(action: str) -> bool:
    return action.startswith("sns:")


def _check_delivery(name: str, value: str, prefix: str) -> None:
    check_delivery_policy(value, prefix)


def _check_display_name(name: str, value: str, prefix: str) -> None:
    if len(value) > 100 or "\n" in value:
        raise InvalidParameterException(f"{prefix}DisplayName")


def _check_bool(name: str, value: str, prefix: str) -> None:
    if value not in ("true", "false"):
        raise InvalidParameterException(f"{prefix}{name}: Invalid value [{value}]. Must be true or false.")


def _one_of(*allowed: str) -> Callable[[str, str, str], None]:
    def check(name: str, value: str, prefix: str) -> None:
        if value not in allowed:
            choices = " or ".join(allowed)
            raise InvalidParameterException(f"{prefix}{name}: Invalid value [{value}]. Must be {choices}.")

    return check


def _check_size(name: str, value: str, prefix: str) -> None:
    valid = _is_number(value) and MESSAGE_BYTES_LEAST <= int(value) <= MESSAGE_BYTES_MOST
    if not valid:
        raise InvalidParameterException(
            f"{prefix}MaximumMessageSize: value must be an integer between {MESSAGE_BYTES_LEAST} and"
            f" {MESSAGE_BYTES_MOST}"
        )


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 10


def _check_any(name: str, value: str, prefix: str) -> None:
    """Keys and roles of AWS that this runtime keeps but has no use for."""


def _check_feedback(name: str, value: str, prefix: str) -> None:
    if name.endswith("SampleRate"):
        if not (_is_number(value) and int(value) <= 100):
            raise InvalidParameterException(f"{prefix}{name}: value provided is not an integer between 0-100")
    elif not value.startswith("arn:"):
        raise InvalidParameterException(f"{prefix}{name}: Invalid ARN")


def takes_large_messages(value: str) -> bool:
    """Whether a MaximumMessageSize is above the usual 256 KiB, which restricts the subscriptions."""
    return int(value) > MESSAGE_BYTES_DEFAULT


_FIFO_ONLY = frozenset(("ContentBasedDeduplication", "FifoThroughputScope"))
_CHECKS: dict[str, Callable[[str, str, str], None]] = {
    "Policy": _check_policy,
    "DeliveryPolicy": _check_delivery,
    "DisplayName": _check_display_name,
    "KmsMasterKeyId": _check_any,
    "TracingConfig": _one_of("PassThrough", "Active"),
    "SignatureVersion": _one_of("1", "2"),
    "ContentBasedDeduplication": _check_bool,
    "FifoThroughputScope": _one_of("Topic", "MessageGroup"),
    "MaximumMessageSize": _check_size,
}
