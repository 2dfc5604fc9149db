"""Goal: a sweep that fails waits as long as one with nothing left; a failed disk ends the sweeper."""

from __future__ import annotations

import asyncio
import logging

import pytest

from onebox.errors import StorageFault
from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.logs.background.sweeper import Sweeper
from onebox.services.logs.limits import SWEEP_INTERVAL_MS
from onebox.services.logs.store.events import EventStore
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

INTERVALS = 5


class FailingEvents(EventStore):
    """Events whose removal fails."""

    def __init__(self, storage: Storage, failure: Exception) -> None:
        super().__init__(storage)
        self.failure = failure
        self.calls = 0

    def sweep_trash(self, limit: int) -> int:
        self.calls += 1
        raise self.failure


@pytest.mark.parametrize(("failure", "calls"), [(RuntimeError("a bug"), INTERVALS), (StorageFault("no disk"), 1)])
def test_a_sweep_that_fails_is_not_repeated_soon(failure: Exception, calls: int) -> None:
    async def run() -> int:
        connection = open_connection(None)
        migrate(connection)
        storage, clock = Storage(connection, lambda _: None), ManualClock()
        events = FailingEvents(storage, failure)
        sweeper = Sweeper(Deps(storage, clock, RandomIds(seed=7), MetricBuffer(), logging.getLogger("test")), events)
        sweeper.start()
        for _ in range(INTERVALS):
            await clock.advance(SWEEP_INTERVAL_MS / 1000)
        sweeper.stop()
        storage.close()
        return events.calls

    assert asyncio.run(run()) == calls
