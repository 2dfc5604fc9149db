"""How long a request holds up the engine's event loop, measured inside the process: CPU time of the loop's turns.

CPU time, because other programs of the machine take the loop's turns away as they like. neighbour.py measures the same
from outside, in elapsed time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onebox.testing import EngineThread
from tests.quick_python import leave_out_what_is_there

BEAT_S = 0.001


@contextmanager
def loop_turns(engine: EngineThread) -> Iterator[list[float]]:
    """The CPU time of each turn of the engine's loop during the block, in seconds: no request waits longer for its
    turn.
    """
    turns: list[float] = []

    async def beat() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(BEAT_S)
            turns.append(time.thread_time() - began)

    async def begin() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(beat())

    async def end(beating: asyncio.Task[None]) -> None:
        await asyncio.sleep(2 * BEAT_S)
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    # The test process has a far larger heap than onebox, which leaves what is there for good out of the collector's
    # walks: one walk would be the longest turn.
    leave_out_what_is_there()
    beating = engine.run(begin())
    try:
        yield turns
    finally:
        engine.run(end(beating))


def longest_stall_s(engine: EngineThread, request: Callable[[], object]) -> float:
    """The longest turn of the loop while ``request`` ran on this thread."""
    with loop_turns(engine) as turns:
        request()
    return max(turns)
