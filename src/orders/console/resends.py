"""Follows orders that this console sent back, until each is stored or has failed again.

The log is read when a page asks, at most every POLL_MS, and for FOLLOW_MS after the orders were sent. Calls block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orders.clock import Clock
from orders.dead_letters.outcomes import Outcomes, count_outcomes, read_results
from orders.function_log.lines import LogLine, read_entry

POLL_MS = 1_500
FOLLOW_MS = 15 * 60_000
OVERLAP_MS = 10_000
KEPT_MAX = 20


@dataclass
class Resend:
    """Orders sent back by one job or edit, by their new message ids."""

    job: int | None
    """The number of the job; None for a single edited order."""
    at_ms: int
    message_ids: frozenset[str]
    results: dict[str, bool] = field(default_factory=dict)
    read_at_ms: int = 0

    @property
    def outcomes(self) -> Outcomes:
        return count_outcomes(self.message_ids, self.results)


class Resends:
    """The latest resends. ``read`` returns log lines since a time."""

    def __init__(self, read: Callable[[int], Sequence[LogLine]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._resends: list[Resend] = []

    def add(self, job: int | None, at_ms: int, message_ids: Sequence[str]) -> Resend:
        """Follow messages that were sent at a time."""
        resend = Resend(job, at_ms, frozenset(message_ids))
        self._resends = [resend, *self._resends[: KEPT_MAX - 1]]
        return resend

    def of_job(self, number: int) -> Resend | None:
        return next((one for one in self._resends if one.job == number), None)

    @property
    def is_following(self) -> bool:
        """Whether a resend has orders without a final result."""
        return any(self._is_open(one) for one in self._resends)

    def refresh(self) -> None:
        """Read what is due. Raises botocore's errors."""
        with self._lock:
            for resend in self._resends:
                now_ms = self._clock.now_ms()
                if self._is_open(resend) and now_ms - resend.read_at_ms >= POLL_MS:
                    since_ms = max(resend.at_ms, resend.read_at_ms - OVERLAP_MS) - 1
                    entries = [read_entry(line) for line in self._read(since_ms)]
                    resend.results = read_results(resend.results, entries, resend.message_ids)
                    resend.read_at_ms = now_ms

    def _is_open(self, resend: Resend) -> bool:
        return not resend.outcomes.is_settled and self._clock.now_ms() - resend.at_ms < FOLLOW_MS
