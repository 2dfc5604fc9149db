"""Message attributes: AWS's checks, sizes, MD5 digests and filters by name.

Stored as JSON in AWS's own spelling, binary values in base64. Pure.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from onebox.services.context import Wire
from onebox.services.sqs.characters import ALLOWED_CHARACTERS, find_forbidden_character
from onebox.services.sqs.errors import InvalidParameterValue, UnsupportedOperation
from onebox.services.sqs.limits import (
    ATTRIBUTE_NAME_BYTES_MAX,
    ATTRIBUTE_TYPE_BYTES_MAX,
    MESSAGE_ATTRIBUTES_MAX,
)

TRACE_HEADER = "AWSTraceHeader"

_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_LISTS = ("StringListValues", "BinaryListValues")


def check_attributes(attributes: Mapping[str, Wire]) -> int:
    """Check MessageAttributes and return their size in bytes. Raises InvalidParameterValue or UnsupportedOperation."""
    if len(attributes) > MESSAGE_ATTRIBUTES_MAX:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES_MAX}]."
        )
    size = 0
    for name, value in attributes.items():
        _check_name(name)
        size += _check_value(name, value, "(user)")
    return size


def check_system_attributes(attributes: Mapping[str, Wire]) -> str | None:
    """Check MessageSystemAttributes and return the trace header, the only one there is."""
    for name, value in attributes.items():
        if name != TRACE_HEADER:
            raise InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")
        if value.get("DataType") != "String":
            raise InvalidParameterValue(f"The message system attribute '{name}' must have the data type 'String'.")
        _check_value(name, value, "system")
    return attributes[TRACE_HEADER]["StringValue"] if attributes else None


def digest(attributes: Mapping[str, Wire]) -> str:
    """The MD5 of attributes: for each, by name: name, data type, transport kind and value, lengths in front."""
    md5 = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        for part in (name.encode(), value["DataType"].encode()):
            md5.update(len(part).to_bytes(4, "big") + part)
        if value["DataType"].startswith("Binary"):
            kind, content = b"\x02", value["BinaryValue"]
        else:
            kind, content = b"\x01", value["StringValue"].encode()
        md5.update(kind + len(content).to_bytes(4, "big") + content)
    return md5.hexdigest()


def format_attributes(attributes: Mapping[str, Wire]) -> str:
    """Attributes as they are stored."""
    plain: dict[str, dict[str, Any]] = {}
    for name, value in attributes.items():
        plain[name] = {"DataType": value["DataType"]}
        if value["DataType"].startswith("Binary"):
            plain[name]["BinaryValue"] = base64.b64encode(value["BinaryValue"]).decode("ascii")
        else:
            plain[name]["StringValue"] = value["StringValue"]
    return orjson.dumps(plain).decode()


def read_attributes(stored: str) -> dict[str, Wire]:
    """Attributes as the wire has them, from what was stored."""
    attributes: dict[str, Wire] = orjson.loads(stored)
    for value in attributes.values():
        if "BinaryValue" in value:
            value["BinaryValue"] = base64.b64decode(value["BinaryValue"])
    return attributes


class NameFilter:
    """MessageAttributeNames of ReceiveMessage: ``All``, ``*``, ``.*``, ``prefix.*`` or names."""

    __slots__ = ("_names", "_prefixes", "takes_all", "takes_none")

    def __init__(self, names: Iterable[str]) -> None:
        listed = list(names)
        self._names = frozenset(listed)
        self._prefixes = tuple(name[:-2] for name in listed if name.endswith(".*"))
        self.takes_all = bool(self._names & {"All", "*"}) or "" in self._prefixes
        self.takes_none = not listed

    def pick(self, attributes: Mapping[str, Wire]) -> dict[str, Wire]:
        """The attributes asked for."""
        return {
            name: value
            for name, value in attributes.items()
            if name in self._names or (self._prefixes and name.startswith(self._prefixes))
        }


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidParameterValue("The request must contain non-empty message (user) attribute names.")
    if len(name.encode()) > ATTRIBUTE_NAME_BYTES_MAX:
        raise InvalidParameterValue(
            f"Message (user) attribute name must be shorter than {ATTRIBUTE_NAME_BYTES_MAX} bytes."
        )
    if name.lower().startswith(("aws.", "amazon.")):
        raise InvalidParameterValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. "
            "These strings are reserved for internal use."
        )
    if name.startswith("."):
        raise InvalidParameterValue("Message (user) attribute name must not begin with character '.'.")
    if name.endswith("."):
        raise InvalidParameterValue("Message (user) attribute name must not end with character '.'.")
    if ".." in name:
        raise InvalidParameterValue("Message (user) attribute name must not have successive '.' characters.")
    # Recorded from AWS: letters of other alphabets are taken as well.
    if not all(character in _NAME_CHARACTERS or character.isalpha() for character in name):
        raise InvalidParameterValue(
            f"Invalid character in message (user) attribute name '{name}': only A-Z, a-z, 0-9, _, -, and . are allowed."
        )


def _check_value(name: str, value: Wire, kind: str) -> int:
    """Check one attribute's type and value; its bytes, with the name's."""
    if any(value.get(member) for member in _LISTS):
        raise UnsupportedOperation("Message attribute list values in SendMessage operation are not supported.")
    data_type = value.get("DataType")
    if not data_type:
        raise InvalidParameterValue(
            f"The message {kind} attribute '{name}' must contain a non-empty message attribute "
            f"{'type' if value else 'value'}."
        )
    prefix = data_type.partition(".")[0]
    if prefix not in ("String", "Number", "Binary"):
        raise InvalidParameterValue(
            f"The type of message {kind} attribute '{name}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String."
        )
    if len(data_type.encode()) > ATTRIBUTE_TYPE_BYTES_MAX:
        raise InvalidParameterValue(
            f"Message {kind} attribute type must be shorter than {ATTRIBUTE_TYPE_BYTES_MAX} bytes."
        )
    content = _check_content(name, value, prefix, kind)
    return len(name.encode()) + len(data_type.encode()) + len(content)


def _check_content(name: str, value: Wire, prefix: str, kind: str) -> bytes:
    text, binary = value.get("StringValue"), value.get("BinaryValue")
    if text and binary:
        raise InvalidParameterValue(f"Message {kind} attribute '{name}' must have a single value.")
    field, content = ("Binary", binary) if prefix == "Binary" else ("String", text)
    if not content:
        if text or binary:
            raise InvalidParameterValue(
                f"Message {kind} attribute '{name}' with type '{value['DataType']}' must use field '{field}'."
            )
        raise InvalidParameterValue(
            f"Message {kind} attribute '{name}' must contain a non-empty value of type '{value['DataType']}'."
        )
    if isinstance(content, bytes):
        return content
    if prefix == "Number" and _NUMBER.match(content) is None:
        raise InvalidParameterValue(f"Can't cast the value of message {kind} attribute '{name}' to a number.")
    if prefix == "String":
        forbidden = find_forbidden_character(content)
        if forbidden is not None:
            raise InvalidParameterValue(
                f"Invalid binary character '#x{ord(forbidden):X}' was found in the message {kind} attribute '{name}', "
                f"the set of allowed characters is {ALLOWED_CHARACTERS}."
            )
    encoded: bytes = content.encode()
    return encoded
