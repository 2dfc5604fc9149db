"""What all connections together may do in one turn of the event loop, and who is next when that is not enough.

Promises: a turn reads and handles requests for about five milliseconds, however many connections have one; the others
wait for the next turns, and each gets one request served before its own next one. Cheap requests come before expensive
ones, and those of a client that waits for each answer before those of one that sends many at a time. None waits for
ever: each is due at the moment when it began to wait plus a time that grows with the cost and the number of its
requests. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Protocol

from onebox.clock import Clock

TURN_MS = 5.0
"""Requests are begun for so long; the last may take longer. Commit and answers take two to three times as much."""
_SERVED_MAX = 256
"""Waiting requests that are served in one turn."""
_USUAL_DELAY_MS = 400.0
"""A request that costs what requests cost on the average is due after so long, one that costs half as much after a
quarter of it: costs are measured in elapsed time, which other programs lengthen for all alike."""
_AVERAGED = 64
"""Requests over which the average is taken, about."""
_COUNTED_MAX = 4.0
"""One request counts as so many average ones at most."""
_COST_MS_MIN = 0.05
_DELAY_MS_MAX = 2_000.0


class Waiting(Protocol):
    """A connection with requests that are not served yet."""

    cost_ms: float
    """What one of its requests costs."""

    @property
    def more_waiting(self) -> int:
        """About how many requests wait behind the next one."""

    def serve_next(self) -> None: ...


class Turns:
    """The queue of connections that wait for a turn. Times in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._now_ms = clock.monotonic_ms
        self._began_ms = 0.0
        self._is_begun = False
        self._average_ms = _COST_MS_MIN
        self._queue: list[tuple[float, int, Waiting]] = []
        self._numbers = count()
        self._next: asyncio.Handle | None = None
        self.is_spent = False
        """Whether this turn has done what it may."""

    def begin(self) -> float:
        """Something is about to be read or handled; the moment."""
        now_ms = self._now_ms()
        if not self._is_begun:
            self._is_begun = True
            self._began_ms = now_ms
            if self._next is None:
                self._next = asyncio.get_running_loop().call_soon(self._run)
        return now_ms

    def end(self, began_ms: float) -> float:
        """A request was read and handled; what it cost."""
        now_ms = self._now_ms()
        self.is_spent = now_ms - self._began_ms > TURN_MS
        cost_ms = now_ms - began_ms
        average_ms = self._average_ms
        most_ms = _COUNTED_MAX * average_ms
        average_ms += ((cost_ms if cost_ms < most_ms else most_ms) - average_ms) / _AVERAGED
        self._average_ms = average_ms if average_ms > _COST_MS_MIN else _COST_MS_MIN
        return cost_ms

    def note_part(self) -> None:
        """A part of a request was read."""
        self.is_spent = self._now_ms() - self._began_ms > TURN_MS

    def wait(self, connection: Waiting) -> None:
        """Serve the connection's backlog in one of the next turns."""
        share = connection.cost_ms / self._average_ms or 1.0  # one that has had no request yet is like the others
        delay_ms = _USUAL_DELAY_MS * share * share * (1 + connection.more_waiting)
        due_ms = self._now_ms() + min(delay_ms, _DELAY_MS_MAX)
        heapq.heappush(self._queue, (due_ms, next(self._numbers), connection))
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        """A new turn: serve those that wait and are due first, then leave what is left of it to what arrives."""
        self._next = None
        self._is_begun = self.is_spent = False
        for _ in range(_SERVED_MAX):
            if not self._queue or self.is_spent:
                break
            _, _, connection = heapq.heappop(self._queue)
            connection.serve_next()
        if self._queue and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._run)
