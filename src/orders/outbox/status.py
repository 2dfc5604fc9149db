"""The state of an outbox at one moment: what waits, since when, who sends it, what was refused and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from orders.outbox.database import Database
from orders.outbox.table import REFUSED, SENT, WAITING, Tables, now_ms

REASONS_MAX = 20
# A relay writes its row every two seconds, unless a call or the database keeps it.
SILENT_AFTER_MS = 15_000


class RefusedGroup(NamedTuple):
    """Refused rows that have one reason."""

    rows: int
    code: str
    reason: str
    first_id: int


class RelayState(NamedTuple):
    """What a relay last told."""

    name: str
    started_at_ms: int
    seen_at_ms: int
    sent: int
    refused: int
    sent_per_minute: int
    problem: str | None
    is_silent: bool
    """Whether it told nothing for SILENT_AFTER_MS: it was killed, or cannot reach the database."""


class OutboxStatus(NamedTuple):
    """Everything as of ``at_ms`` by the database's clock."""

    at_ms: int
    waiting: int
    oldest_ms: int | None
    """How long the first waiting row has waited."""
    sent_per_minute: int
    """By all relays that are not silent, in the last minute."""
    kept: int
    """Sent rows that are kept for a time."""
    refused: int
    reasons: tuple[RefusedGroup, ...]
    """The REASONS_MAX most frequent ones."""
    relays: tuple[RelayState, ...]


def read_status(database: Database, tables: Tables) -> OutboxStatus:
    """Look once. Raises DatabaseUnavailable."""
    with database.transaction() as connection:
        at_ms = int(connection.execute(select(now_ms())).scalar_one())
        counts = _counts(connection, tables)
        relays = _relays(connection, tables, at_ms)
        return OutboxStatus(
            at_ms=at_ms,
            waiting=counts.get(WAITING, 0),
            oldest_ms=_oldest_ms(connection, tables, at_ms),
            sent_per_minute=sum(relay.sent_per_minute for relay in relays if not relay.is_silent),
            kept=counts.get(SENT, 0),
            refused=counts.get(REFUSED, 0),
            reasons=_reasons(connection, tables),
            relays=relays,
        )


def _counts(connection: Connection, tables: Tables) -> dict[str, int]:
    state = tables.outbox.c.state
    found = connection.execute(select(state, func.count()).group_by(state))
    return {str(name): int(rows) for name, rows in found}


def _oldest_ms(connection: Connection, tables: Tables, at_ms: int) -> int | None:
    columns = tables.outbox.c
    first = select(columns.created_at_ms).where(columns.state == WAITING).order_by(columns.id).limit(1)
    created_at_ms = connection.execute(first).scalar()
    return None if created_at_ms is None else max(0, at_ms - int(created_at_ms))


def _reasons(connection: Connection, tables: Tables) -> tuple[RefusedGroup, ...]:
    columns = tables.outbox.c
    rows, first_id = func.count().label("rows"), func.min(columns.id).label("first_id")
    groups = (
        select(rows, columns.refusal_code, columns.refusal, first_id)
        .where(columns.state == REFUSED)
        .group_by(columns.refusal_code, columns.refusal)
        .order_by(rows.desc(), first_id)
        .limit(REASONS_MAX)
    )
    return tuple(RefusedGroup(*group) for group in connection.execute(groups))


def _relays(connection: Connection, tables: Tables, at_ms: int) -> tuple[RelayState, ...]:
    columns = tables.relays.c
    told: list[Any] = [
        columns.name,
        columns.started_at_ms,
        columns.seen_at_ms,
        columns.sent,
        columns.refused,
        columns.sent_per_minute,
        columns.problem,
    ]
    rows = connection.execute(select(*told).order_by(columns.started_at_ms, columns.name))
    return tuple(RelayState(**row, is_silent=row["seen_at_ms"] < at_ms - SILENT_AFTER_MS) for row in rows.mappings())
