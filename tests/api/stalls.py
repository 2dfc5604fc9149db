"""How long a request holds up its neighbours: a heartbeat on the engine's event loop while the request runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from onebox.testing import EngineThread

BEAT_S = 0.002


def longest_stall_s(engine: EngineThread, request: Callable[[], object]) -> float:
    """The longest piece of work of the loop, in processor time, between two looks at other requests, while
    ``request`` ran on this thread. Processor time, because a machine that runs other tests takes the loop's turns away
    as it likes."""
    pieces: list[float] = []

    async def beat() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.thread_time()
            pieces.append(now - last)
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
    return max(pieces)
