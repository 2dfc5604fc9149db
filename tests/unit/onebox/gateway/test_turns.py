"""Goal: connections share the turns of the loop; a crowd keeps no cheap request waiting, and nobody waits for ever."""

from __future__ import annotations

import asyncio

from onebox.gateway.turns import TURN_MS, Turns
from onebox.testing import ManualClock

EXPENSIVE_MS, CHEAP_MS = 2, 0


class World:
    """Turns on a clock that moves only with the work that is done."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.turns = Turns(self.clock)
        self.served: list[str] = []
        """The names of the lines, in the order of their requests."""


class Line:
    """A connection with so many requests that each take ``cost_ms``."""

    def __init__(
        self, world: World, name: str, cost_ms: int, requests: int, *, measured_ms: float | None = None, more: int = 0
    ) -> None:
        self.cost_ms: float = cost_ms if measured_ms is None else measured_ms
        self.more_waiting = more
        self._world, self._name, self._work_ms, self._left = world, name, cost_ms, requests
        world.turns.wait(self)

    def serve_next(self) -> None:
        began_ms = self._world.turns.begin()
        self._world.served.append(self._name)
        self._world.clock.source.pass_ms(self._work_ms)
        assert self._world.turns.end(began_ms) == self._work_ms
        self._left -= 1
        self.more_waiting = self.more_waiting and self._left
        if self._left:
            self._world.turns.wait(self)


def test_a_turn_ends_after_its_time_however_many_wait() -> None:
    async def run() -> None:
        world = World()
        for number in range(100):
            Line(world, str(number), EXPENSIVE_MS, 1)
        await asyncio.sleep(0)
        assert len(world.served) == TURN_MS // EXPENSIVE_MS + 1
        assert world.turns.is_spent
        for _ in range(100):
            await asyncio.sleep(0)
        assert world.served == [str(number) for number in range(100)]

    asyncio.run(run())


def test_each_gets_one_request_before_its_own_next() -> None:
    async def run() -> None:
        world = World()
        for name in "ab":
            Line(world, name, EXPENSIVE_MS, 3)
        for _ in range(10):
            await asyncio.sleep(0)
        assert "".join(world.served) == "ababab"

    asyncio.run(run())


def test_a_cheap_request_comes_before_those_of_a_crowd() -> None:
    async def run() -> None:
        world = World()
        for number in range(100):
            Line(world, str(number), EXPENSIVE_MS, 5)
        await asyncio.sleep(0)
        before = len(world.served)
        Line(world, "cheap", CHEAP_MS, 1)
        await asyncio.sleep(0)
        assert world.served[before] == "cheap"

    asyncio.run(run())


def test_one_who_waits_for_each_answer_comes_before_those_who_send_many_at_a_time() -> None:
    async def run() -> None:
        world = World()
        for number in range(100):
            Line(world, str(number), EXPENSIVE_MS, 30, measured_ms=0.05, more=29)
        await asyncio.sleep(0)
        before = len(world.served)
        Line(world, "alone", EXPENSIVE_MS, 1, measured_ms=0.05)
        await asyncio.sleep(0)
        assert world.served[before] == "alone"

    asyncio.run(run())


def test_one_who_has_had_no_request_yet_and_sends_much_comes_after_those_who_wait_for_answers() -> None:
    async def run() -> None:
        world = World()
        Line(world, "much", EXPENSIVE_MS, 30, measured_ms=0, more=29)
        Line(world, "alone", EXPENSIVE_MS, 1, measured_ms=0.05)
        await asyncio.sleep(0)
        assert world.served[0] == "alone"

    asyncio.run(run())


def test_an_endless_stream_of_cheap_requests_keeps_no_expensive_one_waiting_for_ever() -> None:
    async def run() -> None:
        world = World()
        Line(world, "expensive", 100, 1)
        for _ in range(10_000):
            Line(world, "cheap", CHEAP_MS, 1)
            world.clock.source.pass_ms(1)
            await asyncio.sleep(0)
            if "expensive" in world.served:
                break
        assert len(world.served) < 2_100

    asyncio.run(run())
