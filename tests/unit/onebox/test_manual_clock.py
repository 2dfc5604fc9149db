"""Time that a test moves keeps what every clock promises: a timer for a moment that has passed runs soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from onebox.testing.manual_clock import ManualClock

TURNS = 50


async def take_turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


@pytest.mark.parametrize("ago_ms", [1, 35_000])
def test_a_timer_that_is_overdue_when_it_is_set_runs_without_an_advance(ago_ms: int) -> None:
    async def run() -> None:
        clock, ran = ManualClock(), list[int]()
        await clock.advance(60)
        clock.call_at(clock.steady_ms() - ago_ms, lambda: ran.append(clock.steady_ms()))
        assert ran == [], "it runs after call_at, not inside"
        await take_turns()
        assert ran == [clock.steady_ms()]

    asyncio.run(run())


def test_a_timer_that_an_advance_overtook_runs_before_the_advance_ends() -> None:
    async def run() -> None:
        clock, ran = ManualClock(), list[int]()
        start_ms = clock.steady_ms()

        async def answer_late() -> None:
            """As a function's call that onebox serves while time moves: the timer it sets is past by then."""
            while clock.steady_ms() < start_ms + 45_000:
                await asyncio.sleep(0)
            clock.call_at(start_ms + 10_000, lambda: ran.append(clock.steady_ms() - start_ms))

        task = asyncio.ensure_future(answer_late())
        await clock.advance(45)
        assert ran == [45_000]
        await task

    asyncio.run(run())


def test_timers_run_in_order_each_at_its_moment_and_a_cancelled_one_never() -> None:
    async def run() -> None:
        clock, ran = ManualClock(), list[tuple[str, int]]()
        start_ms = clock.steady_ms()

        def note(name: str) -> Callable[[], None]:
            return lambda: ran.append((name, clock.steady_ms() - start_ms))

        clock.call_at(start_ms + 2_000, note("second"))
        clock.call_at(start_ms + 1_000, note("first"))
        clock.call_at(start_ms + 1_500, note("never")).cancel()
        clock.call_at(start_ms + 3_001, note("later"))
        await clock.advance(3)
        assert ran == [("first", 1_000), ("second", 2_000)]
        clock.call_at(start_ms, note("never")).cancel()
        await take_turns()
        assert ran == [("first", 1_000), ("second", 2_000)]

    asyncio.run(run())


def test_outside_of_an_event_loop_an_overdue_timer_waits_for_the_next_advance() -> None:
    clock, ran = ManualClock(), list[int]()
    clock.call_at(clock.steady_ms() - 1, lambda: ran.append(clock.steady_ms()))
    asyncio.run(clock.advance(0))
    assert ran == [clock.steady_ms()]
