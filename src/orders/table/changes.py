"""Orders as they change: what OrderProcessor stores and gives back, in the order in which it says so.

The log is what is followed, not the table's indexes: those are ordered by the time that an order bears, which may be
years ago, while the log is ordered by when the order changed. The orders themselves are then read from the table, a
hundred at a time; an order that changed again meanwhile is shown as it is now.
Knows nothing of AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from orders.function_log.lines import LogLine, parse_line

# Lines arrive out of order by a little: each look goes back so far, and leaves out what was shown.
LOOK_BACK_MS = 10_000
STORED = "stored"
PATTERN = '{ ($.outcome = "stored") || ($.level = "ERROR") }'


class Log(Protocol):
    def lines(self, since_ms: int, pattern: str = "") -> Iterator[LogLine]: ...


class Table(Protocol):
    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]: ...


class Change(NamedTuple):
    """What became of one notification. ``order`` is what is stored, None for one that was given back."""

    at_ms: int
    outcome: str
    order_id: str | None
    message_id: str | None
    reason: str | None
    order: dict[str, Any] | None


class Changes:
    """The changes since a moment, each told once."""

    def __init__(self, log: Log, table: Table, since_ms: int) -> None:
        self._log = log
        self._table = table
        self._since_ms = since_ms
        self._told: dict[str, int] = {}

    def take_new(self) -> list[Change]:
        """Those since the last call, oldest first."""
        lines = [line for line in self._log.lines(self._since_ms, PATTERN) if line.event_id not in self._told]
        self._told.update((line.event_id, line.at_ms) for line in lines)
        newest_ms = max(self._told.values(), default=self._since_ms)
        self._since_ms = max(self._since_ms, newest_ms - LOOK_BACK_MS)
        self._told = {event_id: at_ms for event_id, at_ms in self._told.items() if at_ms >= self._since_ms}
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
    """The change that a line tells, None for duplicates, stale ones and lines of other matters."""
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
    )
