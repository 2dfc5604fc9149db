"""Goal: wanted work is done once it may run, once more if it is wanted meanwhile, again after a failure, and never
again when the disk has failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from onebox.errors import StorageFault
from onebox.runtime.wanted_task import WantedTask


class Work:
    """Work that fails as it is told, and counts its runs."""

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.failures = failures or []
        self.runs = 0
        self.ended = 0
        self.task = WantedTask(self.run, logging.getLogger("test"), "the work failed")

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


def test_work_that_is_wanted_during_a_run_that_fails_is_done_once_more() -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        work.task.want()
        await asyncio.sleep(0)
        assert (work.runs, work.ended) == (1, 0)
        work.task.want()
        await work.task.idle()

    work = run(scenario, RuntimeError("a bug"))
    assert (work.runs, work.ended) == (2, 1)


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
    ("failure", "ended", "logged"), [(RuntimeError("a bug"), 1, ["the work failed"]), (StorageFault("no disk"), 0, [])]
)
def test_a_failure_is_logged_and_tried_again_unless_it_is_the_disks(
    failure: Exception, ended: int, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(work: Work) -> None:
        work.task.start()
        for _ in range(2):
            work.task.want()
            await work.task.idle()

    assert run(scenario, failure).ended == ended
    assert [record.message for record in caplog.records] == logged
