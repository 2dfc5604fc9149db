"""What a relay tells while it runs: how much it sent, how fast, and what keeps it from sending. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

RATE_PERIOD_MS = 60_000.0


class Progress(NamedTuple):
    """The state of a relay at one moment."""

    sent: int
    refused: int
    sent_per_minute: int
    problem: str | None
    """What the relay is waiting for, None while nothing is wrong."""


class Tally:
    """Counts what a relay sent. Moments are monotonic milliseconds."""

    def __init__(self) -> None:
        self.sent = 0
        self.refused = 0
        self.problem: str | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._in_period = 0

    def add(self, sent: int, refused: int, at_ms: float) -> None:
        self.sent += sent
        self.refused += refused
        if sent:
            self._recent.append((at_ms, sent))
            self._in_period += sent

    def progress(self, at_ms: float) -> Progress:
        """The state; the rate is that of the last minute."""
        while self._recent and self._recent[0][0] <= at_ms - RATE_PERIOD_MS:
            self._in_period -= self._recent.popleft()[1]
        return Progress(self.sent, self.refused, self._in_period, self.problem)
