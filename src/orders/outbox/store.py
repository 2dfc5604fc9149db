"""The SQL of a relay: reads waiting rows, records what became of them.

No statement pages by the last id it saw: ids are given when a row is inserted and become visible when its transaction
commits, in another order. Every look begins with the first waiting row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Select, bindparam, inspect, select, text, update

from orders.errors import OperatorError
from orders.outbox.database import MYSQL, Database
from orders.outbox.rows import Outcome, Place, Row
from orders.outbox.table import NOW_MS, REFUSED, SENT, WAITING, Tables, now_ms

# More waiting rows than several relays claim at a time.
WINDOW_ROWS = 1_000
REMOVED_AT_ONCE = 500
# `DELETE … WHERE id IN (…)` makes InnoDB wait for rows that another relay has locked: it reads a small table whole, and
# of a larger one also the row behind the last. Two relays then end in a deadlock. A join looks up each id and no other.
# https://dev.mysql.com/doc/refman/8.0/en/innodb-locks-set.html
_BY_ID = "FORCE INDEX (PRIMARY)"
_CHOSEN = "JSON_TABLE(:ids, '$[*]' COLUMNS (id BIGINT PATH '$')) AS chosen"


class OutboxStore:
    """The outbox in a database."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self.database = database
        self._table = tables.outbox
        self._relays = tables.relays
        outbox = tables.outbox.c
        self.window = (
            select(outbox.id, outbox.order_id).where(outbox.state == WAITING).order_by(outbox.id).limit(WINDOW_ROWS)
        )
        chosen = outbox.id.in_(bindparam("ids", expanding=True))
        self._rows = (
            select(outbox.id, outbox.order_id, outbox.body, outbox.traceparent)
            .where(chosen, outbox.state == WAITING)
            .order_by(outbox.id)
            .with_hint(tables.outbox, _BY_ID, MYSQL)
        )
        self._delete: Executable = tables.outbox.delete().where(chosen)
        self._mark_sent: Executable = update(tables.outbox).where(chosen).values(state=SENT, done_at_ms=now_ms())
        if database.kind == MYSQL:
            rows = f"{_CHOSEN} STRAIGHT_JOIN {tables.outbox.fullname} AS o {_BY_ID} ON o.id = chosen.id"
            self._delete = text(f"DELETE o FROM {rows}")
            self._mark_sent = text(f"UPDATE {rows} SET o.state = '{SENT}', o.done_at_ms = {NOW_MS[MYSQL]}")

    def check_tables(self) -> None:
        """Raises OperatorError where a table or a column is missing, DatabaseUnavailable where nobody answers."""
        with self.database.transaction() as connection:
            inspector = inspect(connection)
            for table in (self._table, self._relays):
                if not inspector.has_table(table.name, schema=table.schema):
                    raise OperatorError(
                        f"there is no table {table.fullname} in {self.database.shown}",
                        "Make it with `orders relay init`.",
                    )
                there = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
                missing = [column.name for column in table.columns if column.name not in there]
                if missing:
                    raise OperatorError(
                        f"the table {table.fullname} has no column {', '.join(missing)}",
                        "`orders relay init --show` prints the table as it must be.",
                    )

    # --- Claiming -----------------------------------------------------------------------------------------------------

    def read_window(self, connection: Connection) -> list[Place]:
        """The places of the first waiting rows, all as of one moment."""
        return [Place(*row) for row in connection.execute(self.window)]

    def lock_rows(self, connection: Connection, ids: Sequence[int], limit: int) -> list[Row]:
        """Lock at most ``limit`` of these rows that still wait and that nobody else holds, to the transaction's end."""
        statement = self._rows.limit(limit).with_for_update(skip_locked=True)
        return _rows(connection, statement, ids)

    def read_rows(self, connection: Connection, ids: Sequence[int]) -> list[Row]:
        """Those of these rows that still wait."""
        return _rows(connection, self._rows, ids)

    # --- Recording ----------------------------------------------------------------------------------------------------

    def record(self, connection: Connection, outcome: Outcome, *, keep: bool) -> None:
        """Sent rows are deleted, or with ``keep`` marked as sent; refused rows are parked with their reasons."""
        if outcome.sent:
            self._execute_on(connection, self._mark_sent if keep else self._delete, outcome.sent)
        for refusal in outcome.refused:
            connection.execute(
                update(self._table)
                .where(self._table.c.id == refusal.id, self._table.c.state == WAITING)
                .values(state=REFUSED, done_at_ms=now_ms(), refusal_code=refusal.code, refusal=refusal.reason)
            )

    def remove_sent(self, connection: Connection, kept_ms: int) -> int:
        """Delete rows that were sent longer ago than this, REMOVED_AT_ONCE at most; how many it deleted.

        Looks at the sent rows with the lowest ids only: one that was sent late holds back those behind it for as long.
        """
        outbox = self._table.c
        oldest = (
            select(outbox.id, (outbox.done_at_ms < now_ms() - kept_ms).label("is_old"))
            .where(outbox.state == SENT)
            .order_by(outbox.id)
            .limit(REMOVED_AT_ONCE)
        )
        ids = [row.id for row in connection.execute(oldest) if row.is_old]
        if ids:
            self._execute_on(connection, self._delete, ids)
        return len(ids)

    def _execute_on(self, connection: Connection, statement: Executable, ids: Sequence[int]) -> None:
        connection.execute(statement, {"ids": json.dumps(ids) if self.database.kind == MYSQL else ids})

    # --- The relays ---------------------------------------------------------------------------------------------------

    def report(self, connection: Connection, name: str, values: dict[str, Any]) -> None:
        """Write a relay's own row: ``values`` are its columns but name, started_at_ms and seen_at_ms."""
        mine = self._relays.c.name == name
        changed = connection.execute(update(self._relays).where(mine).values(seen_at_ms=now_ms(), **values))
        if changed.rowcount == 0:
            connection.execute(
                self._relays.insert().values(name=name, started_at_ms=now_ms(), seen_at_ms=now_ms(), **values)
            )

    def forget_relays(self, connection: Connection, name: str | None, silent_ms: int) -> None:
        """Remove the row of the relay with this name, and those that were silent for so long."""
        old = self._relays.c.seen_at_ms < now_ms() - silent_ms
        connection.execute(self._relays.delete().where(old if name is None else old | (self._relays.c.name == name)))


def _rows(connection: Connection, statement: Select[Any], ids: Sequence[int]) -> list[Row]:
    return [Row(*row) for row in connection.execute(statement, {"ids": ids})]
