"""What comes of an invocation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended."""

    payload: bytes
    """The handler's result, or the JSON that describes the error."""
    failed: bool
    duration_ms: float
    log_tail: bytes = b""
    """The last 4 KB of the invocation's log, if it was asked for."""
