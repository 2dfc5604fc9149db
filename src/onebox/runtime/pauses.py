"""Pauses of work that is done a piece at a time.

Promises: however many tasks work piece by piece, each turn of the event loop runs a piece of one of them, in the order
in which they paused. A pause that only gave up the turn would let all of them run in the next one: a request then
waits for a piece of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary


class _Pauses:
    """Those of one event loop."""

    __slots__ = ("_is_begun", "_waiting")

    def __init__(self) -> None:
        # Without the loop, which would keep itself in the table.
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_begun = False

    def add(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """The end of a pause that begins now."""
        end: asyncio.Future[None] = loop.create_future()
        self._waiting.append(end)
        if not self._is_begun:
            self._is_begun = True
            loop.call_soon(self._end_one)
        return end

    def _end_one(self) -> None:
        waiting = self._waiting
        while waiting:
            end = waiting.popleft()
            if not end.done():  # its task was not cancelled
                end.set_result(None)
                break
        self._is_begun = bool(waiting)
        if waiting:
            asyncio.get_running_loop().call_soon(self._end_one)


_PAUSES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pauses] = WeakKeyDictionary()


async def let_others_run() -> None:
    """Wait for a turn of the event loop in which no other task runs a piece of its work."""
    loop = asyncio.get_running_loop()
    pauses = _PAUSES.get(loop)
    if pauses is None:
        pauses = _PAUSES[loop] = _Pauses()
    await pauses.add(loop)
