"""What a replay records about itself in the audit log while it runs, and how that is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from orders.archive.notification import show_moment
from orders.archive.replay import Progress


class ReportedProgress(NamedTuple):
    sent: int = 0
    refused: int = 0
    read_until: str = ""
    """When the notification that was read last was published; empty before the first."""
    share: float = 0.0
    """How much of the time range has been read, 0 to 1."""
    reported_at_ms: int = 0
    """0 where the replay has told nothing yet."""


def describe_progress(span: Mapping[str, Any], progress: Progress, now_ms: int) -> dict[str, Any]:
    """The replay's time range and choice, with how far it has come."""
    read_until = show_moment(progress.published_at_ms) if progress.published_at_ms else None
    told = {"sent": progress.sent, "refused": progress.refused, "readUntil": read_until, "reportedAtMs": now_ms}
    return {**span, **told}


def read_report(told: Mapping[str, Any]) -> ReportedProgress:
    """The progress in an audit entry, whoever wrote it."""
    read_until = told.get("readUntil")
    return ReportedProgress(
        sent=_count(told.get("sent")),
        refused=_count(told.get("refused")),
        read_until=read_until if isinstance(read_until, str) else "",
        share=_share(told.get("since"), told.get("until"), read_until),
        reported_at_ms=_count(told.get("reportedAtMs")),
    )


def read_moment_ms(text: Any) -> int | None:
    """An ISO 8601 time in milliseconds since the epoch; None for what is none."""
    try:
        return int(datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _share(since: Any, until: Any, read_until: Any) -> float:
    begin, end, reached = (read_moment_ms(one) for one in (since, until, read_until))
    if begin is None or end is None or reached is None or end <= begin:
        return 0.0
    return min(1.0, max(0.0, (reached - begin) / (end - begin)))


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 10**15 else 0
