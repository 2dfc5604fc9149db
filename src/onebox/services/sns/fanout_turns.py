"""Fan-outs that take longer than one turn of the event loop may: some deliveries in each turn, until all are made.

The publish is answered when all deliveries are on disk. The deliveries of each turn are one atomic piece: what was
delivered when the process dies stays delivered, and the publisher, who has no answer, publishes again. A publisher that
hangs up stops nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from functools import partial

from onebox.clock import Clock
from onebox.services.sns.limits import FANOUT_PARTS_MAX
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

Fanout = Iterator[None]
"""Each step delivers a part: messages to one subscription."""

_TURN_MS = 5.0
_BUSY_WAIT_MS = 50


class FanoutTurns:
    """The fan-outs under way; each turn some parts of one of them are delivered."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._waiting: deque[tuple[Fanout, asyncio.Future[None]]] = deque()

    def deliver_some(self, fanout: Fanout) -> bool:
        """Deliver what fits into a turn, inside the caller's transaction; whether that was all."""
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

    async def deliver_rest(self, fanout: Fanout) -> None:
        """Deliver what is left, in the next turns. Raises StorageFault."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((fanout, future))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._run)
        await future
        await self._storage.durable()

    def _run(self) -> None:
        """A turn: some parts of the fan-out that has waited longest."""
        fanout, future = self._waiting[0]
        try:
            is_over = self._storage.run(partial(self.deliver_some, fanout))
        except DatabaseBusy:
            self._clock.call_at(self._clock.steady_ms() + _BUSY_WAIT_MS, self._run)
            return
        except Exception as error:  # noqa: BLE001 - the publisher gets it
            is_over = True
            if not future.done():
                future.set_exception(error)
        self._waiting.popleft()
        if not is_over:
            self._waiting.append((fanout, future))
        elif not future.done():
            future.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._run)
