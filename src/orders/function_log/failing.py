"""Orders that are failing now: not stored yet, and not dead-lettered, from OrderProcessor's log lines. Pure.

Each failure line says which try it was and when the next comes. A later line of the same message replaces it, and ends
it where the message was stored or moved to OrderDLQ. An order that was set aside goes on under the id of its copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from orders.errors import REASON_MAX
from orders.function_log.crashes import Crash, find_crashes
from orders.function_log.lines import LogLine, parse_line
from orders.text import well_formed

# Every order that is failing has a line that is at most this old: the longest pause, with its call and some delay.
LOOK_BACK_MS = 20 * 60_000
# template.yaml's maxReceiveCount, for lines of functions that do not tell it.
RECEIVES_MAX = 3
DEFAULT_VISIBILITY_MS = 180_000
_ID_MAX = 2_048
_CRASH_LINES_MAX = 2_000


class FailingOrder(NamedTuple):
    """An order under way after a failure."""

    message_id: str
    order_id: str | None
    exception: str
    reason: str
    field: str | None
    receive: int
    """The number of the try that failed last; 0 if the log does not tell."""
    receives_max: int
    set_aside: int
    """How often it was set aside for a passing cause; such tries are not counted against it."""
    failed_at_ms: int
    next_at_ms: int
    """When it is tried again; about, where the queue's visibility timeout decides."""

    @property
    def is_passing(self) -> bool:
        """Whether the cause lies in the table and not in the order."""
        return self.set_aside > 0

    @property
    def moves_next(self) -> bool:
        """Whether it moves to OrderDLQ next."""
        return not self.is_passing and self.receive >= self.receives_max

    @property
    def attempt(self) -> str:
        """Which try failed last, in words."""
        if self.is_passing:
            return f"set aside {self.set_aside} time{'' if self.set_aside == 1 else 's'}"
        return f"try {self.receive or '?'} of {self.receives_max}"


class CrashCount(NamedTuple):
    """Calls that ended without an answer, of one kind, whose messages no line names."""

    exception: str
    reason: str
    times: int
    last_at_ms: int


class FailingNow(NamedTuple):
    """What fails at one moment."""

    orders: tuple[FailingOrder, ...] = ()
    """The next to be tried first."""
    crashes: tuple[CrashCount, ...] = ()
    """The most frequent first."""


NOTHING_FAILS = FailingNow()


