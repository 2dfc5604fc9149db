"""What a table is: its keys, its indexes, its settings. Frozen; a change makes a new one.

Knows nothing of SQL. The settings keep the members of the wire as they were given, because that is what
DescribeTable gives back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from onebox.arn import make_arn
from onebox.services.dynamodb.expressions.nodes import Path
from onebox.services.dynamodb.recovery.backup_arns import BackupName, make_backup_arn
from onebox.services.dynamodb.values.attributes import Item, measure_item
from onebox.services.dynamodb.values.keys import KeySchema

GLOBAL, LOCAL = "GLOBAL", "LOCAL"
VIEW_TYPES = ("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
ACTIVE, CREATING, DELETING, UPDATING = "ACTIVE", "CREATING", "DELETING", "UPDATING"


class TableKey(NamedTuple):
    """What names a table."""

    account: str
    region: str
    name: str


class StoredItem(NamedTuple):
    """An item as it lies in the store."""

    item_id: int
    size_bytes: int
    data: bytes


class StreamRecord(NamedTuple):
    """One change of an item, as a stream keeps it. Images are JSON as stored; None where the view leaves them out."""

    record_id: int
    created_at_ms: int
    event_id: str
    event_name: str
    """INSERT, MODIFY or REMOVE."""
    by_ttl: bool
    size_bytes: int
    keys: bytes
    new_image: bytes | None
    old_image: bytes | None

    @property
    def sequence_number(self) -> str:
        """Its place in the shard: 21 digits, in the order of the changes."""
        return sequence_number(self.record_id)


_SEQUENCE_BASE = 10**20


def sequence_number(record_id: int) -> str:
    """The sequence number of a record id."""
    return str(_SEQUENCE_BASE + record_id)


def record_id_of(number: str) -> int:
    """The record id of a sequence number; before all records for numbers that are smaller than any.

    Raises ValueError for text that is no number.
    """
    if not (number.isascii() and number.isdigit()) or len(number) > _SEQUENCE_DIGITS_MAX:
        raise ValueError(number)
    return max(int(number) - _SEQUENCE_BASE, -1)


_SEQUENCE_DIGITS_MAX = 40


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a table, and its one shard: records from ``first_id`` on, up to ``last_id`` once it is closed."""

    stream_id: int
    account: str
    region: str
    table_name: str
    label: str
    view_type: str
    """KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES."""
    key_names: tuple[str, ...]
    shard_id: str
    created_at_ms: int
    first_id: int
    trimmed_to: int
    """The last record that was dropped for its age."""
    disabled_at_ms: int | None
    last_id: int | None

    @property
    def arn(self) -> str:
        return make_arn("dynamodb", self.region, self.account, f"table/{self.table_name}/stream/{self.label}")

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at_ms is None


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A secondary index; equal only to itself, so that it can count what was consumed."""

    index_id: int
    name: str
    scope: str
    """GLOBAL or LOCAL."""
    key: KeySchema
    projection: dict[str, Any]
    """``Projection`` as given: ProjectionType and NonKeyAttributes."""
    projected_names: frozenset[str] | None
    """The attributes it holds; None for all."""
    status: str = ACTIVE
    throughput: dict[str, int] | None = None
    on_demand_throughput: dict[str, int] | None = None

    def project(self, item: Item) -> Item:
        """What of the item this index holds."""
        if self.projected_names is None:
            return item
        names = self.projected_names
        return {name: value for name, value in item.items() if name in names}

    def entry_bytes(self, item: Item, item_bytes: int) -> int:
        """The size of the item's entry."""
        return item_bytes if self.projected_names is None else measure_item(self.project(item))

    def lacks(self, path: Path) -> bool:
        """Whether the path leads to an attribute that the index does not hold."""
        return self.projected_names is not None and path.parts[0] not in self.projected_names


@dataclass(frozen=True, slots=True)
class Table:
    """A table with everything that its operations need, read at once and kept until it changes."""

    table_id: int
    key_name: TableKey
    key: KeySchema
    indexes: tuple[Index, ...]
    attribute_kinds: dict[str, str]
    created_at_ms: int
    settings: dict[str, Any] = field(default_factory=dict)
    """TableId, billing, throughput, class, encryption, protection, recovery, tags: see operations/tables.py."""
    ttl_attribute: str | None = None
    keeps_history: bool = False
    """Point-in-time recovery is on, or the table is being copied: versions that writes end are kept."""
    stream: Stream | None = None
    """The enabled stream."""
    latest_stream: Stream | None = None
    """The newest stream, enabled or not."""

    @property
    def name(self) -> str:
        return self.key_name.name

    @property
    def arn(self) -> str:
        account, region, name = self.key_name
        return make_arn("dynamodb", region, account, f"table/{name}")

    def find_index(self, name: str) -> Index | None:
        """The index of that name, or None."""
        return next((index for index in self.indexes if index.name == name), None)

    @property
    def is_restoring(self) -> bool:
        """Its items are still being restored: it can be described, and nothing else."""
        return "Restore" in self.settings

    @property
    def is_plain(self) -> bool:
        """Neither indexes nor TTL nor stream: a write need not look into the item that it replaces."""
        return not self.indexes and self.ttl_attribute is None and self.stream is None


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What a restored table is made of."""

    key: KeySchema
    attribute_kinds: dict[str, str]
    settings: dict[str, Any]
    indexes: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup of a table: its settings at the time, and where its items lie."""

    backup_id: int
    backup_name: BackupName
    name: str
    """As the user named it; not unique."""
    kind: str
    """USER, or SYSTEM for that of a deleted table."""
    is_complete: bool
    created_at_ms: int
    expires_at_ms: int | None
    kept_table_id: int | None
    """The deleted table whose items are this backup's."""
    item_count: int
    size_bytes: int
    definition: str
    """A :class:`TableDefinition` as JSON."""
    details: dict[str, Any]
    """SourceTableDetails and SourceTableFeatureDetails, as they are shown."""

    @property
    def arn(self) -> str:
        return make_backup_arn(self.backup_name)

    @property
    def content_id(self) -> int:
        """The table id under which its items lie."""
        return -self.backup_id if self.kept_table_id is None else self.kept_table_id
