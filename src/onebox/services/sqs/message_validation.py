"""From a SendMessage request to a valid that may be stored: every check of a message, with AWS's words.

The order of the checks is AWS's where it is known. Pure: knows nothing of SQL, clock or HTTP.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import hashlib
import re

from onebox.services.context import Wire
from onebox.services.sqs import message_attributes
from onebox.services.sqs.characters import ALLOWED_CHARACTERS, find_forbidden_character
from onebox.services.sqs.errors import (
    InvalidMessageContents,
    InvalidParameterValue,
    MissingParameter,
    invalid_value,
)
from onebox.services.sqs.limits import DELAY_S_MAX, SECOND_MS
from onebox.services.sqs.model import Delivery, Queue, ValidMessage

# Letters, digits and punctuation of ASCII, which is all of it but blanks and control characters.
_TOKEN = re.compile(r"[!-~]{1,128}\Z")


def validate_message(queue: Queue, request: Wire, trace_header: str | None = None) -> ValidMessage:
    """Check a message of SendMessage or of a batch entry (same members). Raises SQS's errors.

    ``trace_header`` is the AWSTraceHeader of a message that brings none itself.
    """
    return _validate(
        queue,
        body=request.get("MessageBody"),
        attributes=request.get("MessageAttributes"),
        system_attributes=request.get("MessageSystemAttributes"),
        group_id=request.get("MessageGroupId"),
        dedup_id=request.get("MessageDeduplicationId"),
        delay_s=request.get("DelaySeconds"),
        trace_header=trace_header,
    )


def validate_delivery(queue: Queue, delivery: Delivery, trace_header: str | None) -> ValidMessage:
    """The same for the SendMessage that a delivery of another service means, the size included."""
    valid = _validate(
        queue,
        body=delivery.body,
        attributes=delivery.attributes,
        system_attributes=None,
        group_id=delivery.group_id,
        dedup_id=delivery.dedup_id if queue.is_fifo else None,
        delay_s=None,
        trace_header=trace_header,
    )
    check_size(queue, valid)
    return valid


def _validate(
    queue: Queue,
    *,
    body: str | None,
    attributes: Wire | None,
    system_attributes: Wire | None,
    group_id: str | None,
    dedup_id: str | None,
    delay_s: int | None,
    trace_header: str | None,
) -> ValidMessage:
    if not body:
        raise MissingParameter("The request must contain the parameter MessageBody.")
    check_characters(body)
    encoded = body.encode()
    body_bytes = len(encoded) + (message_attributes.check_attributes(attributes) if attributes else 0)
    if system_attributes:
        trace_header = message_attributes.check_system_attributes(system_attributes)
    dedup_id = _check_ids(queue, group_id, dedup_id, encoded)
    return ValidMessage(
        body=body,
        body_md5=hashlib.md5(encoded, usedforsecurity=False).hexdigest(),
        body_bytes=body_bytes,
        delay_ms=_check_delay(queue, delay_s),
        attributes=message_attributes.format_attributes(attributes) if attributes else None,
        attributes_md5=message_attributes.digest(attributes) if attributes else None,
        trace_header=trace_header,
        system_attributes_md5=message_attributes.digest(system_attributes) if system_attributes else None,
        group_id=group_id,
        dedup_id=dedup_id,
    )


def check_size(queue: Queue, valid: ValidMessage) -> None:
    """Check a message against the queue's MaximumMessageSize. Raises InvalidParameterValue."""
    if valid.body_bytes > queue.message_bytes_max:
        raise too_long(queue, "are invalid")


def too_long(queue: Queue, verb: str) -> InvalidParameterValue:
    """AWS's words for a message beyond MaximumMessageSize; single and batched messages differ in the verb."""
    return InvalidParameterValue(
        f"One or more parameters {verb}. Reason: Message must be shorter than {queue.message_bytes_max} bytes."
    )


def check_characters(body: str) -> None:
    """Check that XML 1.0 can carry the text. Raises InvalidMessageContents."""
    forbidden = find_forbidden_character(body)
    if forbidden is not None:
        raise InvalidMessageContents(
            f"Invalid binary character '#x{ord(forbidden):X}' was found in the message body, the set of "
            f"allowed characters is {ALLOWED_CHARACTERS}."
        )


def check_fifo_members(queue: Queue, request: Wire) -> None:
    """Check what a FIFO queue asks of every entry of a batch, before any is stored. Raises InvalidParameterValue."""
    if not queue.is_fifo:
        return
    if request.get("MessageGroupId") is None:
        raise InvalidParameterValue("The request must contain the parameter MessageGroupId.")
    if request.get("MessageDeduplicationId") is None and not queue.deduplicates_by_content:
        raise _no_deduplication()


def _check_delay(queue: Queue, delay_s: int | None) -> int:
    if delay_s is None:
        return queue.delay_ms
    if queue.is_fifo:
        if delay_s != 0:
            raise invalid_value(
                delay_s,
                "DelaySeconds",
                "The request include parameter that is not valid for this queue type.",
            )
        # Recorded from AWS: zero is allowed, and means the queue's delay all the same.
        return queue.delay_ms
    if not 0 <= delay_s <= DELAY_S_MAX:
        raise invalid_value(delay_s, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {DELAY_S_MAX}.")
    return delay_s * SECOND_MS


def _check_ids(queue: Queue, group_id: str | None, dedup_id: str | None, body: bytes) -> str | None:
    """Check both ids; the MessageDeduplicationId, made from the body where the queue says so."""
    if group_id is not None:
        _check_token("MessageGroupId", group_id)
    if not queue.is_fifo:
        if dedup_id is not None:
            raise invalid_value(
                dedup_id,
                "MessageDeduplicationId",
                "The request include parameter that is not valid for this queue type.",
            )
        return None
    if group_id is None:
        raise MissingParameter("The request must contain the parameter MessageGroupId.")
    if dedup_id is not None:
        _check_token("MessageDeduplicationId", dedup_id)
        return dedup_id
    if not queue.deduplicates_by_content:
        raise _no_deduplication()
    return hashlib.sha256(body).hexdigest()


def _check_token(parameter: str, value: str) -> None:
    if _TOKEN.match(value) is None:
        raise invalid_value(
            value,
            parameter,
            f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def _no_deduplication() -> InvalidParameterValue:
    return InvalidParameterValue(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
