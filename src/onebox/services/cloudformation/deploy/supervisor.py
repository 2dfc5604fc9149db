"""The background tasks: one for each stack that is being worked on.

Promises: each stack's ``operation`` runs once, also across a restart of onebox; a bug in one stack's run does not
affect other stacks. Stopping interrupts the runs; starting resumes them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from onebox.clock import sleep_until, wait_for
from onebox.errors import StorageFault
from onebox.services.cloudformation.deploy.cleanup import clean_up
from onebox.services.cloudformation.deploy.create_update import create_stack, update_stack
from onebox.services.cloudformation.deploy.delete import delete_stack
from onebox.services.cloudformation.deploy.rollback import roll_back_creation, roll_back_update
from onebox.services.cloudformation.deploy.run import StackRun, Tools
from onebox.services.cloudformation.model import Stack
from onebox.services.cloudformation.states import OperationKind, StackTrigger
from onebox.storage.faults import DatabaseBusy

_log = logging.getLogger("onebox.cloudformation")
_BUSY_PAUSE_MS = 1_000

PHASES: dict[str, Callable[[StackRun], Awaitable[None]]] = {
    OperationKind.CREATE: create_stack,
    OperationKind.CREATE_ROLLBACK: roll_back_creation,
    OperationKind.DELETE: delete_stack,
    OperationKind.ROLLBACK_CLEANUP: clean_up,
    OperationKind.UPDATE: update_stack,
    OperationKind.UPDATE_CLEANUP: clean_up,
    OperationKind.UPDATE_ROLLBACK: roll_back_update,
}


class Supervisor:
    """Runs the operations of all stacks."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._idle: dict[str, asyncio.Event] = {}
        self._stopped = False

    def start(self) -> None:
        """Resume what a restart interrupted."""
        for stack_id in self._tools.store.stacks.list_working():
            self.kick(stack_id)

    async def stop(self) -> None:
        """Interrupt what runs; the database says where to resume."""
        self._stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def kick(self, stack_id: str) -> None:
        """Run the stack's operation. Call it after the commit that holds the operation."""
        if self._stopped or stack_id in self._tasks:
            self._tools.callbacks.wake_stack(stack_id)
            return
        self._idle[stack_id] = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._work(stack_id))
        self._tasks[stack_id] = task
        task.add_done_callback(lambda _: self._finished(stack_id))

    async def wait_until_idle(self, stack_id: str, until_ms: int) -> None:
        """Wait until no operation runs on the stack, at most until ``until_ms``."""
        idle = self._idle.get(stack_id)
        if idle is not None:
            await wait_for(self._tools.deps.clock, idle, until_ms)

    def _finished(self, stack_id: str) -> None:
        del self._tasks[stack_id]
        self._idle.pop(stack_id).set()
        if not self._stopped:
            stack = self._tools.store.stacks.find(stack_id)
            if stack is not None and stack.operation is not None:
                self.kick(stack_id)  # an operation was saved while the task finished

    async def _work(self, stack_id: str) -> None:
        while True:
            stack = self._tools.store.stacks.find(stack_id)
            if stack is None or stack.operation is None:
                return
            try:
                await self._run(stack, stack.operation.kind)
            except StorageFault:
                self._stopped = True  # the process is about to end; nothing more can be written
                return
            except DatabaseBusy:  # said where it was found; the operation goes on as after a restart
                clock = self._tools.deps.clock
                await sleep_until(clock, clock.steady_ms() + _BUSY_PAUSE_MS)

    async def _run(self, stack: Stack, kind: str) -> None:
        try:
            await PHASES[kind](StackRun(self._tools, stack))
        except (StorageFault, DatabaseBusy):
            raise
        except Exception:  # noqa: BLE001 - the edge of a background task: the stack must not hang
            _log.exception("operation %s on stack %s failed", kind, stack.name)
            await self._give_up(stack)

    async def _give_up(self, stack: Stack) -> None:
        current = self._tools.store.stacks.find(stack.stack_id) or stack
        if current.operation != stack.operation:
            return
        journal = self._tools.journal
        await self._tools.deps.storage.write(
            lambda: journal.move_stack(current, StackTrigger.ERROR, "Internal Failure")
        )
