"""Goal: long computations beside the loop run one at a time, so that the loop waits for one thread at most."""

from __future__ import annotations

import asyncio
import threading

import pytest

from onebox.runtime.threads import OneThread, compute_beside
from tests.polling import PATIENCE_S


def test_many_computations_share_one_thread_in_their_order() -> None:
    running = threading.Lock()
    order: list[int] = []

    def work(number: int) -> str:
        assert running.acquire(blocking=False), "two at a time"
        order.append(number)
        running.release()
        return threading.current_thread().name

    async def run() -> list[str]:
        return await asyncio.gather(*[compute_beside(lambda number=number: work(number)) for number in range(50)])  # type: ignore[misc]

    names = asyncio.run(run())
    assert order == list(range(50))
    assert len(set(names)) == 1
    assert "MainThread" not in names


def test_an_error_is_raised_where_the_result_is_awaited() -> None:
    def fail() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(compute_beside(fail))


def test_work_of_one_kind_does_not_wait_for_work_of_another() -> None:
    other_is_done = threading.Event()

    async def run() -> None:
        long = OneThread("long").run(lambda: other_is_done.wait(PATIENCE_S))
        done, _ = await asyncio.gather(long, OneThread("short").run(other_is_done.set))
        assert done, "the short one waited for the long one"

    asyncio.run(run())
