"""How long a request holds up its neighbours: a heartbeat on the engine's event loop while the request runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from onebox.testing import EngineThread

BEAT_S = 0.002


def longest_stall_s(engine: EngineThread, request: Callable[[], object]) -> float:
    """The longest time for which the loop answered nobody while ``request`` ran on this thread."""
    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.perf_counter()
            gaps.append(now - last - BEAT_S)
            last = now

    async def begin() -> asyncio.Task[None]:
        return asyncio.ensure_future(beat())

    async def end(beating: asyncio.Task[None]) -> None:
        await asyncio.sleep(2 * BEAT_S)
        beating.cancel()

    beating = engine.run(begin())
    try:
        request()
    finally:
        engine.run(end(beating))
    return max(gaps)
