"""Goal: a fan-out to many subscriptions takes many turns of the event loop, each with a bounded number of deliveries,
and ends with all of them, whatever becomes of the publisher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from onebox.services.sns.fanout_turns import FanoutTurns
from onebox.services.sns.limits import FANOUT_OVERHEAD_BYTES, FANOUT_PARTS_MAX, FANOUTS_BYTES_MAX
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock
from tests.polling import PATIENCE_S


class World:
    """Deliveries are rows of a table."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        connection = open_connection(None)
        connection.execute("CREATE TABLE delivery (name TEXT, number INTEGER)")
        self.storage = Storage(connection, on_fault=lambda fault: pytest.fail(str(fault)))
        self.turns = FanoutTurns(self.storage, self.clock)

    def fan_out(self, name: str, parts: int, fails_at: int | None = None) -> Iterator[None]:
        for number in range(parts):
            if number == fails_at:
                raise ValueError(name)
            self.storage.execute("INSERT INTO delivery VALUES (?, ?)", (name, number))
            yield

    def delivered(self) -> list[tuple[str, int]]:
        return [(name, number) for name, number in self.storage.all("SELECT * FROM delivery ORDER BY rowid")]

    async def count_each_turn(self, *tasks: asyncio.Future[None]) -> list[int]:
        counts = [len(self.delivered())]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            counts.append(len(self.delivered()))
        return counts


def test_all_fan_outs_together_deliver_a_bounded_number_in_each_turn() -> None:
    world = World()
    parts = 3 * FANOUT_PARTS_MAX + 1

    async def publish_at_once() -> list[int]:
        begun = [world.fan_out(str(number), parts) for number in range(5)]
        for fanout in begun:
            assert not world.storage.run(lambda fanout=fanout: world.turns.do_some(fanout))  # type: ignore[misc]
        return await world.count_each_turn(*[asyncio.ensure_future(world.turns.deliver_rest(one, 0)) for one in begun])

    counts = asyncio.run(publish_at_once())
    assert counts[0] == 5 * FANOUT_PARTS_MAX
    assert max(after - before for before, after in pairwise(counts)) == FANOUT_PARTS_MAX
    assert sorted(world.delivered()) == sorted((str(name), number) for name in range(5) for number in range(parts))


def test_a_publisher_that_hangs_up_stops_no_delivery() -> None:
    world = World()

    async def publish_and_hang_up() -> None:
        rest = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("a", 3 * FANOUT_PARTS_MAX), 0))
        await asyncio.sleep(0)
        rest.cancel()
        await world.turns.deliver_rest(world.fan_out("b", 3 * FANOUT_PARTS_MAX), 0)

    asyncio.run(publish_and_hang_up())
    assert len(world.delivered()) == 6 * FANOUT_PARTS_MAX


def test_publishers_that_hang_up_leave_a_bounded_amount_behind() -> None:
    world = World()

    async def publish_and_hang_up() -> None:
        size_bytes = FANOUTS_BYTES_MAX // 4
        while world.turns.has_room(size_bytes):
            rest = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("a", 2 * FANOUT_PARTS_MAX), size_bytes))
            await asyncio.sleep(0)
            rest.cancel()
        assert world.turns.has_room(0)
        await world.turns.deliver_rest(world.fan_out("b", 2 * FANOUT_PARTS_MAX), 0)
        assert world.turns.has_room(size_bytes)
        await world.turns.deliver_rest(world.fan_out("c", 3 * FANOUT_PARTS_MAX), 0)
        assert world.turns.has_room(FANOUTS_BYTES_MAX - FANOUT_OVERHEAD_BYTES)

    asyncio.run(asyncio.wait_for(publish_and_hang_up(), PATIENCE_S))


def test_after_the_stop_only_those_who_wait_get_the_rest() -> None:
    world = World()
    parts = 5 * FANOUT_PARTS_MAX

    async def publish_hang_up_and_stop() -> None:
        gone = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("gone", parts), 0))
        waiting = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("waiting", parts), 0))
        await asyncio.sleep(0)
        gone.cancel()
        world.turns.stop()
        await waiting
        late = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("late", parts), 0))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        delivered = world.delivered()
        world.storage.close()
        await asyncio.sleep(0)  # a turn that touched the closed database would be a fault
        names = [name for name, _ in delivered]
        assert names.count("waiting") == parts
        assert names.count("gone") < parts
        assert names.count("late") < parts
        assert world.turns.has_room(FANOUTS_BYTES_MAX - FANOUT_OVERHEAD_BYTES)

    asyncio.run(asyncio.wait_for(publish_hang_up_and_stop(), PATIENCE_S))


def test_a_turn_in_which_another_program_holds_the_lock_is_made_later(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    run = world.storage.run
    refused: list[Callable[[], Any]] = []

    def run_or_refuse(job: Callable[[], Any]) -> Any:
        if world.delivered() and len(refused) < 2:
            refused.append(job)
            raise DatabaseBusy
        return run(job)

    monkeypatch.setattr(world.storage, "run", run_or_refuse)

    async def publish() -> None:
        rest = asyncio.ensure_future(world.turns.deliver_rest(world.fan_out("a", 3 * FANOUT_PARTS_MAX), 0))
        while not rest.done():
            await asyncio.sleep(0)
            await world.clock.advance(0.01)
        await rest

    asyncio.run(asyncio.wait_for(publish(), PATIENCE_S))
    assert len(refused) == 2
    assert world.delivered() == [("a", number) for number in range(3 * FANOUT_PARTS_MAX)]


def test_what_fails_is_told_and_stops_no_other() -> None:
    world = World()

    async def publish_both() -> tuple[BaseException | None, BaseException | None]:
        bad = world.turns.deliver_rest(world.fan_out("bad", 500, fails_at=FANOUT_PARTS_MAX + 5), 0)
        good = world.turns.deliver_rest(world.fan_out("good", 2 * FANOUT_PARTS_MAX), 0)
        return await asyncio.gather(bad, good, return_exceptions=True)

    told, nothing = asyncio.run(publish_both())
    assert isinstance(told, ValueError)
    assert nothing is None
    names = [name for name, _ in world.delivered()]
    assert (names.count("bad"), names.count("good")) == (FANOUT_PARTS_MAX, 2 * FANOUT_PARTS_MAX)
