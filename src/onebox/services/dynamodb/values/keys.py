"""Keys: which attributes they are, whether a value may stand there, and the bytes they are stored under.

Promises: within a partition the byte order of encoded sort keys is DynamoDB's order; a partition key begins with its
scan slot, one of 16 by hash, so that a parallel Scan reads a contiguous range of the index for each segment while
keys that arrive in order still meet few index pages.
Knows nothing of SQL.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import invalid_values, key_mismatch
from onebox.services.dynamodb.limits import PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX
from onebox.services.dynamodb.values.attributes import AttributeValue, Item, decode_binary, kind_of
from onebox.services.dynamodb.values.numbers import encode_number

SLOTS = 16

_EMPTY_KEY = (
    "One or more parameter values are not valid. "
    "The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"
)
_EMPTY_INDEX_KEY = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
    "The AttributeValue for a key attribute cannot contain an empty {kind} value. "
    "IndexName: {index}, IndexKey: {name}"
)
_EMPTY_KIND_NAMES = {"S": "string", "B": "binary"}


class Position(NamedTuple):
    """Where an item stands in a table or index."""

    partition_key: bytes
    sort_key: bytes


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The partition key and, where there is one, the sort key.

    In a global index either may consist of several attributes: ``more_partition`` and ``more_sort`` are those after
    the first.
    """

    partition: KeyAttribute
    sort: KeyAttribute | None
    more_partition: tuple[KeyAttribute, ...] = ()
    more_sort: tuple[KeyAttribute, ...] = ()
    hash_attributes: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    """The attributes of the partition key."""
    range_attributes: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    """The attributes of the sort key."""
    attributes: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    names: tuple[str, ...] = field(init=False, compare=False)
    is_composite: bool = field(init=False, compare=False)
    """Whether its partition key or its sort key has several attributes."""

    def __post_init__(self) -> None:
        # Worked out once: every write asks for them.
        hashes = (self.partition, *self.more_partition)
        ranges = () if self.sort is None else (self.sort, *self.more_sort)
        derived = {
            "hash_attributes": hashes,
            "range_attributes": ranges,
            "attributes": (*hashes, *ranges),
            "names": tuple(attribute.name for attribute in (*hashes, *ranges)),
            "is_composite": bool(self.more_partition or self.more_sort),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def position_of_item(self, item: Item) -> Position:
        """Where a whole, checked item belongs. Raises ValidationException in the words of PutItem."""
        if self.is_composite:
            for attribute in self.attributes:
                _key_content(item, attribute)
            return self._composite_position(item)
        partition = _encode_partition(_key_content(item, self.partition), self.partition)
        if self.sort is None:
            return Position(partition, b"")
        return Position(partition, _encode_sort(_key_content(item, self.sort), self.sort))

    def position_of_key(self, key: dict[str, AttributeValue]) -> Position:
        """Where a checked ``Key`` points. Raises ValidationException in the words of GetItem."""
        attributes = self.attributes
        if len(key) != len(attributes):
            raise key_mismatch()
        for attribute in attributes:
            value = key.get(attribute.name)
            if value is None or attribute.kind not in value:
                raise key_mismatch()
        return self.position_of_item(key)

    def find_index_position(self, item: Item) -> Position | None:
        """Where a checked item stands in an index with this schema; None if it lacks one of the attributes, or
        holds one that an index created later cannot take."""
        partition = item.get(self.partition.name)
        if partition is None or not partition.get(self.partition.kind):
            return None
        if self.is_composite:
            return self._find_composite_position(item)
        partition_key = encode_partition(partition)
        if len(partition_key) > PARTITION_KEY_BYTES_MAX + 1:  # one is the slot
            return None
        if self.sort is None:
            return Position(partition_key, b"")
        sort = item.get(self.sort.name)
        if sort is None or not sort.get(self.sort.kind):
            return None
        sort_key = encode_scalar(sort)
        return None if len(sort_key) > SORT_KEY_BYTES_MAX else Position(partition_key, sort_key)

    def key_of(self, item: Item) -> Item:
        """The key attributes of a stored item."""
        return {attribute.name: item[attribute.name] for attribute in self.attributes}

    def _find_composite_position(self, item: Item) -> Position | None:
        for attribute in self.attributes:
            value = item.get(attribute.name)
            if value is None or not value.get(attribute.kind):
                return None
            most = PARTITION_KEY_BYTES_MAX if attribute in self.hash_attributes else SORT_KEY_BYTES_MAX
            if len(encode_scalar(value)) > most:
                return None
        return self._composite_position(item)

    def _composite_position(self, item: Item) -> Position:
        partition_key = composite_partition([item[attribute.name] for attribute in self.hash_attributes])
        sort_key = b"".join([encode_component(item[attribute.name]) for attribute in self.range_attributes])
        return Position(partition_key, sort_key)


def encode_component(value: AttributeValue) -> bytes:
    """One attribute of several: its bytes, closed so that no other value's bytes begin with them. The order of the
    bytes of a sequence of components is the order of its values, one after the other."""
    return encode_prefix(value) + _COMPONENT_END


def encode_prefix(value: AttributeValue) -> bytes:
    """A component's bytes without their end: those of every value that begins with this one begin so."""
    return encode_scalar(value).replace(b"\x00", b"\x00\xff")


_COMPONENT_END = b"\x00\x01"
"""Below every byte that may follow inside a component, where a zero is followed by 0xFF."""


def composite_partition(values: list[AttributeValue]) -> bytes:
    """The bytes of a partition key of several attributes: the slot, then the components."""
    encoded = b"".join(map(encode_component, values))
    return _SLOT_BYTES[zlib.crc32(encoded) >> 28] + encoded


def make_key_schema(names: list[str], kinds: dict[str, str], hash_count: int = 1) -> KeySchema:
    """A key schema from its attribute names, the partition key's ``hash_count`` first, and the kinds of the table's
    attributes."""
    attributes = [KeyAttribute(name, kinds[name]) for name in names]
    partitions, sorts = attributes[:hash_count], attributes[hash_count:]
    return KeySchema(partitions[0], sorts[0] if sorts else None, tuple(partitions[1:]), tuple(sorts[1:]))


_EMPTY_INDEX_KEY_UPDATE = (
    "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
    "to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty {kind} value."
)


def check_index_key(item: Item, schema: KeySchema, index_name: str, *, updated: bool = False) -> None:
    """Refuse a checked item whose value for an index key has another kind, is empty or too long."""
    for attribute in schema.attributes:
        value = item.get(attribute.name)
        if value is None:
            continue
        content = value.get(attribute.kind)
        if content is None:
            if updated:
                raise ValidationException(
                    "The update expression attempted to update the secondary index key to unsupported type"
                )
            raise invalid_values(
                f"Type mismatch for Index Key {attribute.name} Expected: {attribute.kind} "
                f"Actual: {kind_of(value)} IndexName: {index_name}"
            )
        if not content:
            kind = _EMPTY_KIND_NAMES[attribute.kind]
            words = _EMPTY_INDEX_KEY_UPDATE if updated else _EMPTY_INDEX_KEY
            raise ValidationException(words.format(kind=kind, index=index_name, name=attribute.name))
        _check_length(
            encode_scalar(value), attribute.kind, attribute is schema.partition or attribute in schema.more_partition
        )


def check_index_kind(item: Item, schema: KeySchema, index_name: str) -> None:
    """Refuse values of other kinds than an index's key attributes have."""
    for attribute in schema.attributes:
        value = item.get(attribute.name)
        if value is not None and attribute.kind not in value:
            raise invalid_values(
                f"Type mismatch for Index Key {attribute.name} Expected: {attribute.kind} "
                f"Actual: {kind_of(value)} IndexName: {index_name}"
            )


def encode_scalar(value: AttributeValue) -> bytes:
    """The order-preserving bytes of a checked S, N or B value."""
    ((kind, content),) = value.items()
    if kind == "S":
        encoded: bytes = content.encode()
        return encoded
    if kind == "N":
        return encode_number(content)
    return decode_binary(content)


def encode_partition(value: AttributeValue) -> bytes:
    """The bytes of a partition key: the slot, then the value."""
    encoded = encode_scalar(value)
    return _SLOT_BYTES[zlib.crc32(encoded) >> 28] + encoded


_SLOT_BYTES = tuple(bytes([slot]) for slot in range(SLOTS))


def segment_slots(segment: int, total_segments: int) -> tuple[int, int]:
    """The slots that a scan segment reads, from the first one up to but without the second.

    Slot s belongs to segment ``s * total // SLOTS``: with more segments than slots, some are empty, as on AWS.
    """
    return -(-segment * SLOTS // total_segments), -(-(segment + 1) * SLOTS // total_segments)


def segment_bounds(segment: int, total_segments: int) -> tuple[bytes, bytes]:
    """The range of partition keys, from the first bound up to but without the second, that a scan segment reads."""
    first, end = segment_slots(segment, total_segments)
    return bytes([first]), bytes([end])


def split_slots(first: int, end: int, partitions: int) -> list[tuple[int, int]]:
    """Slots ``first`` up to but without ``end``, divided at the bounds of equal partitions of all slots."""
    size = SLOTS // partitions
    bounds = [first, *(bound for bound in range(size, SLOTS, size) if first < bound < end), end]
    return list(pairwise(bounds))


def check_not_empty(attribute: KeyAttribute, content: Any) -> None:
    """Refuse an empty string or binary where a key must stand."""
    if not content:
        kind = _EMPTY_KIND_NAMES[attribute.kind]
        raise ValidationException(_EMPTY_KEY.format(kind=kind, name=attribute.name))


def _key_content(item: Item, attribute: KeyAttribute) -> Any:
    value = item.get(attribute.name)
    if value is None:
        raise invalid_values(f"Missing the key {attribute.name} in the item")
    content = value.get(attribute.kind)
    if content is None:
        raise invalid_values(
            f"Type mismatch for key {attribute.name} expected: {attribute.kind} actual: {kind_of(value)}"
        )
    if not content:
        check_not_empty(attribute, content)
    return content


def _encode_partition(content: str, attribute: KeyAttribute) -> bytes:
    encoded = _encode(content, attribute.kind)
    if len(encoded) > PARTITION_KEY_BYTES_MAX:
        _check_length(encoded, attribute.kind, True)
    return _SLOT_BYTES[zlib.crc32(encoded) >> 28] + encoded


def _encode_sort(content: str, attribute: KeyAttribute) -> bytes:
    encoded = _encode(content, attribute.kind)
    if len(encoded) > SORT_KEY_BYTES_MAX:
        _check_length(encoded, attribute.kind, False)
    return encoded


def _encode(content: str, kind: str) -> bytes:
    if kind == "S":
        return content.encode()
    return encode_number(content) if kind == "N" else decode_binary(content)


def _check_length(encoded: bytes, kind: str, partition: bool) -> None:
    if kind == "N":
        return
    if partition and len(encoded) > PARTITION_KEY_BYTES_MAX:
        raise invalid_values(f"Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_BYTES_MAX} bytes")
    if not partition and len(encoded) > SORT_KEY_BYTES_MAX:
        raise invalid_values(
            f"Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_BYTES_MAX} bytes"
        )
