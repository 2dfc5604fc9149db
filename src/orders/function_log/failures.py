"""Why OrderProcessor failed messages, collected from its log lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from orders.errors import REASON_MAX
from orders.function_log.crashes import Crash, find_crashes
from orders.function_log.lines import LogLine, parse_line
from orders.text import well_formed

Default = TypeVar("Default", str, None)
# Three receives with the template's visibility timeout of three minutes take nine.
NEAR_MS = 10 * 60_000


class LoggedFailure(NamedTuple):
    """Why processing of a message failed, from the function's last log line for it."""

    message_id: str
    order_id: str | None
    exception: str
    reason: str
    field: str | None
    first_at_ms: int
    last_at_ms: int
    times: int
    detail: str = ""
    """The traceback of an exception, or the line of a timeout; empty for other failures."""
    is_by_time: bool = False
    """Whether no line names the message: calls failed so after it was sent."""


class LoggedFailures(NamedTuple):
    """What a log says about failed messages."""

    by_message: Mapping[str, LoggedFailure] = {}
    unnamed: Sequence[Crash] = ()
    """Calls that ended without an answer and without a line that names their messages."""

    def find(self, message_id: str, sent_at_ms: int) -> LoggedFailure | None:
        """Why a message failed: by its id; else how calls failed in the minutes after it was sent."""
        return self.by_message.get(message_id) or self._find_by_time(message_id, sent_at_ms)

    def _find_by_time(self, message_id: str, sent_at_ms: int) -> LoggedFailure | None:
        after = [crash for crash in self.unnamed if crash.at_ms >= sent_at_ms]
        if not after:
            return None
        first_at_ms = min(crash.at_ms for crash in after)
        near = [crash for crash in after if crash.at_ms <= first_at_ms + NEAR_MS]
        last = max(near, key=lambda crash: crash.at_ms)
        return LoggedFailure(
            message_id=message_id,
            order_id=None,
            exception=last.exception,
            reason=last.reason,
            field=None,
            first_at_ms=first_at_ms,
            last_at_ms=last.at_ms,
            times=len(near),
            detail=last.detail,
            is_by_time=True,
        )


def collect_failures(lines: Iterable[LogLine]) -> LoggedFailures:
    """The failures in these log lines."""
    failures: dict[str, LoggedFailure] = {}
    kept = []
    for line in lines:
        content = parse_line(line.text)
        message_id = content.get("messageId")
        if not isinstance(message_id, str):
            kept.append(line)
        elif content.get("level") == "ERROR":
            failures[message_id] = _add(failures.get(message_id), message_id, content, line.at_ms)
    crashes = find_crashes(kept)
    for crash in crashes:
        for message_id in crash.receives:
            failures[message_id] = _add_crash(failures.get(message_id), message_id, crash)
    return LoggedFailures(failures, [crash for crash in crashes if not crash.receives])


def _add(known: LoggedFailure | None, message_id: str, content: dict[str, Any], at_ms: int) -> LoggedFailure:
    first_at_ms = at_ms if known is None else min(known.first_at_ms, at_ms)
    return LoggedFailure(
        message_id=message_id,
        order_id=_text(content, "orderId", None),
        exception=_text(content, "exception", "unknown"),
        reason=_text(content, "reason", "no reason given"),
        field=_text(content, "field", None),
        first_at_ms=first_at_ms,
        last_at_ms=at_ms,
        times=1 if known is None else known.times + 1,
    )


def _add_crash(known: LoggedFailure | None, message_id: str, crash: Crash) -> LoggedFailure:
    if known is not None and known.last_at_ms > crash.at_ms:
        return known._replace(first_at_ms=min(known.first_at_ms, crash.at_ms), times=known.times + 1)
    return LoggedFailure(
        message_id=message_id,
        order_id=None if known is None else known.order_id,
        exception=crash.exception,
        reason=crash.reason,
        field=None,
        first_at_ms=crash.at_ms if known is None else known.first_at_ms,
        last_at_ms=crash.at_ms,
        times=1 if known is None else known.times + 1,
        detail=crash.detail,
    )


def _text(content: dict[str, Any], name: str, default: Default) -> str | Default:
    """A text of the line, bounded: older versions of the function, and other programs, may have written anything."""
    value = content.get(name)
    if not isinstance(value, str) or not value:
        return default
    left_out = len(value) - REASON_MAX
    return (
        well_formed(value) if left_out <= 60 else f"{well_formed(value[:REASON_MAX])}... ({left_out:,} more characters)"
    )
