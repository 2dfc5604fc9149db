"""``add``: an order's row in the outbox, written in the shop's own database transaction.

Promises: the row is committed or rolled back together with everything else in the transaction. An order that the
processor would reject is refused at once, before anything is written. So is a connection that would commit the row by
itself.
Needs SQLAlchemy only where the shop uses it.
"""

from __future__ import annotations

import sys
from typing import Any

from orders.domain.order import parse_order
from orders.domain.trace_context import TRACEPARENT, read_traceparent
from orders.errors import OperatorError
from orders.outbox.names import DEFAULT_TABLE, is_table_name
from orders.publishing.publisher import OrderLike, check_order

# How a driver writes the values of a statement: https://peps.python.org/pep-0249/#paramstyle
_PLACES = {
    "qmark": "?, ?, ?",
    "format": "%s, %s, %s",
    "pyformat": "%s, %s, %s",
    "numeric": ":1, :2, :3",
    "named": ":order_id, :body, :traceparent",
}


def add(
    connection: Any,
    order: OrderLike,
    *,
    table: str = DEFAULT_TABLE,
    paramstyle: str | None = None,
    traceparent: str | None = None,
    claim_check: bool = False,
) -> str:
    """Write an order to the outbox as part of the connection's transaction; returns its orderId.

    ``connection`` is a SQLAlchemy Session or Connection, ``django.db.connection`` inside ``transaction.atomic()``, or
    any DB-API connection. With SQLAlchemy's asyncio: ``await session.run_sync(add, order)``. ``order`` is a mapping, or
    JSON text, which is published unchanged. ``paramstyle`` is needed only for a driver whose module does not say it.
    ``traceparent`` is the W3C trace context that the order belongs to; anything else counts as none. ``claim_check``
    takes an order that is too large for SNS, for relays that send it through S3 (`orders relay run --claim-check`).

    Raises OrderRejected for an order that the processor would reject, OperatorError for a connection that is in no
    transaction, and the driver's own errors.
    """
    if not is_table_name(table):
        raise OperatorError(f"{table!r} is not the name of a table", "Use lower-case letters, digits and _.")
    body = check_order(order, claim_check=claim_check)
    order_id = parse_order(body, bytes_max=None).order_id
    row = {"order_id": order_id, "body": body, TRACEPARENT: read_traceparent(traceparent)}
    if _is_sqlalchemy(connection):
        _add_by_sqlalchemy(connection, table, row)
        return order_id
    if _commits_each_statement(connection):
        raise OperatorError(
            "the connection is in no transaction: the row would be committed by itself",
            "Begin one: `with transaction.atomic():` in Django; elsewhere turn autocommit off.",
        )
    style = "format" if _is_django(connection) else paramstyle or _find_paramstyle(connection)
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({_PLACES[style]})"
    cursor = connection.cursor()
    try:
        cursor.execute(statement, row if style == "named" else tuple(row.values()))
    finally:
        cursor.close()
    return order_id


def _add_by_sqlalchemy(connection: Any, table: str, row: dict[str, Any]) -> None:
    from orders.outbox.table import make_tables  # a shop without SQLAlchemy needs none

    connection.execute(make_tables(table).outbox.insert().values(**row))


def _modules_of(connection: object) -> list[str]:
    """The top-level packages that define the object's class and its bases."""
    return [kind.__module__.partition(".")[0] for kind in type(connection).__mro__]


def _is_sqlalchemy(connection: object) -> bool:
    return "sqlalchemy" in _modules_of(connection)


def _is_django(connection: object) -> bool:
    # django.db.connection is a proxy that passes attributes on to the thread's connection.
    return hasattr(connection, "in_atomic_block")


def _commits_each_statement(connection: Any) -> bool:
    """Whether an INSERT would be committed at once; False where the driver does not tell."""
    if _is_django(connection):
        return not connection.in_atomic_block
    packages = _modules_of(connection)
    if "sqlite3" in packages or "_sqlite3" in packages:
        opens_by_itself = connection.isolation_level is not None or getattr(connection, "autocommit", True) is False
        return not (opens_by_itself or connection.in_transaction)
    if "psycopg" in packages:
        return bool(connection.autocommit) and connection.info.transaction_status.name == "IDLE"
    return False


def _find_paramstyle(connection: object) -> str:
    for package in _modules_of(connection):
        style = getattr(sys.modules.get(package), "paramstyle", None)
        if style in _PLACES:
            return str(style)
    kind = type(connection)
    raise OperatorError(
        f"{kind.__module__}.{kind.__qualname__} is no DB-API connection that says its paramstyle",
        f"Pass paramstyle=, one of {', '.join(_PLACES)}.",
    )
