"""Functions without processes: what a function's process would do at the Runtime API, with every way to misbehave.

Real code of onebox is on the other end of the connection (its Runtime API, worker, pool). A handler does its effect
through the API with its role's credentials, as a real one does.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httptools
import orjson

from tests.simulator.calls import Caller, Lost, NotSent
from tests.simulator.history import INFO, INVOKE, OK, History
from tests.simulator.loop import SimulatedLoop
from tests.simulator.machine import Machine
from tests.simulator.network import Child, Network
from tests.simulator.requests import Credentials

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n"
FAULTS = (
    "crash before",
    "crash after",
    "hang",
    "late answer",
    "answer to another request",
    "wrong ids",
    "malformed answer",
    "all failed",
    "error",
    "bad start",
)
BAD_START = "bad-start"
_START_S = (0.05, 0.4)
_WORK_S = (0.001, 0.05)


class Failed(Exception):
    """The handler could not do its work."""


class Work(NamedTuple):
    """What a handler did."""

    f: str
    asked: dict[str, Any]
    answer: dict[str, Any]
    response: Any


Handler = Callable[["dict[str, Any]", Caller], Awaitable[Work]]
Describe = Callable[["dict[str, Any]"], "tuple[str, dict[str, Any]]"]


class Function(NamedTuple):
    """A function by its name."""

    describe: Describe
    """The operation of the history that a call is."""
    handle: Handler


class FunctionFaults:
    """How often a call goes wrong, and what went wrong."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.share = 0.0
        self.kinds: tuple[str, ...] = FAULTS
        self.counts: Counter[str] = Counter()

    def draw(self) -> str:
        """The fault of a call; empty for none."""
        if self._chance.random() >= self.share:
            return ""
        fault = self._chance.choice(self.kinds)
        self.counts[fault] += 1
        return fault


class Functions:
    """All functions of a run; makes the processes of each life."""

    def __init__(self, machine: Machine, history: History, table: dict[str, Function]) -> None:
        self.machine = machine
        self.history = history
        self.table = table
        self.chance = machine.chance("functions")
        self.faults = FunctionFaults(self.chance)
        self.numbers = itertools.count(1)

    def start(self, network: Network, child: Child, variables: dict[str, str]) -> None:
        """A process was started."""
        loop = child.wire.loop
        assert isinstance(loop, SimulatedLoop)
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        caller = Caller(loop, lambda: network, Credentials(*(variables[key] for key in keys)))
        process = FunctionProcess(self, child, loop, caller, self.table[variables["AWS_LAMBDA_FUNCTION_NAME"]])
        child.wire.set_protocol(process)
        loop.call_later(self.chance.uniform(*_START_S), process.begin)


class FunctionProcess(asyncio.Protocol):
    """One process: asks for invocations, and runs the handler for each."""

    def __init__(
        self, functions: Functions, child: Child, loop: SimulatedLoop, caller: Caller, function: Function
    ) -> None:
        self._functions = functions
        self._child = child
        self._loop = loop
        self._caller = caller
        self._function = function
        self._parser = httptools.HttpResponseParser(self)
        self._request_id = ""
        self._body = b""
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The process is up."""
        if self._functions.faults.share and self._functions.faults.draw() == "bad start":
            process = f"function-{next(self._functions.numbers)}"
            self._note(process, INVOKE, BAD_START, {})
            self._note(process, INFO, BAD_START, None)
            self._child.exit(1)
        else:
            self._child.wire.write(NEXT)

    # The Runtime API's answers

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._request_id, self._body = "", b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"Lambda-Runtime-Aws-Request-Id":
            self._request_id = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._request_id:
            self._task = self._loop.create_task(self._invoke(self._request_id, orjson.loads(self._body)))

    def connection_lost(self, error: Exception | None) -> None:
        """onebox ends the process."""
        if self._task is not None:
            self._task.cancel()
        self._child.exit(-9)

    # An invocation

    async def _invoke(self, request_id: str, event: dict[str, Any]) -> None:
        functions = self._functions
        process = f"function-{next(functions.numbers)}"
        f, asked = self._function.describe(event)
        fault = functions.faults.draw()
        self._note(process, INVOKE, f, {**asked, "fault": fault})
        await asyncio.sleep(functions.chance.uniform(*_WORK_S))
        if fault == "crash before":
            self._note(process, INFO, f, None)
            self._child.exit(1)
            return
        try:
            work = await self._function.handle(event, self._caller)
        except (Lost, NotSent, Failed) as error:
            self._note(process, INFO, f, None)
            self._answer(request_id, "error", {"errorType": "Failed", "errorMessage": repr(error)})
            return
        await self._finish(process, request_id, work, fault)

    async def _finish(self, process: str, request_id: str, work: Work, fault: str) -> None:
        if fault == "crash after":
            self._note(process, INFO, work.f, None)
            self._child.exit(137)
        elif fault == "hang":
            self._note(process, INFO, work.f, None)
        elif fault == "late answer":
            self._note(process, INFO, work.f, None)
            await asyncio.sleep(self._functions.chance.uniform(2.9, 3.1))
            self._answer(request_id, "response", work.response)
        elif fault == "answer to another request":
            self._note(process, INFO, work.f, None)
            self._answer("00000000-0000-4000-8000-000000000000", "response", work.response)
        elif fault == "error":
            self._note(process, INFO, work.f, None)
            self._answer(request_id, "error", {"errorType": "Error", "errorMessage": "it failed"})
        elif fault in _LIES:
            self._note(process, INFO, work.f, None)
            self._send(request_id, "response", _LIES[fault])
        else:
            self._child.print(f"{work.f} {orjson.dumps(work.asked).decode()[:500]}")
            self._note(process, OK, work.f, work.answer)
            self._answer(request_id, "response", work.response)

    def _answer(self, request_id: str, kind: str, content: Any) -> None:
        self._send(request_id, kind, orjson.dumps(content))

    def _send(self, request_id: str, kind: str, body: bytes) -> None:
        head = (
            f"POST /2018-06-01/runtime/invocation/{request_id}/{kind} HTTP/1.1\r\nHost: runtime\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._child.wire.write(head.encode() + body + NEXT)

    def _note(self, process: str, kind: str, f: str, value: Any) -> None:
        self._functions.history.add(self._functions.machine.passed_ns, process, kind, f, value)


_LIES = {
    "wrong ids": b'{"batchItemFailures": [{"itemIdentifier": "nobody-knows-it"}]}',
    "malformed answer": b'{"batchItemFailures": [{"itemIdent',
    "all failed": b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
}
