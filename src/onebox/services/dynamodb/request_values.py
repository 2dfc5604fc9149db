"""The items and attribute values of a large request, checked all at once.

They are replaced in the request by ones that know what came of it, so that the operation finds sizes and faults where
it would have checked them, in its own order. It takes up to a second for the largest bodies, in steps of some
milliseconds: it is done beside the event loop.
"""

from __future__ import annotations

from typing import Any

import orjson

from onebox.errors import AwsError, SerializationException, ValidationException, without_frames
from onebox.services.context import Wire
from onebox.services.dynamodb.legacy import check_members
from onebox.services.dynamodb.values.attributes import AttributeValue, Item, check_value, serialize_item
from onebox.services.dynamodb.values.checked import CheckedItem, CheckedValue, count_values
from onebox.services.dynamodb.wire_types import check_types, parts_of

_VALUE_MAPS = ("ExclusiveStartKey", "ExpressionAttributeValues", "Key")
_VALUE_LISTS = ("AttributeValueList", "Parameters")
_BOUNDED_MAPS = (
    "AttributeUpdates",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
_CONDITION_MAPS = ("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")


def check_request_values(request: Wire) -> AwsError | None:
    """Check them in place. The answer is the first value whose JSON has another type, which AWS reports before all
    else, or that a condition has more members than onebox takes; the others are left unchecked then."""
    try:
        check_types(request)
        for part in parts_of(request):
            _check_lengths(part)
    except (SerializationException, ValidationException) as fault:
        return without_frames(fault)
    for part in parts_of(request):
        _check_part(part)
    return None


def _check_lengths(part: Wire) -> None:
    for name in _BOUNDED_MAPS:
        check_members(name, part.get(name))


def _check_part(part: Wire) -> None:
    if isinstance(part.get("Item"), dict):
        part["Item"] = _check_item(part["Item"])
    for name in _VALUE_MAPS:
        if isinstance(part.get(name), dict):
            _check_members(part[name])
    for key in part.get("Keys", ()):
        if isinstance(key, dict):
            _check_members(key)
    _check_lists(part)
    for name in _CONDITION_MAPS:
        for condition in (part.get(name) or {}).values():
            if isinstance(condition, dict):
                _check_lists(condition)
                if isinstance(condition.get("Value"), dict):
                    condition["Value"] = _check_value(condition["Value"])


def _check_lists(part: Wire) -> None:
    for name in _VALUE_LISTS:
        if isinstance(part.get(name), list):
            part[name] = [_check_value(value) for value in part[name]]


def _check_members(members: dict[str, Any]) -> None:
    for name, value in members.items():
        members[name] = _check_value(value)


def _check_item(item: Item) -> CheckedItem:
    try:
        return CheckedItem(item, *serialize_item(item))
    except AwsError as fault:
        return CheckedItem(item, b"", 0, without_frames(fault))


def _check_value(value: AttributeValue) -> AttributeValue:
    if type(value) is not dict:
        return value
    try:
        check_value(value)
    except AwsError as fault:
        return CheckedValue(value, without_frames(fault), 0)
    return CheckedValue(value, None, count_values(orjson.dumps(value)))
