"""What a write changes in the indexes of its table. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onebox.services.dynamodb.model import Index, StoredItem, Table
from onebox.services.dynamodb.values.attributes import Item, measure_item
from onebox.services.dynamodb.values.keys import Position


class EntryChange(NamedTuple):
    """An entry of the index ``target`` that moves, changes, comes or goes: where it was and is to be (None for
    nowhere), and the bytes it had and will have."""

    target: Index
    before: Position | None
    after: Position | None
    old_bytes: int
    new_bytes: int


class Version(NamedTuple):
    """An item before or after a write."""

    item: Item
    size_bytes: int


def plan_entries(table: Table, old: Version | None, new: Version | None) -> list[EntryChange]:
    """The changes of all indexes; none of those that hold the same before and after."""
    if not table.indexes:
        return []
    changed = _changed_names(old, new)
    old_bytes, new_bytes = _entry_sizes(table, old), _entry_sizes(table, new)
    changes = []
    for index in table.indexes:
        before = None if old is None else index.key.find_index_position(old.item)
        after = None if new is None else index.key.find_index_position(new.item)
        if before == after and (before is None or not changed(index)):
            continue
        changes.append(
            EntryChange(
                index,
                before,
                after,
                old_bytes=0 if before is None else old_bytes(index),
                new_bytes=0 if after is None else new_bytes(index),
            )
        )
    return changes


def version_of(stored: StoredItem | None, item: Item | None) -> Version | None:
    """A stored item that was looked into; None if there is none."""
    return None if stored is None or item is None else Version(item, stored.size_bytes)


def _changed_names(old: Version | None, new: Version | None) -> Callable[[Index], bool]:
    """Whether an index holds any attribute that the write changes. All are compared once, however many indexes."""
    if old is None or new is None:
        return lambda _: True
    before, after = old.item, new.item
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return lambda index: bool(names if index.projected_names is None else names & index.projected_names)


def _entry_sizes(table: Table, version: Version | None) -> Callable[[Index], int]:
    """The size of a version's entry in an index. Each attribute is measured once, however many indexes hold it."""
    known: dict[str, int] = {}

    def entry_bytes(index: Index) -> int:
        assert version is not None, "there is an entry"
        if index.projected_names is None:
            return version.size_bytes
        size = 0
        for name in index.projected_names & version.item.keys():
            if name not in known:
                known[name] = measure_item({name: version.item[name]})
            size += known[name]
        return size

    return entry_bytes
