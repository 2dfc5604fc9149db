"""Finds attribute values of a request whose JSON has another type than the service model's.

AWS checks all JSON types before anything else. Here the checks of values come where values are used, because that is
free for good requests; when a request fails for whatever reason, this module looks whether its types were the first
thing wrong.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onebox.errors import SerializationException
from onebox.services.context import Wire
from onebox.services.dynamodb.values.attributes import KINDS
from onebox.services.dynamodb.values.checked import CheckedItem, CheckedValue
from onebox.services.json_types import NAMESPACE, list_fault, map_fault, read_boolean, scalar_fault, structure_fault

_VALUE_MAPS = frozenset(("ExclusiveStartKey", "ExpressionAttributeValues", "Item", "Key"))
_VALUE_LISTS = frozenset(("AttributeValueList", "Parameters"))
_CONDITION_MAPS = frozenset(("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"))
_SCALARS = {"S": "string", "N": "string", "B": "blob"}


def check_types(request: Wire) -> None:
    """Raise SerializationException for the first attribute value of another type, in the order of the text."""
    for part in parts_of(request):
        for value, nested in _values_of(part):
            fault = _find_fault(value, nested)
            if fault is not None:
                raise SerializationException(fault)


def parts_of(request: Wire) -> Iterator[Wire]:
    """The structures of a request that hold items, keys and values, in the order of the text."""
    yield request
    for part in request.get("RequestItems", {}).values():
        if isinstance(part, dict):
            yield part
        else:
            yield from _members(part)
    for entries in ("TransactItems", "TransactStatements", "Statements"):
        found = request.get(entries, [])
        yield from found
        yield from _members(found)


def _members(entries: list[Wire]) -> Iterator[Wire]:
    """The puts, deletes, gets and so on of the entries of a list."""
    for entry in entries:
        yield from (member for member in entry.values() if isinstance(member, dict))


def _values_of(part: Wire) -> Iterator[tuple[Any, bool]]:
    """The attribute values of a part, each with whether it is an element of a list or map."""
    for name, member in part.items():
        if name in _VALUE_MAPS and type(member) is not CheckedItem:
            yield from ((value, True) for value in member.values())
        elif name in _VALUE_LISTS:
            yield from ((value, True) for value in member)
        elif name == "Keys":
            yield from ((value, True) for key in member for value in key.values())
        elif name in _CONDITION_MAPS:
            yield from ((entry["Value"], False) for entry in member.values() if "Value" in entry)
            for entry in member.values():
                yield from ((value, True) for value in entry.get("AttributeValueList", ()))


def _find_fault(value: Any, nested: bool) -> str | None:
    """The first fault of a value. Without recursion: values may be as deep as JSON may be."""
    pending = [(value, nested)]
    while pending:
        current, is_nested = pending.pop()
        if current is None or type(current) is CheckedValue:
            continue
        fault = structure_fault(current, "AttributeValue", nested=is_nested)
        if fault is not None:
            return fault
        inner: list[Any] = []
        for kind, content in current.items():
            if kind not in KINDS or content is None:
                continue
            fault = _content_fault(kind, content)
            if fault is not None:
                return fault
            if kind == "L":
                inner += content
            elif kind == "M":
                inner += content.values()
        pending += [(member, True) for member in reversed(inner) if not _is_plain(member)]
    return None


def _is_plain(value: Any) -> bool:
    """Whether it is a text or a number, as most are, and nothing else."""
    return type(value) is dict and len(value) == 1 and type(value.get("N", value.get("S"))) is str


def _content_fault(kind: str, content: Any) -> str | None:
    if kind in _SCALARS:
        return scalar_fault(content, _SCALARS[kind])
    if kind in ("BOOL", "NULL"):
        return None if read_boolean(content) is not None else scalar_fault(content, "boolean")
    if kind == "M":
        return map_fault(content, f"{NAMESPACE}AttributeValue", nested=False)
    fault = list_fault(content, nested=False)
    if fault is None and kind != "L":
        element = "blob" if kind == "BS" else "string"
        faults = (scalar_fault(member, element) for member in content if member is not None)
        fault = next((found for found in faults if found is not None), None)
    return fault
