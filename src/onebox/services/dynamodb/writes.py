"""Writing items: conditions, index entries, exact counts.

Promises: :meth:`ItemWriter.prepare` decides everything (condition, new content, every refusal) and writes nothing;
:meth:`ItemWriter.commit` only writes. So a transaction prepares all its actions before it commits the first, and a
batch goes on after a refusal. Index entries change in the same job as their item.
Knows nothing of requests; parsed actions come from ``actions.py`` and from PartiQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from onebox.errors import ValidationException
from onebox.services.beside import do_beside
from onebox.services.context import RequestContext
from onebox.services.dynamodb.capacity import Meter, write_units
from onebox.services.dynamodb.change_records import ChangeRecorder, Image
from onebox.services.dynamodb.errors import ConditionalCheckFailedException, DuplicateItemException
from onebox.services.dynamodb.expressions.conditions import holds
from onebox.services.dynamodb.expressions.effort import check_effort, count_large_values
from onebox.services.dynamodb.expressions.nodes import Action, Condition, DeleteAction, RemoveAction
from onebox.services.dynamodb.expressions.updates import apply_actions
from onebox.services.dynamodb.index_entries import EntryChange, Version, plan_entries, version_of
from onebox.services.dynamodb.limits import ITEM_BYTES_MAX, LONG_WORK_BYTES
from onebox.services.dynamodb.model import StoredItem, Stream, Table
from onebox.services.dynamodb.recovery.change_numbers import ChangeNumbers
from onebox.services.dynamodb.store.history import HistoryStore
from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.values.attributes import Item, serialize_item, values_equal
from onebox.services.dynamodb.values.keys import Position, check_index_key

_UPDATED_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


@dataclass(slots=True)
class Put:
    """Store a whole item."""

    table: Table
    position: Position
    item: Item
    data: bytes
    size_bytes: int
    condition: Condition | None = None
    returns_old_on_failure: bool = False
    must_be_new: bool = False


@dataclass(slots=True)
class Update:
    """Change an item, or make it from its key."""

    table: Table
    position: Position
    key: Item
    actions: tuple[Action, ...]
    condition: Condition | None = None
    returns_old_on_failure: bool = False


@dataclass(slots=True)
class Delete:
    table: Table
    position: Position
    key: Item
    condition: Condition | None = None
    returns_old_on_failure: bool = False
    by_ttl: bool = False
    """It is the time to live that deletes, and no client."""


@dataclass(slots=True)
class Check:
    """Only the condition, in transactions."""

    table: Table
    position: Position
    key: Item
    condition: Condition | None
    returns_old_on_failure: bool = False


Write = Put | Update | Delete | Check


@dataclass(slots=True)
class Prepared:
    """A write that will succeed: the item before and after. ``new`` is None where the item goes, or never was."""

    write: Write
    stored: StoredItem | None
    old: Item | None
    """The item before, where it was needed; see ``stored`` for whether there was one."""
    new: Item | None
    data: bytes = b""
    size_bytes: int = 0
    entries: Sequence[EntryChange] = ()
    is_same: bool = False
    """The item is the same before and after; known where the table has a stream, which does not record that."""


class ItemWriter:
    """Applies writes to one store."""

    def __init__(
        self, store: ItemStore, changes: ChangeRecorder, history: HistoryStore, numbers: ChangeNumbers
    ) -> None:
        self._store = store
        self._changes = changes
        self._history = history
        self._numbers = numbers

    def apply(
        self,
        write: Write,
        meter: Meter,
        tally: Tally,
        *,
        needs_old: bool = False,
        context: RequestContext | None = None,
        at: int = 0,
    ) -> Prepared:
        """Prepare and commit. Raises as :meth:`prepare`, nothing written."""
        prepared = self.prepare(write, needs_old=needs_old, context=context, at=at)
        self.commit(prepared, meter, tally)
        return prepared

    def prepare(
        self, write: Write, *, needs_old: bool = False, context: RequestContext | None = None, at: int = 0
    ) -> Prepared:
        """Decide the write, of a large item beside the event loop if it is of a request (``context``). ``at`` tells
        writes of a request apart that may name one item.

        Raises ConditionalCheckFailedException, ValidationException or WorkNeeded.
        """
        return self.prepare_found(write, self.find(write), needs_old=needs_old, context=context, at=at)

    def find(self, write: Write) -> StoredItem | None:
        """The item that the write is about, or None."""
        return self._store.find_item(write.table.table_id, write.position)

    def prepare_found(
        self,
        write: Write,
        stored: StoredItem | None,
        *,
        needs_old: bool = False,
        context: RequestContext | None = None,
        at: int = 0,
    ) -> Prepared:
        """As :meth:`prepare`, with what :meth:`find` has found."""
        looks_inside = needs_old or write.condition is not None or not write.table.is_plain or isinstance(write, Update)
        if context is None or not looks_inside or not _is_long(context, stored):
            return decide(write, stored, looks_inside=looks_inside)
        name, inputs = (at, write.table.table_id, write.position), (_definition(write.table), stored)
        return do_beside(context.beside, name, inputs, lambda: decide(write, stored, looks_inside=looks_inside))

    def commit(self, prepared: Prepared, meter: Meter, tally: Tally) -> None:
        """Write what was prepared."""
        write, stored = prepared.write, prepared.stored
        table = write.table
        old_bytes = 0 if stored is None else stored.size_bytes
        meter.write(table, write_units(max(old_bytes, prepared.size_bytes)))
        if isinstance(write, Check):
            return
        if prepared.new is None and stored is None:
            return
        changed_at = self._begin_change(table, stored)
        if prepared.new is None:
            assert stored is not None, "what is not there was dealt with above"
            self._store.delete_item(stored.item_id)
            tally.add(table, 0, -1, -stored.size_bytes)
            item_id = stored.item_id
        elif stored is None:
            inserted = self._store.insert_item(
                table.table_id,
                write.position,
                prepared.size_bytes,
                find_expiry_s(table, prepared.new),
                prepared.data,
                changed_at=changed_at,
            )
            assert inserted is not None, "prepare found the position free in this very job"
            item_id = inserted
            tally.add(table, 0, 1, prepared.size_bytes)
        else:
            item_id = stored.item_id
            expires_at_s = find_expiry_s(table, prepared.new)
            self._store.replace_item(item_id, prepared.size_bytes, expires_at_s, prepared.data, changed_at=changed_at)
            tally.add(table, 0, 0, prepared.size_bytes - old_bytes)
        if table.stream is not None and not prepared.is_same:
            self._record_change(table.stream, prepared)
        if prepared.entries:
            self._maintain(prepared, item_id, meter, tally)

    def insert(self, put: Put, meter: Meter, tally: Tally) -> bool:
        """Store an item that must be new, without looking first; False (and nothing done) if its place is taken."""
        table = put.table
        item_id = self._store.insert_item(
            table.table_id,
            put.position,
            put.size_bytes,
            find_expiry_s(table, put.item),
            put.data,
            changed_at=self._numbers.take() if table.keeps_history else 0,
        )
        if item_id is None:
            return False
        meter.write(table, write_units(put.size_bytes))
        tally.add(table, 0, 1, put.size_bytes)
        if table.stream is not None:
            self._changes.record(table.stream, table.key, None, Image(put.item, put.data, put.size_bytes))
        if table.indexes:
            prepared = Prepared(put, None, None, put.item, data=put.data, size_bytes=put.size_bytes)
            prepared.entries = plan_entries(table, None, Version(put.item, put.size_bytes))
            self._maintain(prepared, item_id, meter, tally)
        return True

    def _begin_change(self, table: Table, stored: StoredItem | None) -> int:
        """The number of a change of an item, whose version it ends; 0 where no history is kept."""
        if not table.keeps_history:
            return 0
        number = self._numbers.take()
        if stored is not None:
            self._history.keep(stored.item_id, number)
        return number

    def _record_change(self, stream: Stream, prepared: Prepared) -> None:
        write, stored = prepared.write, prepared.stored
        old = new = None
        if stored is not None and prepared.old is not None:
            old = Image(prepared.old, stored.data, stored.size_bytes)
        if prepared.new is not None:
            new = Image(prepared.new, prepared.data, prepared.size_bytes)
        by_ttl = isinstance(write, Delete) and write.by_ttl
        self._changes.record(stream, write.table.key, old, new, by_ttl=by_ttl)

    def _maintain(self, prepared: Prepared, item_id: int, meter: Meter, tally: Tally) -> None:
        table, position = prepared.write.table, prepared.write.position
        for index, before, after, old_bytes, new_bytes in prepared.entries:
            index_id = index.index_id
            if before is not None and before == after:
                if self._store.resize_entry(index_id, before, position, new_bytes):
                    tally.add(table, index_id, 0, new_bytes - old_bytes)
                elif self._store.insert_entry(index_id, before, position, item_id, new_bytes):
                    tally.add(table, index_id, 1, new_bytes)
                meter.write(table, write_units(max(old_bytes, new_bytes)), index)
                continue
            if before is not None:
                if self._store.delete_entry(index_id, before, position):
                    tally.add(table, index_id, -1, -old_bytes)
                meter.write(table, write_units(old_bytes), index)
            if after is not None:
                if self._store.insert_entry(index_id, after, position, item_id, new_bytes):
                    tally.add(table, index_id, 1, new_bytes)
                meter.write(table, write_units(new_bytes), index)


def decide(write: Write, stored: StoredItem | None, *, looks_inside: bool) -> Prepared:
    """What a write makes of the item that is stored. Raises ConditionalCheckFailedException or ValidationException."""
    old: Item | None = orjson.loads(stored.data) if stored is not None and looks_inside else None
    if write.condition is not None:
        data = b"" if stored is None else stored.data
        check_effort(write.condition, data, count_large_values(write.condition))
        if not holds(write.condition, old or {}):
            raise ConditionalCheckFailedException(old if write.returns_old_on_failure else None)
    if isinstance(write, Put):
        if write.must_be_new and stored is not None:
            raise DuplicateItemException(orjson.loads(stored.data) if write.returns_old_on_failure else None)
        prepared = Prepared(write, stored, old, write.item, data=write.data, size_bytes=write.size_bytes)
    elif isinstance(write, Update):
        prepared = _decide_update(write, stored, old)
    else:
        prepared = Prepared(write, stored, old, None)
    if write.table.indexes and not isinstance(write, Check):
        new = None if prepared.new is None else Version(prepared.new, prepared.size_bytes)
        prepared.entries = plan_entries(write.table, version_of(stored, old), new)
    if write.table.stream is not None and old is not None and prepared.new is not None:
        prepared.is_same = values_equal({"M": old}, {"M": prepared.new})
    return prepared


def _decide_update(write: Update, stored: StoredItem | None, old: Item | None) -> Prepared:
    if stored is None and write.actions and all(isinstance(a, RemoveAction | DeleteAction) for a in write.actions):
        return Prepared(write, None, None, None)  # there is nothing to take away, and nothing is made
    new = apply_actions(write.actions, old if old is not None else write.key)
    data, size_bytes = serialize_item(new, _UPDATED_TOO_LARGE)
    if size_bytes > ITEM_BYTES_MAX:
        raise ValidationException(_UPDATED_TOO_LARGE)
    for index in write.table.indexes:
        check_index_key(new, index.key, index.name, updated=True)
    return Prepared(write, stored, old, new, data=data, size_bytes=size_bytes)


def _is_long(context: RequestContext, stored: StoredItem | None) -> bool:
    """Whether looking into the stored item, or the values of the request, takes long."""
    return context.beside is not None or (stored is not None and len(stored.data) > LONG_WORK_BYTES)


def _definition(table: Table) -> object:
    """What tells whether a table was changed between two readings of it. Indexes are equal only to themselves."""
    return replace(table, indexes=()), [(index.index_id, index.status) for index in table.indexes]


class Tally:
    """Changes of item counts and sizes, gathered over a request and stored once per table and index."""

    __slots__ = ("_changes", "_store")

    def __init__(self, store: ItemStore) -> None:
        self._store = store
        self._changes: dict[tuple[int, int], list[int]] = {}

    def add(self, table: Table, index_id: int, items: int, size_bytes: int) -> None:
        change = self._changes.get((table.table_id, index_id))
        if change is None:
            self._changes[(table.table_id, index_id)] = [items, size_bytes]
        else:
            change[0] += items
            change[1] += size_bytes

    def store(self) -> None:
        """Write the counts; part of the same job as the items."""
        for (table_id, index_id), (items, size_bytes) in self._changes.items():
            if items or size_bytes:
                self._store.change_sizes(table_id, index_id, items, size_bytes)
        self._changes.clear()


def find_expiry_s(table: Table, item: Item) -> int | None:
    """When TTL may delete the item, in seconds since the epoch; None for never.

    AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
    """
    if table.ttl_attribute is None:
        return None
    text = item.get(table.ttl_attribute, {}).get("N")
    if text is None:
        return None
    whole = str(text).partition(".")[0]
    return int(whole) if len(whole) <= 12 else None
