"""The message that carries an order through SNS: its text, and the attributes by which subscribers filter.

Promises: the text is the order's own, byte for byte; an attribute is sent only where SNS and SQS take its
value, so that no order is ever refused for the sake of an attribute. There are six at most, because raw
delivery to SQS drops a message with more than ten.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from orders.domain.claims import SIZE_ATTRIBUTE, write_pointer
from orders.domain.order import Order
from orders.domain.sizes import check_size
from orders.domain.trace_context import TRACEPARENT, read_traceparent
from orders.errors import OrderRejected

STRING_ATTRIBUTES = ("status", "country", "currency")
NUMBER_ATTRIBUTES = ("total",)
DIGITS_MAX = 38
GROUP_CHARACTERS = 32
# The characters that XML 1.0 allows, which is what SNS takes in an attribute.
_is_allowed = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+").fullmatch


class Attribute(NamedTuple):
    """A message attribute; ``kind`` is its DataType, String or Number."""

    name: str
    kind: str
    value: str


class Message(NamedTuple):
    """What is published for one order."""

    text: str
    attributes: tuple[Attribute, ...] = ()
    group: str | None = None
    """The message group, by which a fair queue tells customers or channels apart."""

    @property
    def traceparent(self) -> str | None:
        """The trace context that goes with it."""
        return next((one.value for one in self.attributes if one.name == TRACEPARENT), None)

    @property
    def size_bytes(self) -> int:
        """What SNS counts: the text, and name, type and value of each attribute."""
        size = len(self.text.encode("utf-8", "surrogatepass"))
        for name, kind, value in self.attributes:
            size += len(name) + len(kind) + len(value.encode())
        return size


def make_message(text: str, fields: Mapping[str, Any], traceparent: str | None = None) -> Message:
    """The message for an order of this text and these fields, with the trace context that it belongs to."""
    found = [Attribute(name, "String", fields[name]) for name in STRING_ATTRIBUTES if _is_string(fields.get(name))]
    for name in NUMBER_ATTRIBUTES:
        number = _find_number(fields.get(name))
        if number is not None:
            found.append(Attribute(name, "Number", number))
    return add_trace(Message(text, tuple(found)), traceparent)


def make_fitting_message(text: str, order: Order, traceparent: str | None = None, *, claim_check: bool) -> Message:
    """The message for a valid order of this text. Raises OrderRejected for one that is too large for its way."""
    message = make_message(text, order.attributes, traceparent)
    check_size(order, text, message.size_bytes, claim_check=claim_check)
    return message


def add_trace(message: Message, traceparent: str | None) -> Message:
    """The message in a trace; unchanged for what is no trace context."""
    value = read_traceparent(traceparent)
    if value is None:
        return message
    return message._replace(attributes=(*message.attributes, Attribute(TRACEPARENT, "String", value)))


def point_to(message: Message, bucket: str, key: str, size: int) -> Message:
    """The message in the form of AWS's Extended Client Libraries: a pointer to its text in S3."""
    attribute = Attribute(SIZE_ATTRIBUTE, "Number", str(size))
    return message._replace(text=write_pointer(bucket, key), attributes=(*message.attributes, attribute))


def find_group(fields: Mapping[str, Any], field: str) -> str | None:
    """The message group of an order: a digest of a field's value, None where it has no text or number there.

    A digest, because SNS takes 128 ASCII characters and the value may be personal, or longer.
    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    value = fields.get(field)
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)) or value == "":
        return None
    import hashlib  # only where orders are grouped

    text = value if isinstance(value, str) else str(Decimal(value).normalize())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:GROUP_CHARACTERS]


def encode_order(order: Mapping[str, Any]) -> str:
    """An order as JSON, decimals digit for digit. Raises OrderRejected for what JSON cannot hold."""
    try:
        return _encode(order)
    except (TypeError, ValueError, RecursionError) as error:
        raise OrderRejected(f"cannot be written as JSON: {error}") from error


def _encode(value: Any) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a JSON number")
        return str(value)
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("a field name is not a string")
        return "{" + ",".join(f"{json.dumps(name)}:{_encode(member)}" for name, member in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_encode, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _is_string(value: object) -> bool:
    return type(value) is str and _is_allowed(value) is not None


def _find_number(value: object) -> str | None:
    """A number as SNS takes it; None for what is none, and beyond 38 digits before or after the point."""
    if type(value) is int:
        return str(value) if abs(value) < 10**DIGITS_MAX else None
    if type(value) is not Decimal or not value.is_finite():
        return None
    _, digits, exponent = value.as_tuple()
    if len(digits) > DIGITS_MAX or not -DIGITS_MAX <= int(exponent) <= DIGITS_MAX - len(digits):
        return None
    return format(value, "f")
