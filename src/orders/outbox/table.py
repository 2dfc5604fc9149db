"""The outbox table and the table of relays, for SQLAlchemy, and the SQL that makes them on each database.

A row's ``state`` is waiting, sent or refused. Ids only grow, and the rows of one order are sent in the order of their
ids: transactions that write the same order one after the other (each locks the order's own row first) get ids in that
order.
Moments are milliseconds since the epoch by the database's clock, so that several machines agree.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.expression import ClauseElement, FunctionElement

from orders.errors import OperatorError
from orders.outbox.names import DEFAULT_TABLE, is_table_name

# Of the order contract: orders.domain.contract.
ORDER_ID_CHARACTERS = 2_048
# Longer than any version of W3C's trace context: what a shop passes on unread must not end its transaction.
TRACEPARENT_CHARACTERS = 512
WAITING, SENT, REFUSED = "waiting", "sent", "refused"
# Rows come and go all the time: the table is vacuumed by their number, not by their share.
VACUUM_AFTER_ROWS = 5_000


class now_ms(FunctionElement[int]):  # noqa: N801  (SQL functions are written in lower case)
    """The database's clock in milliseconds since the epoch."""

    type = BigInteger()
    inherit_cache = True
    name = "now_ms"


NOW_MS = {
    "postgresql": "CAST(extract(epoch from clock_timestamp()) * 1000 AS bigint)",
    "mysql": "CAST(unix_timestamp(current_timestamp(3)) * 1000 AS signed)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
}


@compiles(now_ms)
def _compile_now_ms(_element: Any, compiler: Any, **_: Any) -> str:
    return f"({NOW_MS[compiler.dialect.name]})"


class Tables(NamedTuple):
    """The two tables of an outbox."""

    outbox: Table
    relays: Table


@lru_cache
def make_tables(name: str = DEFAULT_TABLE) -> Tables:
    """The tables of an outbox with this name, which may begin with a schema: ``shop.orders_outbox``.

    Raises OperatorError for what is no plain name.
    """
    if not is_table_name(name):
        raise OperatorError(
            f"{name!r} is not the name of a table",
            "Use lower-case letters, digits and _: orders_outbox or shop.orders_outbox.",
        )
    schema, _, table = name.rpartition(".")
    metadata = MetaData(schema=schema or None)
    return Tables(_outbox(table, metadata), _relays(table, metadata))


def _outbox(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True, autoincrement=True),
        Column("order_id", String(ORDER_ID_CHARACTERS), nullable=False),
        Column("body", _long_text(), nullable=False),
        Column("traceparent", String(TRACEPARENT_CHARACTERS)),
        Column("created_at_ms", BigInteger, nullable=False, server_default=now_ms()),
        Column("state", String(8), nullable=False, server_default=WAITING),
        Column("done_at_ms", BigInteger),
        Column("refusal_code", String(100)),
        Column("refusal", _long_text()),
        CheckConstraint(f"state IN ('{WAITING}', '{SENT}', '{REFUSED}')", name=f"{name}_state"),
        Index(f"{name}_by_state", "state", "id"),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": VACUUM_AFTER_ROWS,
        },
        **_OPTIONS,
    )


def _relays(outbox: str, metadata: MetaData) -> Table:
    """A row for each relay: what it last did."""
    return Table(
        f"{outbox}_relays",
        metadata,
        Column("name", String(200), primary_key=True),
        Column("started_at_ms", BigInteger, nullable=False),
        Column("seen_at_ms", BigInteger, nullable=False),
        Column("sent", BigInteger, nullable=False),
        Column("refused", BigInteger, nullable=False),
        Column("sent_per_minute", BigInteger, nullable=False),
        Column("problem", _long_text()),
        **_OPTIONS,
    )


_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "sqlite_autoincrement": True,  # an id is never given twice
}


def _long_text() -> Any:
    # MySQL's TEXT ends at 64 KiB, SNS's messages at 256 KiB.
    return Text().with_variant(MEDIUMTEXT, "mysql")


def notify_channel(outbox: Table) -> str:
    """The channel on which PostgreSQL tells the relays of new rows."""
    return outbox.fullname.replace(".", "_")


def notify_trigger(outbox: Table) -> str:
    """The trigger that tells."""
    return f"{outbox.name}_notify"


def creation_sql(tables: Tables, dialect: Dialect, *, notify: bool) -> list[str]:
    """The statements that make what is missing of the tables, in order; they may be run again.

    ``notify`` adds the trigger by which PostgreSQL wakes the relays at each commit.
    """
    statements: list[str] = []
    for table in tables:
        statements.append(_compiled(CreateTable(table, if_not_exists=True), dialect))
        # MySQL has no CREATE INDEX IF NOT EXISTS: there the index is part of the table.
        if dialect.name == "mysql":
            statements[-1] = _with_indexes(statements[-1], table)
        else:
            statements += [
                _compiled(CreateIndex(index, if_not_exists=True), dialect) for index in sorted_indexes(table)
            ]
    if notify and dialect.name == "postgresql":
        statements += notify_sql(tables.outbox, dialect)
    return statements


def sorted_indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _with_indexes(statement: str, table: Table) -> str:
    for index in sorted_indexes(table):
        columns = ", ".join(column.name for column in index.columns)
        statement = statement.replace("PRIMARY KEY", f"INDEX {index.name} ({columns}),\n\tPRIMARY KEY", 1)
    return statement


def notify_sql(outbox: Table, dialect: Dialect) -> list[str]:
    """PostgreSQL's trigger: https://www.postgresql.org/docs/current/sql-notify.html"""
    table = dialect.identifier_preparer.format_table(outbox)
    channel = notify_channel(outbox)
    trigger = notify_trigger(outbox)
    return [
        f"CREATE OR REPLACE FUNCTION {table}_notify() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"BEGIN\n\tPERFORM pg_notify('{channel}', '');\n\tRETURN NULL;\nEND\n$$",
        f"DROP TRIGGER IF EXISTS {trigger} ON {table}",
        f"CREATE TRIGGER {trigger} AFTER INSERT ON {table}\n\tFOR EACH STATEMENT EXECUTE FUNCTION {table}_notify()",
    ]


def _compiled(item: ClauseElement, dialect: Dialect) -> str:
    lines = str(item.compile(dialect=dialect)).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def as_ddl(statement: str) -> DDL:
    """A statement to execute as it is; SQLAlchemy would take a percent sign for a parameter."""
    return DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
