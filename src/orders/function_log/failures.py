"""Why OrderProcessor failed messages, collected from its log lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from orders.function_log.lines import LogLine, parse_line


class LoggedFailure(NamedTuple):
    """Why a message was given back, as the function said the last time."""

    message_id: str
    order_id: str | None
    exception: str
    reason: str
    field: str | None
    first_at_ms: int
    last_at_ms: int
    times: int


def collect_failures(lines: Iterable[LogLine]) -> dict[str, LoggedFailure]:
    """Why messages were given back according to these lines, by message id."""
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
        order_id=content.get("orderId"),
        exception=str(content.get("exception") or "unknown"),
        reason=str(content.get("reason") or "no reason given"),
        field=content.get("field"),
        first_at_ms=first_at_ms,
        last_at_ms=at_ms,
        times=1 if known is None else known.times + 1,
    )
