"""From stored messages to what ReceiveMessage shows of them. Pure.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from onebox.services.context import Wire
from onebox.services.sqs import message_attributes
from onebox.services.sqs.errors import InvalidAttributeName
from onebox.services.sqs.message_attributes import NameFilter
from onebox.services.sqs.model import Queue, ReceivedMessage, StoredMessage
from onebox.services.sqs.receipts import Receipt, format_receipt

SYSTEM_ATTRIBUTES = frozenset(
    {
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    }
)
_NONE: frozenset[str] = frozenset()


def choose_system_attributes(request: Wire) -> Collection[str]:
    """The system attributes a ReceiveMessage asks for, by either of its two members. Raises InvalidAttributeName."""
    # The newer member wins where both are given; recorded from AWS.
    names = request.get("MessageSystemAttributeNames") or request.get("AttributeNames")
    if not names:
        return _NONE
    if "All" in names:
        return SYSTEM_ATTRIBUTES
    for name in names:
        if name not in SYSTEM_ATTRIBUTES:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return frozenset(names)


def show_message(
    queue: Queue,
    message: StoredMessage,
    *,
    now_ms: int,
    wall_of: Callable[[int], int],
    system_names: Collection[str],
    user_names: NameFilter,
) -> Wire:
    """A message as ReceiveMessage returns it; ``message`` is as it was before this receive was counted.

    ``wall_of`` converts steady time to the wall time that is shown."""
    shown: Wire = {
        "MessageId": message.message_id,
        "ReceiptHandle": format_receipt(Receipt(queue.queue_id, message.id, message.receive_count + 1)),
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if system_names:
        every = system_attributes(message, now_ms, wall_of)
        picked = every if system_names is SYSTEM_ATTRIBUTES else {n: v for n, v in every.items() if n in system_names}
        if picked:
            shown["Attributes"] = picked
    if message.attributes is not None and not user_names.takes_none:
        attributes, md5 = message_attributes.read_attributes(message.attributes), message.attributes_md5
        if not user_names.takes_all:
            attributes = user_names.pick(attributes)
            md5 = message_attributes.digest(attributes)
        if attributes:
            shown["MessageAttributes"] = attributes
            shown["MD5OfMessageAttributes"] = md5
    return shown


def describe_message(
    queue: Queue, message: StoredMessage, now_ms: int, wall_of: Callable[[int], int]
) -> ReceivedMessage:
    """A message with everything, for another service."""
    receipt = Receipt(queue.queue_id, message.id, message.receive_count + 1)
    return ReceivedMessage(
        message_id=message.message_id,
        receipt=receipt,
        receipt_handle=format_receipt(receipt),
        body=message.body,
        md5_of_body=message.body_md5,
        attributes=system_attributes(message, now_ms, wall_of),
        message_attributes=message_attributes.read_attributes(message.attributes) if message.attributes else {},
        md5_of_message_attributes=message.attributes_md5,
    )


def system_attributes(message: StoredMessage, now_ms: int, wall_of: Callable[[int], int]) -> dict[str, str]:
    """All system attributes of a message that is received now."""
    first_ms = message.first_received_at_ms
    attributes = {
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(wall_of(now_ms if first_ms is None else first_ms)),
        "ApproximateReceiveCount": str(message.counted_receives + 1),
        "SentTimestamp": str(wall_of(message.sent_at_ms)),
    }
    if message.sequence_number is not None:
        attributes["SequenceNumber"] = message.sequence_number
    if message.dedup_id is not None:
        attributes["MessageDeduplicationId"] = message.dedup_id
    if message.group_id is not None:
        attributes["MessageGroupId"] = message.group_id
    if message.trace_header is not None:
        attributes["AWSTraceHeader"] = message.trace_header
    if message.dead_letter_source_arn is not None:
        attributes["DeadLetterQueueSourceArn"] = message.dead_letter_source_arn
    return attributes
