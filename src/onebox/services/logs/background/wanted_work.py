"""The loop of a background task of CloudWatch Logs: it works when it is wanted, and outlives a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from onebox.clock import sleep_until
from onebox.errors import StorageFault
from onebox.services.context import Deps
from onebox.storage.faults import DatabaseBusy

PAUSE_AFTER_FAILURE_MS = 10_000


async def work_when_wanted(deps: Deps, wanted: asyncio.Event, work: Callable[[], Awaitable[None]], what: str) -> None:
    """Do ``work`` each time that ``wanted`` is set; after a failure again, when a pause is over. Ends when the disk
    fails, or when it is cancelled. ``what`` names the work in the log."""
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await work()
        except StorageFault:
            return  # the engine stops
        except Exception as error:
            if not isinstance(error, DatabaseBusy):  # that is said where it was found
                deps.log.exception("%s failed; trying again in %d s", what, PAUSE_AFTER_FAILURE_MS // 1000)
            wanted.set()
            await sleep_until(deps.clock, deps.clock.steady_ms() + PAUSE_AFTER_FAILURE_MS)
