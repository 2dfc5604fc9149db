"""Goal: one reading serves all pages, a lost system keeps its last snapshot, and nothing is read for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from orders.console.live import LINGER_MS, Live, Snapshot
from orders.errors import OperatorError
from orders.monitoring.status import Status
from tests.polling import PATIENCE_S
from tests.unit.orders.console.snapshots import status


class HandClock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> float:
        return float(self.ms)

    def wait_ms(self, duration_ms: float) -> None:
        self.ms += int(duration_ms)

    def jitter_ms(self, limit_ms: float) -> float:
        return limit_ms


class Answers:
    """A reading whose answers are given beforehand; an exception is raised."""

    def __init__(self, *answers: Status | Exception) -> None:
        self.answers = list(answers)
        self.reads = 0

    def read(self, now_ms: int) -> Status:
        self.reads += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), PATIENCE_S))


def test_all_pages_see_one_reading() -> None:
    async def test() -> None:
        reading = Answers(status())
        live = Live(reading, HandClock(), every_ms=0)
        pages = [live.follow() for _ in range(20)]
        await live.refresh()
        assert {(await anext_(page)).number for page in pages} == {1}
        await live.refresh()
        assert {(await anext_(page)).number for page in pages} == {2}
        assert reading.reads == 2
        assert live.viewers == 20
        for page in pages:
            await page.aclose()
        assert live.viewers == 0

    run(test)


def test_a_lost_system_keeps_its_last_picture_and_since_when() -> None:
    async def test() -> None:
        clock = HandClock()
        live = Live(Answers(status(), OperatorError("gone", "Start it."), OperatorError("gone"), status()), clock, 0)
        seen = await live.refresh()
        clock.ms += 2_000
        first = await live.refresh()
        clock.ms += 2_000
        second = await live.refresh()
        assert first.status is second.status is seen.status
        assert first.lost_since_ms == second.lost_since_ms == 1_002_000
        assert first.reason == "gone. Start it."
        back = await live.refresh()
        assert (back.lost_since_ms, back.reason) == (None, "")

    run(test)


def test_a_bug_while_reading_does_not_end_the_reading(caplog: Any) -> None:
    async def test() -> None:
        live = Live(Answers(ValueError("a bug"), status()), HandClock(), 0)
        assert (await live.refresh()).reason == "The console failed to read the system."
        assert (await live.refresh()).status is not None

    run(test)
    assert "a bug" in caplog.text


def test_reading_stops_when_nobody_has_looked_for_a_while_and_goes_on_when_somebody_does() -> None:
    async def test() -> None:
        clock, reading = HandClock(), Answers(status())
        live = Live(reading, clock, every_ms=0)
        task = asyncio.create_task(live.run())
        await live.fresh()
        clock.ms += LINGER_MS + 1
        while not live.is_idle:
            await asyncio.sleep(0)
        before = reading.reads
        page = live.follow()
        await anext_(page)
        while reading.reads == before:
            await asyncio.sleep(0)
        task.cancel()

    run(test)


def test_a_page_that_is_opened_does_not_wait_for_a_system_that_is_slow() -> None:
    async def test() -> None:
        live = Live(Answers(), HandClock(), 0, open_wait_ms=0)
        assert await live.fresh() == Snapshot()

    run(test)


def test_a_page_after_a_change_waits_until_the_change_is_read() -> None:
    async def test() -> None:
        reading = Answers(status(), status())
        live = Live(reading, HandClock(), every_ms=3_600_000, open_wait_ms=0)
        task = asyncio.create_task(live.run())
        while live.snapshot.number == 0:
            await asyncio.sleep(0)
        live.invalidate()
        await asyncio.sleep(0)
        assert (await live.fresh()).number == reading.reads == 2
        task.cancel()

    run(test)


def test_the_end_of_the_console_ends_all_following() -> None:
    async def test() -> None:
        live = Live(Answers(status()), HandClock(), 0)
        page = live.follow()
        await anext_(page)
        waiting = asyncio.create_task(anext_(page, None))
        await asyncio.sleep(0)
        await live.close()
        assert await waiting is None

    run(test)


async def anext_(snapshots: AsyncIterator[Snapshot], *default: Any) -> Any:
    """anext(), which Python 3.10 has too, with a default that a task can wait for."""
    try:
        return await snapshots.__anext__()
    except StopAsyncIteration:
        if default:
            return default[0]
        raise
