"""What all connections together may do in one turn of the event loop, and who is next when that is not enough.

Promises: a turn reads and handles requests for about five milliseconds, however many connections have one; the others
wait for the next turns, and each gets one request served before its own next one. Cheap requests come before expensive
ones, and none waits for ever: each is due at the moment when it began to wait plus a time that grows with what the
connection's requests cost. Knows nothing of HTTP.
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
_DELAY_PER_COST = 2_000
_DELAY_MS_MAX = 2_000.0


class Waiting(Protocol):
    """A connection with requests that are not served yet."""

    cost_ms: float
    """What one of its requests costs."""

    def serve_next(self) -> None: ...


class Turns:
    """The queue of connections that wait for a turn. Times in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._now_ms = clock.monotonic_ms
        self._began_ms = 0.0
        self._is_begun = False
        self._queue: list[tuple[float, int, Waiting]] = []
        self._numbers = count()
        self._next: asyncio.Handle | None = None
        self.is_spent = False
        """Whether this turn has done what it may."""

    def begin(self) -> float:
        """A request is about to be handled; the moment."""
        now_ms = self._now_ms()
        if not self._is_begun:
            self._is_begun = True
            self._began_ms = now_ms
            if self._next is None:
                self._next = asyncio.get_running_loop().call_soon(self._run)
        return now_ms

    def end(self, began_ms: float) -> float:
        """The request was handled; what it cost."""
        now_ms = self._now_ms()
        self.is_spent = now_ms - self._began_ms > TURN_MS
        return now_ms - began_ms

    def wait(self, connection: Waiting) -> None:
        """Serve the connection's backlog in one of the next turns."""
        due_ms = self._now_ms() + min(connection.cost_ms * _DELAY_PER_COST, _DELAY_MS_MAX)
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
