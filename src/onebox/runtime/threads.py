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

_THREAD = ThreadPoolExecutor(1, "onebox-compute")
"""Started at the first computation."""


async def compute_beside(work: Callable[[], T]) -> T:
    """What ``work``, a pure function, returns or raises; computed in the thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work)
