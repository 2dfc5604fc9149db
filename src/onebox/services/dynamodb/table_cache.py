"""Tables by name, kept in memory so that an item operation needs no query to know its table.

Promises: never serves a table of a transaction that was undone. Whoever changes a table calls
:meth:`TableCache.forget` in the same job; from then until the change is on disk the table is read from the database
each time, and a change that is undone merely leaves it so.
"""

from __future__ import annotations

from onebox.arn import find_arn, partition_of
from onebox.errors import AccessDeniedException, ValidationException
from onebox.services.context import RequestContext
from onebox.services.dynamodb.errors import ResourceNotFoundException, resource_not_found
from onebox.services.dynamodb.model import Table, TableKey
from onebox.services.dynamodb.store.tables import TableStore
from onebox.services.dynamodb.validation import check_table_name, is_table_name
from onebox.storage.database import Storage


class TableCache:
    """The tables by name."""

    def __init__(self, storage: Storage, store: TableStore) -> None:
        self._storage = storage
        self._store = store
        self._tables: dict[TableKey, Table] = {}
        self._uncommitted: dict[TableKey, int] = {}
        """How many changes of the table are not on disk yet."""

    def load(self, context: RequestContext, name: str) -> Table:
        """The table for an item operation; ``name`` may be an ARN. Raises ResourceNotFoundException."""
        table = self._tables.get(TableKey(context.account, context.region, name))
        if table is not None:
            return table
        table = self.find_usable(table_key(context, name))
        if table is None:
            raise resource_not_found()
        return table

    def load_described(self, context: RequestContext, name: str) -> Table:
        """As :meth:`load`, with the words of the operations on tables."""
        key = table_key(context, name)
        return _existing(self.find_usable(key), key)

    def load_any(self, context: RequestContext, name: str) -> Table:
        """As :meth:`load_described`, but a table that is being restored too."""
        key = table_key(context, name)
        return _existing(self.find(key), key)

    def find_usable(self, key: TableKey) -> Table | None:
        """The table; None if there is none, or if it is being restored."""
        table = self.find(key)
        return None if table is None or table.is_restoring else table

    def find(self, key: TableKey) -> Table | None:
        """The table, or None."""
        table = self._tables.get(key)
        if table is None:
            table = self._store.find_table(key)
            # Tables that are being restored stay out, so that :meth:`load` need not ask whether it has such a one.
            if table is not None and key not in self._uncommitted and not table.is_restoring:
                self._tables[key] = table
        return table

    def forget(self, key: TableKey) -> None:
        """The table is being changed in the current job."""
        self._tables.pop(key, None)
        self._uncommitted[key] = self._uncommitted.get(key, 0) + 1
        self._storage.after_commit(lambda: self._forget_change(key))

    def _forget_change(self, key: TableKey) -> None:
        # A change that was undone never gets here: its table goes on being read from the database.
        self._uncommitted[key] -= 1
        if not self._uncommitted[key]:
            del self._uncommitted[key]


def _existing(table: Table | None, key: TableKey) -> Table:
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {key.name} not found")
    return table


def table_key(context: RequestContext, name: str) -> TableKey:
    """What the TableName of a request names: a table of the caller's account and region.

    Raises ValidationException for names that cannot be one, AccessDeniedException for ARNs of other accounts.
    """
    if not name.startswith("arn:"):
        check_table_name(name)
        return TableKey(context.account, context.region, name)
    arn = find_arn(name)
    kind, _, table_name = ("", "", "") if arn is None else arn.resource.partition("/")
    # IAM is asked about the ARN as it was given: another spelling must not name the same table.
    if arn is None or (arn.service, kind) != ("dynamodb", "table") or not is_table_name(table_name):
        raise ValidationException("Invalid table ARN")
    if arn.partition != partition_of(arn.region):
        raise ValidationException("Invalid table ARN: the Region is not in the partition")
    if arn.region != context.region:
        raise ValidationException(f"Invalid table ARN: the table is not in the Region of the request: {name}")
    if arn.account != context.account:
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to access resource: {name} "
            "because no resource-based policy allows it"
        )
    return TableKey(arn.account, arn.region, table_name)
