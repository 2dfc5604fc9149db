"""The background tasks: one for each stack that is being worked on.

Promises: what a stack's ``operation`` says is done, once, also after a restart of onebox; a bug in one stack's
run leaves the other stacks alone. Stopping cuts the runs off; starting takes them up again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from onebox.clock import wait_for
from onebox.errors import StorageFault
from onebox.services.cloudformation.engine.deployment import create_stack, update_stack
from onebox.services.cloudformation.engine.retreat import (
    clean_up,
    delete_stack,
    roll_back_creation,
    roll_back_update,
)
from onebox.services.cloudformation.engine.run import StackRun, Tools
from onebox.services.cloudformation.model import Stack

_log = logging.getLogger("onebox.cloudformation")

_PHASES: dict[str, Callable[[StackRun], Awaitable[None]]] = {
    "CREATE": create_stack,
    "CREATE_ROLLBACK": roll_back_creation,
    "DELETE": delete_stack,
    "ROLLBACK_CLEANUP": clean_up,
    "UPDATE": update_stack,
    "UPDATE_CLEANUP": clean_up,
    "UPDATE_ROLLBACK": roll_back_update,
}
_FAILED = {
    "CREATE": "CREATE_FAILED",
    "CREATE_ROLLBACK": "ROLLBACK_FAILED",
    "DELETE": "DELETE_FAILED",
    "ROLLBACK_CLEANUP": "UPDATE_ROLLBACK_FAILED",
    "UPDATE": "UPDATE_FAILED",
    "UPDATE_CLEANUP": "UPDATE_FAILED",
    "UPDATE_ROLLBACK": "UPDATE_ROLLBACK_FAILED",
}


class Supervisor:
    """Runs the operations of all stacks."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._idle: dict[str, asyncio.Event] = {}
        self._stopped = False

    def start(self) -> None:
        """Take up what a restart cut off."""
        for stack_id in self._tools.store.stacks_at_work():
            self.kick(stack_id)

    async def stop(self) -> None:
        """Cut off what runs; the database holds where it was."""
        self._stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def kick(self, stack_id: str) -> None:
        """See that the stack's operation is being worked on. Call it after the commit that holds the operation."""
        if self._stopped or stack_id in self._tasks:
            return
        self._idle[stack_id] = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._work(stack_id))
        self._tasks[stack_id] = task
        task.add_done_callback(lambda _: self._finished(stack_id))

    async def settle(self, stack_id: str, until_ms: int) -> None:
        """Wait until nothing is being done to the stack, but not longer than ``until_ms``."""
        idle = self._idle.get(stack_id)
        if idle is not None:
            await wait_for(self._tools.deps.clock, idle, until_ms)

    def _finished(self, stack_id: str) -> None:
        del self._tasks[stack_id]
        self._idle.pop(stack_id).set()
        if not self._stopped:
            stack = self._tools.store.find_stack(stack_id)
            if stack is not None and stack.operation is not None:
                self.kick(stack_id)  # an operation came in while the task was ending

    async def _work(self, stack_id: str) -> None:
        while True:
            stack = self._tools.store.find_stack(stack_id)
            if stack is None or stack.operation is None:
                return
            try:
                await _PHASES[stack.operation.kind](StackRun(self._tools, stack))
            except StorageFault:
                self._stopped = True  # the process is about to end; nothing more can be written
                return
            except Exception:  # noqa: BLE001 - the edge of a background task: the stack must not hang
                _log.exception("operation %s on stack %s failed", stack.operation.kind, stack.name)
                await self._give_up(stack)

    async def _give_up(self, stack: Stack) -> None:
        assert stack.operation is not None
        status = _FAILED[stack.operation.kind]
        current = self._tools.store.find_stack(stack.stack_id) or stack
        if current.operation != stack.operation:
            return
        await self._tools.deps.storage.write(
            lambda: self._tools.journal.stack_moved(current, status, "Internal Failure", operation=None)
        )
