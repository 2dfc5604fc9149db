"""ExclusiveStartKey: what makes one impossible, and the place in the store that it names.

Pure. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import key_mismatch
from onebox.services.dynamodb.model import Index, Table
from onebox.services.dynamodb.pages import Start
from onebox.services.dynamodb.ranges import KeyRange, check_start_attribute
from onebox.services.dynamodb.values.attributes import Item, check_value
from onebox.services.dynamodb.values.keys import segment_bounds

_PREFIX = "The provided starting key is invalid"
_WITHOUT_PREFIX = (
    "The parameter cannot be converted",
    "Number overflow",
    "Number underflow",
    "Attempting to store more",
    "Input collection",
    "One or more parameter values were invalid: An number set",
    "One or more parameter values were invalid: Input collection",
)


def check_start_values(key: Item | None) -> None:
    """Check the attribute values of a start key; most of their faults are told as faults of the key."""
    for value in (key or {}).values():
        try:
            check_value(value)
        except ValidationException as error:  # noqa: PERF203 - the first fault ends the request
            if error.message.startswith(_WITHOUT_PREFIX):
                raise
            raise ValidationException(f"{_PREFIX}: {error.message}") from error


def check_start_size(key: Item, table: Table, index: Index | None, *, is_scan: bool) -> None:
    """Refuse a start key that has more or fewer attributes than the keys of table and index together."""
    names = set(table.key.names) if index is None else {*table.key.names, *index.key.names}
    if len(key) != len(names) or (is_scan and index is None and key.keys() != names):
        raise _mismatch() if is_scan and index is None else ValidationException(_PREFIX)


def check_scan_start(key: Item, table: Table, index: Index | None) -> None:
    """The checks of a start key that a Scan makes; those of a Query are made together with its conditions."""
    check_start_size(key, table, index, is_scan=True)
    if index is not None:
        for attribute in index.key.attributes:
            check_start_attribute(key, attribute)


def make_start(
    key: Item, table: Table, index: Index | None, key_range: KeyRange | None, segment: tuple[int, int] | None
) -> Start:
    """The place that a start key names, once its attributes fit the index. Raises ValidationException."""
    if any(attribute.kind not in key.get(attribute.name, ()) for attribute in table.key.attributes):
        raise _mismatch()
    item_position = table.key.position_of_item(key)
    position = item_position if index is None else index.key.position_of_item(key)
    if key_range is not None:
        if index is None and table.key.sort is None:
            raise ValidationException(
                "Invalid ExclusiveStartKey: The query can return at most one row and cannot be restarted"
            )
        _check_inside(key_range, Start(position, item_position))
    elif segment is not None:
        first, last = segment_bounds(*segment)
        if not first <= position.partition_key < last:
            raise ValidationException(
                f"{_PREFIX}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                f"TotalSegments: {segment[1]} Segment: {segment[0]}"
            )
    return Start(position, item_position)


def _check_inside(key_range: KeyRange, start: Start) -> None:
    """Refuse a place outside of what a Query reads."""
    partition_key, sort_key = start.position
    same_partition = partition_key == key_range.partition_key
    if key_range.lower is None and key_range.upper is None:
        if not same_partition:
            raise ValidationException(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
    elif not key_range.contains_sort_key(sort_key):
        raise ValidationException("The provided starting key does not match the range key predicate")
    elif not same_partition:
        raise ValidationException("The query can return at most one row and cannot be restarted")


def _mismatch() -> ValidationException:
    return ValidationException(f"{_PREFIX}: {key_mismatch().message}")
