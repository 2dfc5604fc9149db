"""How fast OrderQueue's backlog drains and when it will be done, from the metrics of the last minute. Pure."""

from __future__ import annotations

from typing import NamedTuple

from orders.aws.measures import PROCESSED, QUEUED
from orders.monitoring.status import MINUTE_MS, Status

_MINUTES_MAX = 366 * 24 * 60
"""An end that is further away than a year is none."""


class Backlog(NamedTuple):
    waiting: int
    processed_a_minute: float
    arriving_a_minute: float
    ends_at_ms: int | None
    """When the queue is expected to be empty; None if it does not shrink, or takes over a year."""

    @property
    def drain_a_minute(self) -> float:
        return self.processed_a_minute - self.arriving_a_minute


def find_backlog(now: Status) -> Backlog | None:
    """None if no order waits or nothing is known of the queue."""
    waiting = now.counts.waiting
    if not waiting:
        return None
    processed, arriving = now.rate(PROCESSED), now.rate(QUEUED)
    drain = processed - arriving
    is_paused = now.function is not None and bool(now.function.paused)
    ends_at_ms = None
    if drain > 0 and not is_paused:
        minutes = waiting / drain  # infinite for a rate next to nothing
        if minutes <= _MINUTES_MAX:
            ends_at_ms = now.at_ms + round(minutes * MINUTE_MS)
    return Backlog(waiting, 0.0 if is_paused else processed, arriving, ends_at_ms)


def describe_backlog(backlog: Backlog, at_ms: int) -> str:
    """1,240 a minute processed, 310 arriving; empty in about 12 min."""
    rates = f"{backlog.processed_a_minute:,.0f} a minute processed, {backlog.arriving_a_minute:,.0f} arriving"
    if backlog.ends_at_ms is None:
        return f"{rates}; it does not shrink"
    return f"{rates}; empty in about {_duration(backlog.ends_at_ms - at_ms)}"


def _duration(duration_ms: int) -> str:
    minutes = max(1, round(duration_ms / MINUTE_MS))
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes / 60
    return f"{hours:,.0f} h" if hours < 48 else f"{hours / 24:,.0f} days"
