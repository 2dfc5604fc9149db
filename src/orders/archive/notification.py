"""One archived notification: what SNS delivered, as a line of JSON, and as SNS would deliver it again.

Promises: the message is kept character for character, valid or not; the id is SNS's message id, or the SQS message id
where no envelope was around it, so that what is archived twice is recognised.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from orders.domain.order import is_envelope, parse_moment_ns
from orders.domain.times import ms_of_moment
from orders.errors import OrderRejected

YEAR_MS = 366 * 86_400_000


class Notification(NamedTuple):
    """What was published to OrderTopic."""

    published_at_ms: int
    """SNS's time; the time of sending to the queue without an envelope."""
    id: str
    message: str
    attributes: Mapping[str, Mapping[str, str]] = {}
    """The message attributes as SNS's envelope holds them: Type and Value by name."""
    topic_arn: str | None = None
    subject: str | None = None

    @property
    def key(self) -> tuple[int, str]:
        """The place in the order of the archive."""
        return self.published_at_ms, self.id


def read_delivery(body: str, message_id: str, sent_at_ms: int) -> Notification:
    """The notification in a message of OrderArchiveQueue. Takes everything."""
    envelope = _read_envelope(body)
    if envelope is None:
        return Notification(sent_at_ms, message_id, body)
    attributes = envelope.get("MessageAttributes")
    subject = envelope.get("Subject")
    return Notification(
        published_at_ms=_read_time(envelope.get("Timestamp"), sent_at_ms),
        id=_text_or(envelope.get("MessageId"), message_id),
        message=envelope["Message"],
        attributes=_clean_attributes(attributes) if isinstance(attributes, dict) else {},
        topic_arn=_text_or(envelope["TopicArn"], "") or None,
        subject=subject if isinstance(subject, str) else None,
    )


def to_line(notification: Notification) -> str:
    """A line of the archive, without its end. Escaped, so that any text has UTF-8."""
    content: dict[str, Any] = {
        "id": notification.id,
        "publishedAt": show_moment(notification.published_at_ms),
        "message": notification.message,
    }
    if notification.attributes:
        content["attributes"] = notification.attributes
    if notification.topic_arn is not None:
        content["topicArn"] = notification.topic_arn
    if notification.subject is not None:
        content["subject"] = notification.subject
    return json.dumps(content, separators=(",", ":"))


def from_line(line: str) -> Notification:
    """The notification of a line. Raises ValueError, KeyError or TypeError for what to_line did not write."""
    content = json.loads(line)
    return Notification(
        published_at_ms=ms_of_moment(parse_moment_ns(content["publishedAt"])),
        id=str(content["id"]),
        message=str(content["message"]),
        attributes=content.get("attributes", {}),
        topic_arn=content.get("topicArn"),
        subject=content.get("subject"),
    )


def to_envelope(notification: Notification) -> str:
    """The body with which SNS delivers the notification to a queue, without a signature."""
    content: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": notification.id,
        "TopicArn": notification.topic_arn or "",
        "Message": notification.message,
        "Timestamp": show_moment(notification.published_at_ms),
    }
    if notification.subject is not None:
        content["Subject"] = notification.subject
    if notification.attributes:
        content["MessageAttributes"] = notification.attributes
    return json.dumps(content)


def show_moment(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _read_envelope(body: str) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and is_envelope(value) else None


def _read_time(timestamp: object, sent_at_ms: int) -> int:
    """SNS's time if it is one, and near enough to the queue's: anybody may have sent an envelope to the queue."""
    if not isinstance(timestamp, str):
        return sent_at_ms
    try:
        at_ms = ms_of_moment(parse_moment_ns(timestamp))
    except (OrderRejected, ValueError, OverflowError):
        return sent_at_ms
    return at_ms if abs(at_ms - sent_at_ms) <= YEAR_MS else sent_at_ms


def _text_or(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _clean_attributes(attributes: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        name: {"Type": str(value["Type"]), "Value": str(value["Value"])}
        for name, value in attributes.items()
        if isinstance(value, dict) and "Type" in value and "Value" in value
    }
