"""Goal: wanted work is done once it may run, once more if it is wanted meanwhile, again a while after a failure, and
never again when the disk has failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from onebox.errors import StorageFault
from onebox.runtime.wanted_task import PAUSE_AFTER_FAILURE_MS, WantedTask
from onebox.storage.faults import DatabaseBusy
from onebox.testing import ManualClock


class Work:
    """Work that fails as it is told, and counts its runs."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.failures = failures or []
        self.runs = 0
        self.ended = 0
        self.clock = ManualClock()
        self.task = WantedTask(self.run, self.clock, logging.getLogger("test"), "the work")

    async def run(self) -> None:
        self.runs += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        self.ended += 1


def run(scenario: Callable[[Work], Awaitable[None]], *failures: Exception) -> Work:
    async def whole() -> Work:
        work = Work(list(failures))
        await scenario(work)
        await work.task.stop()
        await work.task.stop()
        return work

    return asyncio.run(whole())


def test_work_that_was_wanted_before_the_start_is_done_at_the_start() -> None:
    async def scenario(work: Work) -> None:
        work.task.want()
        await work.task.idle()
        assert work.runs == 0
        work.task.start()
        await work.task.idle()

    assert run(scenario).ended == 1


def test_work_that_is_wanted_during_a_run_is_done_once_more() -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        work.task.want()
        await asyncio.sleep(0)
        assert (work.runs, work.ended) == (1, 0)
        for _ in range(5):
            work.task.want()
        await work.task.idle()

    assert run(scenario).ended == 2


def test_nothing_runs_after_the_stop() -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        work.task.want()
        await asyncio.sleep(0)
        await work.task.stop()
        work.task.want()
        await work.task.idle()

    work = run(scenario)
    assert (work.runs, work.ended) == (1, 0)


@pytest.mark.parametrize(
    ("failures", "logged"),
    [
        ([RuntimeError("a bug")] * 2, ["the work failed; trying again in 10 s"] * 2),
        ([DatabaseBusy()] * 2, []),
    ],
    ids=["bug", "lock"],
)
@pytest.mark.parametrize("wanted_meanwhile", [False, True])
def test_work_that_fails_is_done_again_after_a_pause(
    failures: list[Exception], logged: list[str], wanted_meanwhile: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        work.task.want()
        for runs in (1, 2, 3):
            await work.task.idle()
            assert (work.runs, work.ended) == (runs, runs // 3)
            if wanted_meanwhile:
                work.task.want()
            await work.clock.advance(PAUSE_AFTER_FAILURE_MS / 1000 - 0.001)
            assert work.runs == (4 if wanted_meanwhile and runs == 3 else runs)
            await work.clock.advance(0.001)

    run(scenario, *failures)
    assert [record.message for record in caplog.records] == logged
    assert [record.exc_info is not None for record in caplog.records] == [True] * len(logged)


def test_nothing_runs_again_after_the_disk_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        for _ in range(2):
            work.task.want()
            await work.task.idle()
            await work.clock.advance(PAUSE_AFTER_FAILURE_MS / 1000)

    work = run(scenario, StorageFault("no disk"))
    assert (work.runs, work.ended, caplog.records) == (1, 0, [])


def test_nothing_runs_again_after_a_failure_and_the_stop() -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        work.task.want()
        await work.task.idle()
        await work.task.stop()
        await work.clock.advance(PAUSE_AFTER_FAILURE_MS / 1000)

    assert run(scenario, DatabaseBusy()).runs == 1
