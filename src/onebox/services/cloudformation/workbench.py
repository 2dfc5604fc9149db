"""One thread for work on templates, so that a large template does not delay other requests.

Promises: only one piece of work runs at a time, so templates compete for the processor with at most one thread. Work is
bounded by the limits of templates (``limits.py``), so the queue moves on. Nothing that runs here touches the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from onebox.services.cloudformation.errors import ValidationError

T = TypeVar("T")


class Workbench(Protocol):
    """Where pure work on templates runs."""

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``. Raises what it raises; ValidationError for a template that is nested too deeply."""

    def stop(self) -> None:
        """Give up what has not started."""


class ThreadWorkbench:
    """The thread; it starts with the first template."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """See :class:`Workbench`."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="onebox-templates")
        return await asyncio.get_running_loop().run_in_executor(self._executor, refusing_depth, work)

    def stop(self) -> None:
        """See :class:`Workbench`."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


def refusing_depth(work: Callable[[], T]) -> T:
    """Run ``work``; a recursion that goes too deep is the template's fault."""
    try:
        return work()
    except RecursionError:
        raise ValidationError("Template format error: the template is nested too deeply.") from None
