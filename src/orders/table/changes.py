"""Follows changes: the orders that OrderProcessor stores and the messages that it fails, in log order.

It follows the log, not the table's indexes. The indexes are sorted by the order's own timestamp, which may be years
old; the log is sorted by the time of the change. The orders are then read from the table, 100 at a time, so an order
that has changed again is shown in its current state.
Independent of AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from orders.function_log.lines import LogLine, parse_line

# Log lines may arrive slightly out of order, so each poll rereads this much and skips the lines already shown.
OVERLAP_MS = 10_000
STORED = "stored"
PATTERN = '{ ($.outcome = "stored") || ($.level = "ERROR") }'


class Log(Protocol):
    def lines(self, since_ms: int, pattern: str = "") -> Iterator[LogLine]: ...


class Table(Protocol):
    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]: ...


class Change(NamedTuple):
    """The outcome of one notification. ``order`` is the stored order; None if processing failed."""

    at_ms: int
    outcome: str
    order_id: str | None
    message_id: str | None
    reason: str | None
    order: dict[str, Any] | None
    receive: int | None = None
    """Which try failed, 1 for the first; None if it succeeded, or the log does not tell."""
    receives_max: int | None = None


class Changes:
    """The changes since a moment, each returned once."""

    def __init__(self, log: Log, table: Table, since_ms: int) -> None:
        self._log = log
        self._table = table
        self._since_ms = since_ms
        self._shown: dict[str, int] = {}

    def take_new(self) -> list[Change]:
        """The changes since the last call, oldest first."""
        lines = [line for line in self._log.lines(self._since_ms, PATTERN) if line.event_id not in self._shown]
        self._shown.update((line.event_id, line.at_ms) for line in lines)
        newest_ms = max(self._shown.values(), default=self._since_ms)
        self._since_ms = max(self._since_ms, newest_ms - OVERLAP_MS)
        self._shown = {event_id: at_ms for event_id, at_ms in self._shown.items() if at_ms >= self._since_ms}
        changes = [change for line in sorted(lines, key=_time_of) if (change := _read(line)) is not None]
        stored = {change.order_id for change in changes if change.outcome == STORED and change.order_id is not None}
        orders = self._table.find_all(sorted(stored)) if stored else {}
        return [
            change._replace(order=orders.get(change.order_id or "")) if change.outcome == STORED else change
            for change in changes
        ]


def _time_of(line: LogLine) -> int:
    return line.at_ms


def _read(line: LogLine) -> Change | None:
    """The change in a log line; None for duplicates, stale notifications and other lines."""
    content = parse_line(line.text)
    outcome = content.get("outcome")
    if not isinstance(outcome, str) or (outcome != STORED and content.get("level") != "ERROR"):
        return None
    return Change(
        at_ms=line.at_ms,
        outcome=outcome,
        order_id=content.get("orderId"),
        message_id=content.get("messageId"),
        reason=content.get("reason"),
        order=None,
        receive=_number(content.get("receiveCount")),
        receives_max=_number(content.get("receivesMax")),
    )


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 < value < 10**9 else None
