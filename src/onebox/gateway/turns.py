"""What all connections together may do in one turn of the event loop, and who is next when that is not enough.

Promises: a turn reads and handles requests for about five milliseconds, however many connections have one; the others
wait for the next turns, and each gets one request served before its own next one. Cheap requests come before expensive
ones, and those of a client that waits for each answer before those of one that sends many at a time: a cheap request
waits for one expensive one at most, however many of them wait. None waits for ever: each turn serves one of the
expensive at least, and each is due at the moment when it began to wait plus a time that grows with the cost and the
number of its requests. Knows nothing of HTTP.
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
_CHEAP_MS = 1.0
"""Requests that cost less are served in each turn before at least one of the others."""
_CHEAP_WAITING_MAX = 8
"""One who sends more at a time than so many requests comes with the others."""
_DELAY_MS_MAX = 2_000.0


class Waiting(Protocol):
    """A connection with requests that are not served yet."""

    cost_ms: float
    """What one of its requests costs."""

    @property
    def more_waiting(self) -> int:
        """About how many requests wait behind the next one."""

    def serve_next(self) -> None: ...


_Queue = list[tuple[float, int, Waiting]]
"""Connections by the moment when they are due."""


class Turns:
    """The queues of connections that wait for a turn. Times in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._now_ms = clock.monotonic_ms
        self._began_ms = 0.0
        self._is_begun = False
        self._average_ms = _COST_MS_MIN
        self._cheap: _Queue = []
        self._others: _Queue = []
        """Expensive requests, those of clients that send many at a time, and the first ones of connections."""
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
                self._next = asyncio.get_running_loop().call_soon(self._serve)
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

    def admits(self, connection: Waiting) -> bool:
        """Whether what arrives on a connection is read now; if not, it waits. While others wait, only what is cheap."""
        return not self.is_spent and (not self._others or self._is_cheap(connection))

    def wait(self, connection: Waiting) -> None:
        """Serve the connection's backlog in one of the next turns."""
        share = connection.cost_ms / self._average_ms or 1.0  # one that has had no request yet is like the others
        delay_ms = _USUAL_DELAY_MS * share * share * (1 + connection.more_waiting)
        due_ms = self._now_ms() + min(delay_ms, _DELAY_MS_MAX)
        queue = self._cheap if self._is_cheap(connection) else self._others
        heapq.heappush(queue, (due_ms, next(self._numbers), connection))
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        """A new turn: serve the cheap that are due first, and at least one of the others."""
        self._next = None
        self._is_begun = self.is_spent = False
        self._serve_from(self._cheap)
        if self._others:
            _, _, connection = heapq.heappop(self._others)
            connection.serve_next()
            self._serve_from(self._others)
        if self._is_begun:
            # What arrived meanwhile is read next, and did not take the time of those that were served.
            self._is_begun = self.is_spent = False
        if (self._cheap or self._others) and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._serve)

    def _serve_from(self, queue: _Queue) -> None:
        for _ in range(_SERVED_MAX):
            if not queue or self.is_spent:
                return
            _, _, connection = heapq.heappop(queue)
            connection.serve_next()

    def _is_cheap(self, connection: Waiting) -> bool:
        """Whether the connection's requests are known to cost little, or far less than others."""
        cheap_ms = max(_CHEAP_MS, self._average_ms / 2)
        return 0 < connection.cost_ms < cheap_ms and connection.more_waiting < _CHEAP_WAITING_MAX
