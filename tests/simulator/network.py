"""The machine's network and processes: who listens, who connects, which children run.

A connection to a port on which nobody listens is refused. A child process is a function's: it holds the inherited end
of the Runtime API's connection, and :class:`tests.simulator.functions.FunctionProcess` plays it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import Callable
from typing import Any

from tests.simulator.loop import SimulatedLoop
from tests.simulator.machine import Machine
from tests.simulator.wires import Listener, WireEnd

_PID_START = 2**30
"""Above every process id of a real system: what onebox sends to such a process reaches nobody."""

StartChild = Callable[["Child", dict[str, str]], None]


class Refused(ConnectionError):
    """Nobody listens."""


class Network:
    """The network of one life of onebox. Implements :class:`tests.simulator.loop.System`."""

    def __init__(self, machine: Machine, chance: random.Random, start_child: StartChild) -> None:
        self._machine = machine
        self._chance = chance
        self._start_child = start_child
        self._listener: Listener | None = None
        self._inherited: list[WireEnd] = []
        self._pids = itertools.count(_PID_START)
        self._connections: list[WireEnd] = []

    def listen(self, listener: Listener) -> None:
        """See :class:`tests.simulator.loop.System`."""
        self._listener = listener

    def attach(self, inherited: WireEnd) -> None:
        """See :class:`tests.simulator.loop.System`."""
        self._inherited.append(inherited)

    def spawn(self, protocol: asyncio.SubprocessProtocol, options: dict[str, Any]) -> asyncio.SubprocessTransport:
        """See :class:`tests.simulator.loop.System`."""
        wire = self._inherited.pop()
        child = Child(next(self._pids), protocol, wire, os.dup(options["stdout"]))
        self._start_child(child, options["env"])
        return child

    def connect(self, loop: SimulatedLoop, protocol: asyncio.Protocol) -> WireEnd:
        """Connect a client that lives on ``loop``. Raises Refused."""
        listener = self._listener
        if listener is None or not listener.is_open:
            raise Refused
        server, client = WireEnd.pair(self._machine, self._chance, listener.loop, loop)
        client.set_protocol(protocol)
        listener.accept(server)
        self._connections = [end for end in self._connections if not end.is_closing()]
        self._connections.append(server)
        return client

    def cut_some(self, share: float) -> int:
        """Cut a part of the connections; how many."""
        chosen = [end for end in self._connections if self._chance.random() < share]
        for end in chosen:
            end.cut()
        return len(chosen)

    def cut_all(self) -> None:
        """onebox is gone: every connection ends and nobody listens."""
        self._listener = None
        for end in self._connections:
            end.die()
        self._connections.clear()


class Child(asyncio.SubprocessTransport):
    """A simulated child process, as its parent sees it."""

    def __init__(self, pid: int, protocol: asyncio.SubprocessProtocol, wire: WireEnd, output: int) -> None:
        super().__init__()
        self._pid = pid
        self._subprocess = protocol
        self.wire = wire
        self._output = output
        self._return_code: int | None = None

    def get_pid(self) -> int:
        return self._pid

    def get_returncode(self) -> int | None:
        return self._return_code

    def close(self) -> None:
        """Its parent has seen its end."""

    def print(self, text: str) -> None:
        """A line of output."""
        if self._return_code is None:
            os.write(self._output, text.encode() + b"\n")
            loop = self.wire.loop
            assert isinstance(loop, SimulatedLoop)
            loop.output_written()

    def exit(self, return_code: int) -> None:
        """The process ends."""
        if self._return_code is None:
            self._return_code = return_code
            os.close(self._output)
            self.wire.close()
            self.wire.loop.call_soon(self._subprocess.process_exited)
