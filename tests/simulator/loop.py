"""An event loop in which no time passes by itself, no thread runs, and no socket or process exists.

Each life of onebox runs on one, the clients on another. The loop is the operating system that onebox sees: timers
are moments of the simulated machine, work for threads is done on the loop a random moment later, and a listening
socket, an inherited socket and a child process are answered by :class:`System`. Nothing depends on the real time or
machine, so that one seed gives one run.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import random
import select
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from tests.simulator.machine import NS_A_SECOND, Machine
from tests.simulator.wires import Listener, WireEnd

_THREAD_NS_MAX = 3_000_000
Errors = Callable[[dict[str, Any]], None]


class System(Protocol):
    """What the loop asks of the machine around onebox."""

    def listen(self, listener: Listener) -> None:
        """A program accepts connections."""

    def attach(self, inherited: WireEnd) -> None:
        """A program made a socket that its next child process inherits."""

    def spawn(self, protocol: asyncio.SubprocessProtocol, options: dict[str, Any]) -> asyncio.SubprocessTransport:
        """A program starts a child process."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Runs what is ready when :meth:`run_turn` is called."""

    def __init__(self, machine: Machine, chance: random.Random, system: System | None = None) -> None:
        self._machine = machine
        self._chance = chance
        self._system = system
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._readers: dict[int, asyncio.Handle] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self.on_error: Errors = lambda _context: None

    # Run by the simulator

    @property
    def is_idle(self) -> bool:
        """Whether nothing can run before time passes."""
        return not self._ready

    def next_moment_ns(self) -> int | None:
        """When the next timer is due."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_turn(self) -> None:
        """Run what is ready now; what it makes ready runs in the next turn."""
        now_ns = self._machine.passed_ns
        while (due_ns := self.next_moment_ns()) is not None and due_ns <= now_ns:
            self._ready.append(heapq.heappop(self._timers)[2])
        asyncio._set_running_loop(self)
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            asyncio._set_running_loop(None)

    def hurry(self) -> bool:
        """Make the next timer due although its moment has not come; False if there is none."""
        if self.next_moment_ns() is None:
            return False
        self._ready.append(heapq.heappop(self._timers)[2])
        return True

    def cancel_tasks(self) -> None:
        """Cancel every task, in the order in which they were made."""
        for task in self._tasks:
            task.cancel()

    def has_tasks(self) -> bool:
        """Whether a task is under way."""
        self._tasks = [task for task in self._tasks if not task.done()]
        return bool(self._tasks)

    def discard(self) -> None:
        """Forget all that could still run."""
        for task in self._tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._ready.clear()
        self._timers.clear()

    def output_written(self) -> None:
        """A child wrote: call whoever listens to a pipe that has something to read."""
        for descriptor in select.select(list(self._readers), [], [], 0)[0]:
            self._ready.append(self._readers[descriptor])

    # Used through asyncio

    def time(self) -> float:
        return self._machine.passed_ns / NS_A_SECOND

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_ns(self._machine.passed_ns + round(delay * NS_A_SECOND), callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_ns(round(when * NS_A_SECOND), callback, *args, context=context)

    def call_at_ns(
        self, when_ns: int, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """As ``call_at``, to the nanosecond."""
        timer = asyncio.TimerHandle(when_ns / NS_A_SECOND, callback, args, self, context)
        heapq.heappush(self._timers, (when_ns, next(self._numbers), timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when their moment comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **options)
        if len(self._tasks) > 256:
            self.has_tasks()
        self._tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """A thread does the work at some moment within the next milliseconds, all at once."""
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_at_ns(self._machine.passed_ns + self._chance.randrange(_THREAD_NS_MAX), work)
        return future

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int, **_options: Any
    ) -> Listener:
        listener = Listener(self, protocol_factory, host, port)  # type: ignore[abstract]
        if self._system is not None:
            self._system.listen(listener)
        return listener

    async def create_unix_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], *, sock: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        sock.close()
        own, other = WireEnd.pair(self._machine, self._chance, self, self)
        protocol = protocol_factory()
        own.set_protocol(protocol)
        protocol.connection_made(own)
        assert self._system is not None
        self._system.attach(other)
        return own, protocol

    async def subprocess_exec(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.SubprocessProtocol], *_command: Any, **options: Any
    ) -> tuple[asyncio.SubprocessTransport, asyncio.SubprocessProtocol]:
        protocol = protocol_factory()
        assert self._system is not None
        transport = self._system.spawn(protocol, options)
        protocol.connection_made(transport)
        return transport, protocol

    def add_reader(  # type: ignore[override]
        self, fd: Any, callback: Callable[..., object], *args: Any
    ) -> None:
        self._readers[fd] = asyncio.Handle(callback, args, self)
        if select.select([fd], [], [], 0)[0]:
            self._ready.append(self._readers[fd])

    def remove_reader(self, fd: Any) -> bool:
        return self._readers.pop(fd, None) is not None

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.on_error(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False


def make_loop(machine: Machine, chance: random.Random, system: System | None = None) -> SimulatedLoop:
    """A loop. What asyncio's interface has besides, nobody here calls."""
    return SimulatedLoop(machine, chance, system)  # type: ignore[abstract]
