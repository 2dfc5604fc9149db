"""Goal: one failure ends no background task of CloudWatch Logs; a failed disk ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from onebox.errors import StorageFault
from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.logs.background.wanted_work import PAUSE_AFTER_FAILURE_MS, work_when_wanted
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock


@pytest.mark.parametrize(
    ("failures", "calls_before", "calls_after", "logged"),
    [
        ([DatabaseBusy()], 1, 2, 0),
        ([RuntimeError("a bug"), RuntimeError("a bug")], 1, 2, 2),
        ([StorageFault("no disk")], 1, 1, 0),
    ],
)
def test_work_that_fails_is_done_again_after_a_pause(
    failures: Sequence[Exception], calls_before: int, calls_after: int, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    async def work() -> None:
        calls.append(len(calls))
        if len(calls) <= len(failures):
            raise failures[len(calls) - 1]

    async def run() -> None:
        storage, clock, wanted = Storage(open_connection(None), lambda _: None), ManualClock(), asyncio.Event()
        deps = Deps(storage, clock, RandomIds(seed=7), MetricBuffer(), logging.getLogger("test"))
        task = asyncio.get_running_loop().create_task(work_when_wanted(deps, wanted, work, "the work"))
        wanted.set()
        await clock.advance(PAUSE_AFTER_FAILURE_MS / 1000 - 1)
        assert len(calls) == calls_before
        await clock.advance(1)
        assert len(calls) == calls_after
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        storage.close()

    asyncio.run(run())
    assert [record.name for record in caplog.records].count("test") == logged
