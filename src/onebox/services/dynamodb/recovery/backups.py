"""Making and dropping backups.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_HowItWorks.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.ids import Ids
from onebox.services.context import Wire
from onebox.services.dynamodb.limits import SYSTEM_BACKUP_DAYS
from onebox.services.dynamodb.model import Backup, Table
from onebox.services.dynamodb.recovery.backup_arns import BackupName, make_suffix, make_system_suffix
from onebox.services.dynamodb.recovery.change_numbers import ChangeNumbers
from onebox.services.dynamodb.recovery.copying import Copier
from onebox.services.dynamodb.recovery.descriptions import describe_source
from onebox.services.dynamodb.recovery.window import DAY_MS
from onebox.services.dynamodb.store.backups import BackupStore
from onebox.services.dynamodb.store.chores import ChoreStore
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.definitions import dump_definition
from onebox.services.dynamodb.store.items import ItemStore, Sizes
from onebox.services.dynamodb.table_cache import TableCache

USER, SYSTEM = "USER", "SYSTEM"
_SUFFIX_DIGITS = 8


class BackupKeeper:
    """Makes and drops backups with their items, inside jobs."""

    def __init__(
        self,
        *,
        ids: Ids,
        backups: BackupStore,
        copies: CopyStore,
        items: ItemStore,
        chores: ChoreStore,
        numbers: ChangeNumbers,
        copier: Copier,
        table_cache: TableCache,
    ) -> None:
        self._ids = ids
        self._backups = backups
        self._copies = copies
        self._items = items
        self._chores = chores
        self._numbers = numbers
        self._copier = copier
        self._table_cache = table_cache

    def create(self, table: Table, name: str, now_ms: int) -> Backup:
        """Begin a backup of a table as it is now. Its state is CREATING; a small one is complete in the end."""
        suffix = make_suffix(now_ms, self._ids.hex(_SUFFIX_DIGITS))
        backup = self._make(table, BackupName(*table.key_name, suffix), name, now_ms)
        backup = replace(backup, backup_id=self._backups.insert(backup))
        # From here on the table keeps the versions that this copy has still to read.
        self._table_cache.forget(table.key_name)
        copy = self._copies.add(
            account=table.key_name.account,
            source_id=table.table_id,
            target_id=backup.content_id,
            moment=self._numbers.take(),
            backup_id=backup.backup_id,
            is_restore=False,
        )
        self._copier.step(copy)
        return backup

    def keep_deleted(self, table: Table, now_ms: int) -> None:
        """Make the items of a table that is being deleted those of its system backup."""
        created_at_ms = now_ms
        name = BackupName(*table.key_name, make_system_suffix(created_at_ms))
        while self._backups.find(name) is not None:
            created_at_ms += 1
            name = name._replace(suffix=make_system_suffix(created_at_ms))
        backup = self._make(table, name, f"{table.name}$DeletedTableBackup", created_at_ms, is_system=True)
        expires_at_ms = created_at_ms + SYSTEM_BACKUP_DAYS * DAY_MS
        self._backups.insert(
            replace(backup, is_complete=True, expires_at_ms=expires_at_ms, kept_table_id=table.table_id)
        )

    def _make(
        self, table: Table, backup_name: BackupName, name: str, created_at_ms: int, *, is_system: bool = False
    ) -> Backup:
        sizes = self._items.sizes(table.table_id)
        own = sizes.get(0, Sizes(0, 0))
        details: Wire = describe_source(table, sizes, with_features=not is_system)
        return Backup(
            backup_id=0,
            backup_name=backup_name,
            name=name,
            kind=SYSTEM if is_system else USER,
            is_complete=False,
            created_at_ms=created_at_ms,
            expires_at_ms=None,
            kept_table_id=None,
            item_count=own.item_count,
            size_bytes=own.size_bytes,
            definition=dump_definition(table),
            details=details,
        )

    def is_restored(self, backup: Backup) -> bool:
        """Whether a table is being restored from the backup."""
        return self._copies.is_restored(backup.backup_id)

    def delete(self, backup: Backup) -> None:
        """Forget a backup at once; its items are dropped in the background."""
        self._backups.delete(backup.backup_id)
        self._chores.add("drop_items", backup.content_id, 0)

    def delete_expired(self, now_ms: int) -> bool:
        """Delete backups whose time has come, but for those that are being restored; True if any was."""
        expired = [backup for backup in self._backups.find_expired(now_ms) if not self.is_restored(backup)]
        for backup in expired:
            self.delete(backup)
        return bool(expired)
