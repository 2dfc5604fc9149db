"""Refused rows: list, look at one, send again, drop.

A row that is sent again gets a new id, behind all rows that wait: what was published of its order since stays ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, literal, select

from orders.domain.order import parse_order
from orders.errors import OperatorError, OrderRejected
from orders.outbox.database import Database
from orders.outbox.table import REFUSED, Tables
from orders.publishing.publisher import check_order

LISTED_MAX = 1_000
AT_ONCE = 500
# The columns that the shop writes.
_SHOPS = ["order_id", "body", "traceparent"]


class RefusedRow(NamedTuple):
    """A parked row. ``body`` is empty in lists."""

    id: int
    order_id: str
    created_at_ms: int
    refused_at_ms: int
    code: str
    reason: str
    body: str = ""


class RefusedRows:
    """The refused rows of an outbox."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.outbox

    def find(self, limit: int = LISTED_MAX) -> list[RefusedRow]:
        """Those that were refused, the oldest first, without their orders."""
        columns = self._table.c
        statement = (
            select(*self._columns(with_body=False)).where(columns.state == REFUSED).order_by(columns.id).limit(limit)
        )
        with self._database.transaction() as connection:
            return [RefusedRow(*row) for row in connection.execute(statement)]

    def ids(self) -> Sequence[int]:
        """All ids."""
        columns = self._table.c
        statement = select(columns.id).where(columns.state == REFUSED).order_by(columns.id)
        with self._database.transaction() as connection:
            return connection.execute(statement).scalars().all()

    def get(self, id_: int) -> RefusedRow:
        """One with its order. Raises OperatorError if there is no such refused row."""
        with self._database.transaction() as connection:
            return self._load(connection, id_)

    def retry(self, ids: Sequence[int]) -> int:
        """Let these wait again; how many. Raises OperatorError if one is not refused, and then changes nothing."""
        chosen = sorted(set(ids))
        columns = self._table.c
        with self._database.transaction() as connection:
            self._check(connection, chosen)
            for some in _portions(chosen):
                rows = select(*(columns[name] for name in _SHOPS)).where(columns.id.in_(some)).order_by(columns.id)
                connection.execute(self._table.insert().from_select(_SHOPS, rows))
                connection.execute(self._table.delete().where(columns.id.in_(some)))
        return len(chosen)

    def retry_with(self, id_: int, body: str) -> None:
        """Let a corrected order wait in the place of a refused one.

        Raises OperatorError if there is no such refused row, OrderRejected if the order is invalid or another one.
        """
        with self._database.transaction() as connection:
            refused = self._load(connection, id_)
            # Whether it is too large is for the relay to say, which may have claim checks.
            order_id = parse_order(check_order(body, claim_check=True), bytes_max=None).order_id
            if order_id != refused.order_id:
                raise OrderRejected(f"its orderId is {order_id!r}, the refused row is of {refused.order_id!r}")
            columns = self._table.c
            row = select(literal(order_id), literal(body), columns.traceparent).where(columns.id == id_)
            connection.execute(self._table.insert().from_select(_SHOPS, row))
            connection.execute(self._table.delete().where(columns.id == id_))

    def drop(self, ids: Sequence[int]) -> int:
        """Delete these for good; how many. Raises OperatorError if one is not refused, and then deletes nothing."""
        chosen = sorted(set(ids))
        with self._database.transaction() as connection:
            self._check(connection, chosen)
            for some in _portions(chosen):
                connection.execute(self._table.delete().where(self._table.c.id.in_(some)))
        return len(chosen)

    def _columns(self, *, with_body: bool) -> list[ColumnElement[Any]]:
        columns = self._table.c
        found: list[ColumnElement[Any]] = [
            columns.id,
            columns.order_id,
            columns.created_at_ms,
            columns.done_at_ms,
            columns.refusal_code,
            columns.refusal,
        ]
        return [*found, columns.body] if with_body else found

    def _load(self, connection: Connection, id_: int) -> RefusedRow:
        columns = self._table.c
        statement = select(*self._columns(with_body=True)).where(columns.id == id_, columns.state == REFUSED)
        found = connection.execute(statement).first()
        if found is None:
            raise _no_such(id_)
        return RefusedRow(*found)

    def _check(self, connection: Connection, ids: Sequence[int]) -> None:
        """Lock the rows; raises OperatorError for the first that is not refused."""
        columns = self._table.c
        there: set[int] = set()
        for some in _portions(ids):
            statement = select(columns.id).where(columns.id.in_(some), columns.state == REFUSED).with_for_update()
            there.update(connection.execute(statement).scalars())
        missing = [id_ for id_ in ids if id_ not in there]
        if missing:
            raise _no_such(missing[0])


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _no_such(id_: int) -> OperatorError:
    return OperatorError(f"there is no refused row {id_}", "`orders relay refused` lists them.")
