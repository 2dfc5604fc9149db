"""Why OrderProcessor failed messages, collected from its log lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from orders.errors import REASON_MAX
from orders.function_log.lines import LogLine, parse_line
from orders.text import well_formed

Default = TypeVar("Default", str, None)


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


def collect_failures(lines: Iterable[LogLine]) -> dict[str, LoggedFailure]:
    """The failures in these log lines, by message id."""
    failures: dict[str, LoggedFailure] = {}
    for line in lines:
        content = parse_line(line.text)
        message_id = content.get("messageId")
        if isinstance(message_id, str) and content.get("level") == "ERROR":
            failures[message_id] = _add(failures.get(message_id), message_id, content, line.at_ms)
    return failures


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


def _text(content: dict[str, Any], name: str, default: Default) -> str | Default:
    """A text of the line, bounded: older versions of the function, and other programs, may have written anything."""
    value = content.get(name)
    if not isinstance(value, str) or not value:
        return default
    left_out = len(value) - REASON_MAX
    return (
        well_formed(value) if left_out <= 60 else f"{well_formed(value[:REASON_MAX])}... ({left_out:,} more characters)"
    )
