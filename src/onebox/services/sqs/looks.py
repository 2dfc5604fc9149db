"""How much looking at queues there is in one turn of the event loop, and who looks next.

A look is one try to receive messages. It removes what is too old on its way, moves what failed too often, and may find
large messages, so that many looks at once take long. Promises: all looks of a turn together remove and move messages
up to a bound; polls that look again do so for about five milliseconds a turn. The queues take turns, and the polls of a
queue look in the order in which they came: many polls of one queue delay no poll of another.
The first look of a request needs no place here: the gateway bounds the requests of a turn (gateway/turns.py).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, TypeVar

from onebox.clock import Clock
from onebox.services.sqs.limits import LOOK_CHANGES_MAX

T = TypeVar("T")

_TURN_MS = 5.0


class Looks:
    """The turns of all queues."""

    def __init__(self, clock: Clock) -> None:
        self._now_ms = clock.monotonic_ms
        self._began_ms = 0.0
        self._is_begun = False
        self._waiting: OrderedDict[str, deque[tuple[Callable[[], Any], asyncio.Future[Any]]]] = OrderedDict()
        """Of each queue, by its ARN; the queue that looks next is the first."""
        self.changes_left = LOOK_CHANGES_MAX
        """How many messages may be removed or moved yet in this turn; the last look may have gone below zero."""

    def note_changes(self, count: int) -> None:
        """Messages were removed or moved (:func:`onebox.services.sqs.rules.count_changes`)."""
        self._begin()
        self.changes_left -= count

    async def look(self, queue_arn: str, look: Callable[[], T]) -> T:
        """Run ``look``, which looks at the queue, now or in one of the next turns; what it returns. Raises what it
        raises."""
        if not self._waiting and not self._is_spent():
            self._begin()
            return look()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._begin()
        self._waiting.setdefault(queue_arn, deque()).append((look, future))
        return await future

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._began_ms = self._now_ms()
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _pop_next(self) -> tuple[Callable[[], Any], asyncio.Future[Any]]:
        queue_arn, waiting = self._waiting.popitem(last=False)
        first = waiting.popleft()
        if waiting:
            self._waiting[queue_arn] = waiting  # behind the other queues
        return first

    def _is_spent(self) -> bool:
        return self._is_begun and (self.changes_left <= 0 or self._now_ms() - self._began_ms > _TURN_MS)

    def _next_turn(self) -> None:
        self._is_begun = False
        self.changes_left = LOOK_CHANGES_MAX
        while self._waiting and not self._is_spent():
            self._begin()
            look, future = self._pop_next()
            if future.done():  # the client has hung up
                continue
            try:
                future.set_result(look())
            except Exception as error:  # noqa: BLE001 - whoever waits for the look gets it
                future.set_exception(error)
