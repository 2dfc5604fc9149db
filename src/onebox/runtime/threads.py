"""Long computations beside the event loop, one at a time.

Promises: however many tasks have something to compute, one thread computes for one of them, in the order in which they
asked. The interpreter runs one thread at a time: several would only take turns, and the event loop would wait for each
of them before each of its steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class OneThread:
    """A thread for work of one kind, so that it does not wait for work of another. Started at the first work."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work``, a pure function, returns or raises; done in the thread, after what was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


_COMPUTING = OneThread("onebox-compute")


async def compute_beside(work: Callable[[], T]) -> T:
    """What ``work``, a pure function, returns or raises; computed in the thread of all long computations."""
    return await _COMPUTING.run(work)
