"""Running the steps of a dependency graph, independent ones at the same time.

Promises: a step starts after all its dependencies succeeded. After a failure no step starts (unless ``past_failures``),
and running steps finish. Knows nothing of stacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set

AT_ONCE_MAX = 16
"""Steps that run at the same time; more would gain nothing on one thread."""


async def run_graph(
    waits: Mapping[str, Set[str]],
    step: Callable[[str], Awaitable[bool]],
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    past_failures: bool = False,
) -> list[str]:
    """Run ``step`` for every node; it returns whether it succeeded. Returns the failed nodes in order of failure.

    ``may_go_on`` is called before each start. With ``past_failures`` steps run that do not depend on a
    failed one."""
    waiting = {name: {need for need in needed if need in waits} for name, needed in waits.items()}
    running: dict[asyncio.Task[bool], str] = {}
    failed: list[str] = []
    try:
        while True:
            if may_go_on() and (past_failures or not failed):
                for name in [name for name, needed in waiting.items() if not needed]:
                    if len(running) >= AT_ONCE_MAX:
                        break
                    del waiting[name]
                    running[asyncio.ensure_future(step(name))] = name
            if not running:
                return failed
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in running if task in done]:
                name = running.pop(task)
                if not task.result():
                    failed.append(name)
                    continue
                for needed in waiting.values():
                    needed.discard(name)
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)
