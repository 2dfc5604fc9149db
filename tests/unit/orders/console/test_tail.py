"""Goal: each line is told once to each page, read once for all, and a log that is lost is told and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from orders.console.tail import KEPT, OVERLAP_MS, NewLines, Tail
from orders.errors import OperatorError
from orders.function_log.lines import LogLine
from tests.polling import PATIENCE_S
from tests.unit.orders.fakes import FakeClock

NEVER_MS = 3_600_000


class FakeLog:
    def __init__(self) -> None:
        self.all: list[LogLine] = []
        self.reads = 0
        self.error: Exception | None = None

    def say(self, at_ms: int, text: str) -> None:
        self.all.append(LogLine(str(len(self.all)), at_ms, "s", text))

    def read(self, since_ms: int) -> list[LogLine]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return [line for line in self.all if line.at_ms >= since_ms]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), PATIENCE_S))


def texts(news: NewLines) -> list[str]:
    return [entry.text for entry in news.entries]


def test_all_pages_hear_each_line_once_from_one_reading() -> None:
    async def test() -> None:
        log = FakeLog()
        tail = Tail(log.read, FakeClock(), NEVER_MS)
        log.say(1_000_000, "a")
        since_ms = await tail.refresh(0)
        pages = [tail.follow(0), tail.follow(0), tail.follow(tail.position)]
        assert [texts(await anext(page)) for page in pages[:2]] == [["a"], ["a"]]
        log.say(999_900, "late")
        log.say(1_000_001, "b")
        await tail.refresh(since_ms)
        assert [texts(await anext(page)) for page in pages] == [["late", "b"]] * 3
        for page in pages:
            await page.aclose()

    run(test)


def test_reading_goes_on_a_little_before_the_newest_line() -> None:
    async def test() -> None:
        log = FakeLog()
        tail = Tail(log.read, FakeClock(), NEVER_MS)
        log.say(1_000_000, "a")
        assert await tail.refresh(5) == 1_000_000 - OVERLAP_MS
        assert await tail.refresh(2_000_000) == 2_000_000

    run(test)


def test_a_flood_leaves_the_newest_lines() -> None:
    async def test() -> None:
        log = FakeLog()
        tail = Tail(log.read, FakeClock(), NEVER_MS)
        for number in range(KEPT + 7):
            log.say(1_000, f"line {number}")
        await tail.refresh(0)
        page = tail.follow(0)
        news = texts(await anext(page))
        assert (len(news), news[-1]) == (KEPT, f"line {KEPT + 6}")
        await page.aclose()

    run(test)


def test_a_log_that_does_not_answer_is_told_and_so_is_its_return() -> None:
    async def test() -> None:
        log = FakeLog()
        tail = Tail(log.read, FakeClock(), NEVER_MS)
        page = tail.follow(0)
        log.error = OperatorError("gone", "Start it.")
        await tail.refresh(0)
        assert (await anext(page)).problem == "gone. Start it."
        log.error = None
        log.say(1_000, "back")
        await tail.refresh(0)
        news = await anext(page)
        assert (news.problem, texts(news)) == ("", ["back"])
        await page.aclose()

    run(test)


def test_the_log_is_read_for_nobody_and_closing_ends_all_pages() -> None:
    async def test() -> None:
        log = FakeLog()
        tail = Tail(log.read, FakeClock(), every_ms=0)
        log.say(FakeClock().now_ms(), "a")
        page = tail.follow(0)
        assert texts(await anext(page)) == ["a"]
        waiting = asyncio.ensure_future(anext(page, None))
        await asyncio.sleep(0)
        await tail.close()
        assert await waiting is None
        reads = log.reads
        await asyncio.sleep(0)
        assert log.reads == reads

    run(test)
