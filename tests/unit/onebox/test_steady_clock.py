"""The steady clock over two clocks that a test moves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.clock import sleep_until
from onebox.steady_clock import JUMP_MS, TRUST_AFTER_MS, SteadyClock, SystemClock
from onebox.testing import ManualClock, ManualSource

START_MS = 1_767_225_600_000
DAY_MS = 86_400_000

# Time that passes, and settings of the wall clock.
STEPS = st.lists(st.tuples(st.integers(0, 5 * DAY_MS), st.integers(-5 * DAY_MS, 5 * DAY_MS)), max_size=20)


@given(STEPS)
def test_steady_time_is_the_time_that_passed_and_wall_time_is_right(steps: list[tuple[int, int]]) -> None:
    source = ManualSource(START_MS)
    clock = SteadyClock(source)
    passed = 0
    for pass_ms, jump_ms in steps:
        source.pass_ms(pass_ms)
        passed += pass_ms
        source.set_wall(jump_ms)
        now_ms = clock.now_ms()
        assert now_ms == source.wall_ns() // 1_000_000
        assert clock.steady_ms() == START_MS + passed
        assert abs(clock.wall_of(clock.steady_ms()) - now_ms) <= JUMP_MS
        assert clock.trusted_ms() <= now_ms


@given(STEPS, st.sampled_from(["same boot", "another boot"]))
def test_steady_time_never_goes_back_over_a_restart(steps: list[tuple[int, int]], boot: str) -> None:
    source = ManualSource(START_MS)
    clock = SteadyClock(source)
    for pass_ms, jump_ms in steps:
        state = clock.state()
        if boot == "another boot":
            source.boot()
        source.pass_ms(pass_ms)
        source.set_wall(jump_ms)
        clock = SteadyClock(source)
        clock.resume(state)
        passed = clock.steady_ms() - state.steady_ms
        assert passed == pass_ms if boot == "same boot" else passed >= 0
        assert abs(clock.wall_of(clock.steady_ms()) - source.wall_ns() // 1_000_000) <= JUMP_MS


def test_a_day_that_is_wrong_and_right_again_leaves_nothing_behind() -> None:
    clock = ManualClock()
    clock.jump(86_400)
    assert clock.trusted_ms() == clock.now_ms() - DAY_MS
    clock.jump(-86_400)
    assert clock.trusted_ms() == clock.now_ms()


def test_a_new_date_is_trusted_an_hour_after_the_last_jump() -> None:
    source = ManualSource(START_MS)
    clock = SteadyClock(source)
    source.set_wall(DAY_MS)
    assert clock.trusted_ms() == clock.now_ms() - DAY_MS
    source.pass_ms(TRUST_AFTER_MS - 1)
    source.set_wall(DAY_MS)
    assert clock.trusted_ms() == clock.now_ms() - 2 * DAY_MS
    source.pass_ms(TRUST_AFTER_MS - 1)
    assert clock.trusted_ms() == clock.now_ms() - 2 * DAY_MS
    source.pass_ms(1)
    assert clock.trusted_ms() == clock.now_ms()


def test_a_process_that_is_held_up_between_two_readings_has_seen_no_jump(caplog: pytest.LogCaptureFixture) -> None:
    class HeldUp(ManualSource):
        held_up = False

        def wall_ns(self) -> int:
            wall_ns = super().wall_ns()
            if self.held_up:
                self.held_up = False
                self.pass_ms(60_000)
            return wall_ns

    source = HeldUp(START_MS)
    clock = SteadyClock(source)
    source.held_up = True
    clock.now_ms()
    assert clock.trusted_ms() == clock.now_ms() == clock.steady_ms()
    assert not caplog.records


def test_without_a_boot_id_the_wall_clock_decides() -> None:
    source = ManualSource(START_MS)
    source.boot_id = ""
    state = SteadyClock(source).state()
    source.boot()
    source.boot_id = ""
    source.set_wall(5_000)
    clock = SteadyClock(source)
    clock.resume(replace(state, boot_id=""))
    assert clock.steady_ms() == state.steady_ms + 5_000


@pytest.mark.parametrize("jump_s", [-3_600, 86_400])
def test_timers_ring_after_the_time_that_passed(jump_s: int) -> None:
    async def run() -> None:
        clock = ManualClock()
        waiting = asyncio.ensure_future(sleep_until(clock, clock.steady_ms() + 20_000))
        await clock.advance(1)
        clock.jump(jump_s)
        await clock.advance(18)
        assert not waiting.done()
        await clock.advance(1)
        assert waiting.done()

    asyncio.run(run())


def test_the_machines_clock_rings_no_timer_too_early() -> None:
    async def run() -> None:
        clock = SystemClock()
        at_ms = clock.steady_ms() + 20
        await sleep_until(clock, at_ms)
        assert clock.steady_ms() >= at_ms

    asyncio.run(run())


def test_a_long_timer_of_the_machines_clock_rings_after_a_sleep_of_the_machine() -> None:
    """The event loop's clock stood still meanwhile; the timer looks again at least once a minute."""
    delays: list[float] = []

    class Loop(asyncio.SelectorEventLoop):
        def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
            delays.append(delay)
            return super().call_later(0, callback, *args, context=context)

    async def run() -> None:
        source = ManualSource(START_MS)
        clock = SteadyClock(source)
        rang = asyncio.Event()
        clock.call_at(clock.steady_ms() + 3_600_000, rang.set)
        await asyncio.sleep(0)
        assert not rang.is_set()
        source.pass_ms(3_600_000)
        await rang.wait()

    loop = Loop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
    assert max(delays) <= 60


def test_the_machines_wall_time_is_its_wall_time() -> None:
    before_ms = time.time_ns() // 1_000_000
    assert before_ms <= SystemClock().now_ms() <= time.time_ns() // 1_000_000
