"""Parses timestamps and durations that people type."""

from __future__ import annotations

import re
from datetime import date

from orders.domain.order import parse_moment_ns
from orders.errors import OperatorError, OrderRejected

UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DAY_NS = 86_400_000_000_000
EPOCH_NS = date(1970, 1, 1).toordinal() * DAY_NS
_duration = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)


def parse_duration_ms(text: str) -> int:
    """``90s``, ``10m``, ``2h`` or ``7d`` in milliseconds. Raises OperatorError."""
    found = _duration.fullmatch(text)
    if found is None:
        raise OperatorError(f"{text!r} is not a duration", "Write it as 90s, 10m, 2h or 7d.")
    return int(found.group(1)) * UNITS_MS[found.group(2)]


def parse_time(text: str | None, now_ms: int) -> int | None:
    """A timestamp or an age (``2h`` ago) in nanoseconds since year 1. Raises OperatorError."""
    if text is None:
        return None
    try:
        return parse_moment_ns(text)
    except OrderRejected:
        pass
    try:
        return moment_of_ms(now_ms - parse_duration_ms(text))
    except OperatorError as error:
        raise OperatorError(
            f"{text!r} is not a time", "Write 2026-05-03T12:00:00Z or 2026-05-03, or how long ago: 90s, 10m, 2h, 7d."
        ) from error


def moment_of_ms(at_ms: int) -> int:
    """Convert a time since the epoch to nanoseconds since year 1, as orders.domain.order uses."""
    return EPOCH_NS + at_ms * 1_000_000


def ms_of_moment(moment_ns: int) -> int:
    """The inverse; fractions of a millisecond are truncated."""
    return (moment_ns - EPOCH_NS) // 1_000_000
