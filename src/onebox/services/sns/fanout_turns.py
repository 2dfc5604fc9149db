"""Fan-outs that take longer than one turn of the event loop may: some deliveries in each turn, until all are made.

The publish is answered when all deliveries are on disk. The deliveries of each turn are one atomic piece: what was
delivered when the process dies stays delivered, and the publisher, who has no answer, publishes again. A publisher that
hangs up stops nothing, unless onebox stops: then its deliveries end, and all others are made.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from onebox.clock import Clock
from onebox.services.sns.limits import FANOUT_OVERHEAD_BYTES, FANOUT_PARTS_MAX, FANOUTS_BYTES_MAX
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

Fanout = Iterator[None]
"""Each step delivers a part: messages to one subscription."""

_TURN_MS = 5.0
_BUSY_WAIT_MS = 50


class _UnderWay(NamedTuple):
    fanout: Fanout
    future: asyncio.Future[None]
    """Done before the fan-out is over if the publisher has hung up."""
    size_bytes: int


class FanoutTurns:
    """The fan-outs under way; each turn some parts of one of them are delivered."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._waiting: deque[_UnderWay] = deque()
        self._size_bytes = 0
        self._is_stopping = False

    def stop(self) -> None:
        """Deliver no more for publishers that have hung up."""
        self._is_stopping = True

    def has_room(self, message_bytes: int) -> bool:
        """Whether another fan-out of so many bytes may be begun: publishers that hang up leave theirs behind, and one
        begins sooner than it ends."""
        return self._size_bytes + FANOUT_OVERHEAD_BYTES + message_bytes <= FANOUTS_BYTES_MAX

    @contextmanager
    def kept(self, message_bytes: int) -> Iterator[None]:
        """Meanwhile a publish keeps messages of so many bytes."""
        self._size_bytes += FANOUT_OVERHEAD_BYTES + message_bytes
        try:
            yield
        finally:
            self._size_bytes -= FANOUT_OVERHEAD_BYTES + message_bytes

    def do_some(self, fanout: Iterator[None]) -> bool:
        """Take the steps that fit into a turn, inside the caller's transaction; whether these were all."""
        now_ms = self._clock.monotonic_ms
        until_ms = now_ms() + _TURN_MS
        for _ in range(FANOUT_PARTS_MAX):
            try:
                next(fanout)
            except StopIteration:
                return True
            if now_ms() > until_ms:
                break
        return False

    async def deliver_rest(self, fanout: Fanout, message_bytes: int) -> None:
        """Deliver what is left, in the next turns. Raises StorageFault."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        size_bytes = FANOUT_OVERHEAD_BYTES + message_bytes
        self._size_bytes += size_bytes
        self._waiting.append(_UnderWay(fanout, future, size_bytes))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._run)
        await future
        await self._storage.durable()

    def _run(self) -> None:
        """A turn: some parts of the fan-out that has waited longest."""
        if self._is_stopping:
            while self._waiting and self._waiting[0].future.done():
                self._remove_first()
            if not self._waiting:
                return
        first = self._waiting[0]
        future = first.future
        try:
            is_over = self._storage.run(partial(self.do_some, first.fanout))
        except DatabaseBusy:
            self._clock.call_at(self._clock.steady_ms() + _BUSY_WAIT_MS, self._run)
            return
        except Exception as error:  # noqa: BLE001 - the publisher gets it
            is_over = True
            if not future.done():
                future.set_exception(error)
        if not is_over:
            self._waiting.rotate(-1)
        else:
            self._remove_first()
            if not future.done():
                future.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._run)

    def _remove_first(self) -> None:
        self._size_bytes -= self._waiting.popleft().size_bytes
