"""Goal: however many tasks work piece by piece, a turn of the event loop runs a piece of one of them."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from onebox.runtime.pauses import let_others_run


async def work(name: str, pieces: int, done: list[str]) -> None:
    for _ in range(pieces):
        await let_others_run()
        done.append(name)


def test_a_turn_runs_a_piece_of_one_task_in_their_order() -> None:
    async def scenario() -> None:
        done: list[str] = []
        tasks = [asyncio.create_task(work(name, 20, done)) for name in "abc"]
        before = 0
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            assert len(done) - before <= 1
            before = len(done)
        assert "".join(done) == "abc" * 20

    asyncio.run(scenario())


@pytest.mark.parametrize("cancelled", range(3))
def test_a_task_that_is_cancelled_in_its_pause_stops_no_other(cancelled: int) -> None:
    async def scenario() -> None:
        done: list[str] = []
        tasks = [asyncio.create_task(work(name, 3, done)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[cancelled].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert sorted(done) == sorted("abc".replace("abc"[cancelled], "") * 3)

    asyncio.run(scenario())


def test_each_event_loop_has_pauses_of_its_own() -> None:
    for _ in range(2):
        done: list[str] = []
        asyncio.run(work("a", 3, done))
        assert done == ["a"] * 3


def test_an_event_loop_that_has_ended_is_not_kept() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(work("a", 3, []))
    loop.close()
    ended = weakref.ref(loop)
    del loop
    gc.collect()
    assert ended() is None
