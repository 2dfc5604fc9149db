"""Reading what is published: body, structure, subject, attributes, group and deduplication ids.

Promises: a message that passes can be delivered to every protocol; the errors are AWS's, in AWS's words.
Knows nothing of topics' storage and of deliveries.
AWS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from __future__ import annotations

import hashlib
import re

import orjson

from onebox.errors import ValidationError
from onebox.services.context import Wire
from onebox.services.sns.errors import InvalidParameterException, InvalidParameterValueException
from onebox.services.sns.limits import FIFO_ID_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX
from onebox.services.sns.model import Message

_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]+")
_FIFO_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]+")
_NAME_REFUSED = re.compile(r"[^A-Za-z0-9_.\-]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NAME_BYTES_MAX = 256
_NO_BODIES: dict[str, str] = {}


def parse_message(request: Wire, message_id: str, max_bytes: int, place: str = "") -> Message:
    """The message of a Publish request, or of one entry of a batch (``place`` names it in errors)."""
    body = request["Message"]
    if not body:
        raise InvalidParameterException("Invalid parameter: Empty message")
    attributes = request.get("MessageAttributes") or {}
    body_bytes = (len(body) if body.isascii() else len(body.encode())) + _check_attributes(attributes, place)
    if body_bytes > max_bytes:
        raise InvalidParameterException("Invalid parameter: Message too long")
    subject = request.get("Subject")
    if subject is not None:
        _check_subject(subject)
    bodies = _NO_BODIES
    structure = request.get("MessageStructure")
    if structure is not None:
        bodies = _parse_structure(structure, body)
        body = bodies.pop("default")
    return Message(
        message_id=message_id,
        body=body,
        bodies=bodies,
        subject=subject,
        attributes=attributes,
        body_bytes=body_bytes,
        group_id=request.get("MessageGroupId"),
        dedup_id=request.get("MessageDeduplicationId"),
    )


def check_fifo_fields(request: Wire, *, is_fifo: bool, deduplicates_content: bool) -> None:
    """The rules of MessageGroupId and MessageDeduplicationId for the kind of topic."""
    group_id, dedup_id = request.get("MessageGroupId"), request.get("MessageDeduplicationId")
    if not is_fifo:
        if dedup_id is not None:
            raise InvalidParameterException(
                "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId"
                " parameter that is not valid for this topic type"
            )
        if group_id is not None:
            _check_fifo_id("MessageGroupId", group_id)
        return
    if not group_id:
        raise InvalidParameterException("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
    _check_fifo_id("MessageGroupId", group_id)
    if dedup_id is None:
        if not deduplicates_content:
            raise InvalidParameterException(
                "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or"
                " MessageDeduplicationId provided explicitly"
            )
        return
    _check_fifo_id("MessageDeduplicationId", dedup_id)


def content_dedup_id(request: Wire) -> str:
    """The deduplication id of content-based deduplication: SHA-256 of the body, not of the attributes."""
    return hashlib.sha256(request["Message"].encode()).hexdigest()


def _check_fifo_id(name: str, value: str) -> None:
    if len(value) > FIFO_ID_CHARACTERS_MAX or not _FIFO_ID.fullmatch(value):
        raise InvalidParameterException(
            f"Invalid parameter: {name} Reason: {name} can only include alphanumeric and punctuation characters."
            " 1 to 128 in length"
        )


def _check_subject(subject: str) -> None:
    """Line breaks and control characters are refused, and a leading space."""
    valid = len(subject) <= SUBJECT_CHARACTERS_MAX and _SUBJECT.fullmatch(subject) and subject[0] != " "
    if not valid:
        raise InvalidParameterException("Invalid parameter: Subject")


def _parse_structure(structure: str, body: str) -> dict[str, str]:
    """The texts of MessageStructure=json by protocol; what is no text under a key is left out, as in AWS."""
    if structure != "json":
        raise InvalidParameterException("Invalid parameter: MessageStructure")
    try:
        texts = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidParameterException(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from error
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameterException("Invalid parameter: Message Structure - No default entry in JSON message body")
    return {protocol: text for protocol, text in texts.items() if isinstance(text, str)}


def _check_attributes(attributes: Wire, place: str) -> int:
    """Check every message attribute; their bytes (names, types and values count)."""
    total_bytes = 0
    for name, attribute in attributes.items():
        _check_attribute_name(name)
        kind = attribute.get("DataType")
        if not kind:
            raise ValidationError(
                f"1 validation error detected: Value null at '{place}messageAttributes.{name}.member.dataType'"
                " failed to satisfy constraint: Member must not be null"
            )
        value = _check_attribute_value(name, kind, attribute)
        total_bytes += len(name.encode()) + len(kind.encode())
        total_bytes += len(value) if isinstance(value, bytes) else len(value.encode())
    return total_bytes


def _check_attribute_name(name: str) -> None:
    if len(name.encode()) > _NAME_BYTES_MAX:
        raise InvalidParameterValueException("Length of message attribute name must be less than 256 bytes.")
    refused = _NAME_REFUSED.search(name)
    if refused:
        raise InvalidParameterValueException(
            f"Invalid non-alphanumeric character '#x{ord(refused[0]):X}' was found in the message attribute name."
            " Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.startswith("."):
        raise InvalidParameterValueException("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise InvalidParameterValueException("Invalid message attribute name ending with character '.' was found.")
    if ".." in name:
        raise InvalidParameterValueException("Message attribute name can not have successive '.' character.")


def _check_attribute_value(name: str, kind: str, attribute: Wire) -> str | bytes:
    """The value, which must be there, in the field of its type."""
    base, dot, custom = kind.partition(".")
    if base not in ("String", "Number", "Binary") or (dot and not custom):
        raise InvalidParameterValueException(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type"
            " prefixes is Binary, Number, and String."
        )
    right, wrong = ("BinaryValue", "StringValue") if base == "Binary" else ("StringValue", "BinaryValue")
    value: str | bytes | None = attribute.get(right)
    if not value:
        if attribute.get(wrong):
            field = "Binary" if base == "Binary" else "String"
            raise InvalidParameterValueException(
                f"The message attribute '{name}' with type '{kind}' must use field '{field}'."
            )
        raise InvalidParameterValueException(
            f"The message attribute '{name}' must contain non-empty message attribute value for message"
            f" attribute type '{kind}'."
        )
    if base == "Number" and not _NUMBER.fullmatch(str(value)):
        raise InvalidParameterValueException(f"Could not cast message attribute '{name}' value to number.")
    return value