class FailingTracker:
    """Takes log lines as they come, again or out of order, and tells what is failing."""

    def __init__(self) -> None:
        self._orders: dict[str, FailingOrder] = {}
        self._ended: dict[str, int] = {}
        """When a message was stored, set aside or dead-lettered."""
        self._crash_lines: dict[str, LogLine] = {}
        self._crashes: list[Crash] = []

    def add(self, lines: Iterable[LogLine], visibility_ms: int = DEFAULT_VISIBILITY_MS) -> None:
        """Take lines. ``visibility_ms`` is the queue's visibility timeout."""
        for line in sorted(lines, key=lambda one: one.at_ms):
            content = parse_line(line.text)
            message_id = content.get("messageId")
            if not isinstance(message_id, str):
                self._crash_lines[line.event_id] = line
            elif content.get("level") == "ERROR":
                self._add_failure(line.at_ms, message_id, content, visibility_ms)
            else:
                self._end(message_id, line.at_ms)
        newest = sorted(self._crash_lines.values(), key=lambda one: one.at_ms)[-_CRASH_LINES_MAX:]
        self._crash_lines = {line.event_id: line for line in newest}
        self._crashes = find_crashes(newest)
        for crash in self._crashes:
            self._add_crash(crash, visibility_ms)

    def find(self, now_ms: int, messages: int | None = None) -> FailingNow:
        """What fails at a moment. ``messages`` is how many OrderQueue holds: no more can be failing."""
        self._forget(now_ms - LOOK_BACK_MS)
        orders = sorted(
            (one for one in self._orders.values() if not (one.moves_next and one.next_at_ms <= now_ms)),
            key=lambda one: (one.next_at_ms, one.message_id),
        )
        if messages is not None:
            orders = sorted(orders, key=lambda one: -one.failed_at_ms)[:messages] if len(orders) > messages else orders
        return FailingNow(tuple(orders), self._count_crashes())

    def _add_failure(self, at_ms: int, message_id: str, content: dict[str, Any], visibility_ms: int) -> None:
        if at_ms < self._ended.get(message_id, -1):
            return
        moved_to = content.get("movedTo")
        pause_s = _number(content, "pauseS", -1)
        if isinstance(moved_to, str) and moved_to:
            self._end(message_id, at_ms)
            message_id = moved_to
        if at_ms < self._ended.get(message_id, -1):
            return
        before = self._orders.get(message_id)
        if before is not None and before.failed_at_ms > at_ms:
            return
        self._orders[message_id] = FailingOrder(
            message_id=_text(message_id, _ID_MAX),
            order_id=_text(content["orderId"], _ID_MAX) if isinstance(content.get("orderId"), str) else None,
            exception=_text(content.get("exception") or "unknown", 200),
            reason=_text(content.get("reason") or "no reason given"),
            field=_text(content["field"]) if isinstance(content.get("field"), str) else None,
            receive=_number(content, "receiveCount", 0),
            receives_max=_number(content, "receivesMax", RECEIVES_MAX),
            set_aside=_number(content, "setAside", 0) if moved_to else 0,
            failed_at_ms=at_ms,
            next_at_ms=at_ms + (pause_s * 1000 if pause_s >= 0 else visibility_ms),
        )

    def _add_crash(self, crash: Crash, visibility_ms: int) -> None:
        for message_id, receive in crash.receives.items():
            before = self._orders.get(message_id)
            if crash.at_ms < self._ended.get(message_id, -1) or (before and before.failed_at_ms > crash.at_ms):
                continue
            self._orders[message_id] = FailingOrder(
                message_id=_text(message_id, _ID_MAX),
                order_id=before.order_id if before else None,
                exception=crash.exception,
                reason=crash.reason,
                field=None,
                receive=receive,
                receives_max=RECEIVES_MAX,
                set_aside=0,
                failed_at_ms=crash.at_ms,
                next_at_ms=crash.at_ms + visibility_ms,
            )

    def _end(self, message_id: str, at_ms: int) -> None:
        self._ended[message_id] = max(at_ms, self._ended.get(message_id, -1))
        known = self._orders.get(message_id)
        if known is not None and known.failed_at_ms <= at_ms:
            del self._orders[message_id]

    def _count_crashes(self) -> tuple[CrashCount, ...]:
        kinds: Counter[tuple[str, str]] = Counter()
        last: dict[tuple[str, str], int] = {}
        for crash in self._crashes:
            if not crash.receives:
                kind = (crash.exception, crash.reason)
                kinds[kind] += 1
                last[kind] = crash.at_ms
        return tuple(CrashCount(*kind, times, last[kind]) for kind, times in kinds.most_common())

    def _forget(self, before_ms: int) -> None:
        """Messages that somebody deleted have no last line."""
        self._orders = {name: one for name, one in self._orders.items() if one.next_at_ms >= before_ms}
        self._ended = {name: at_ms for name, at_ms in self._ended.items() if at_ms >= before_ms}
        self._crash_lines = {name: one for name, one in self._crash_lines.items() if one.at_ms >= before_ms}
        self._crashes = [crash for crash in self._crashes if crash.at_ms >= before_ms]


def _text(value: object, limit: int = REASON_MAX + 60) -> str:
    return well_formed(str(value)[:limit])


def _number(content: dict[str, Any], name: str, default: int) -> int:
    value = content.get(name)
    return value if type(value) is int and 0 <= value < 10**9 else default
