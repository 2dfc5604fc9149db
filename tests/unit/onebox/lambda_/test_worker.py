"""Goal: every execution ends exactly once, whatever its process says to the Runtime API, and in whichever order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.execution.environment import Environment
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection
from onebox.services.lambda_.execution.worker import Worker
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion
from onebox.testing.manual_clock import ManualClock

CONFIGURATION = {
    "Runtime": "python3.11",
    "Timeout": 3,
    "MemorySize": 128,
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "g"},
}
FUNCTION = FunctionVersion(FunctionKey("1", "us-east-1", "f"), LATEST, CONFIGURATION, "r", "", 1, 0, None)
PREFIX = b"/2018-06-01/runtime/"


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class Theatre:
    """A worker without a process: the test speaks for it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.outcomes: dict[str, list[Outcome]] = {}
        self.waiting: list[Execution] = []
        self.ready = False
        self.ends: list[bytes | None] = []
        environment = Environment(
            function=FUNCTION,
            command=(),
            variables={},
            code_folder=Path("task"),
            layers_folder=Path("opt"),
            scratch_folder=Path(),
            description="",
            expires_at_ms=0,
            write_log=lambda _: None,
            log_is_behind=lambda: False,
            inherits_socket=True,
            provisioned=False,
            release=lambda: None,
        )
        self.worker = Worker(environment, self.clock, self.on_ready, self.on_end)
        self.connections = [RuntimeApiConnection(self.worker, lambda _: None) for _ in range(2)]
        for connection in self.connections:
            connection.connection_made(cast("asyncio.Transport", Transport()))

    def on_ready(self, worker: Worker) -> None:
        self.ready = True

    def on_end(self, worker: Worker, init_error: bytes | None) -> None:
        self.ready = False
        self.ends.append(init_error)

    def submit(self) -> None:
        if not self.ready:
            return
        self.ready = False
        request_id = f"id{len(self.outcomes)}"
        outcomes = self.outcomes[request_id] = []
        self.worker.run(Execution(FUNCTION, FUNCTION.arn, request_id, "trace", b"{}", outcomes.append))

    def say(self, which: int, path: bytes, body: bytes) -> None:
        connection = self.connections[which]
        head = b"POST %b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (PREFIX + path, len(body))
        connection.data_received(head + body)


BODIES = st.sampled_from(
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"errorType": 5}', b'{"errorMessage": [1]}', b"[" * 5000]
)
IDS = st.sampled_from([b"id0", b"id1", b"id2", b"", b"id9", b"%00"])
STEPS = st.one_of(
    st.just(("submit",)),
    st.just(("kill",)),
    st.tuples(st.just("time"), st.sampled_from([0.1, 5.0, 30.0])),
    st.tuples(st.just("lost"), st.integers(0, 1)),
    st.tuples(st.just("next"), st.integers(0, 1)),
    st.tuples(st.just("init"), st.integers(0, 1), BODIES),
    st.tuples(st.sampled_from(["response", "error"]), st.integers(0, 1), IDS, BODIES),
    st.tuples(st.just("garbage"), st.integers(0, 1), st.binary(max_size=40)),
)


async def play(theatre: Theatre, step: tuple[object, ...]) -> None:
    kind = str(step[0])
    if kind == "submit":
        theatre.submit()
    elif kind == "kill":
        theatre.worker.kill()
    elif kind == "time":
        await theatre.clock.advance(cast("float", step[1]))
    else:
        which = cast("int", step[1])
        if kind == "lost":
            theatre.connections[which].connection_lost(None)
        elif kind == "next":
            theatre.connections[which].data_received(b"GET " + PREFIX + b"invocation/next HTTP/1.1\r\n\r\n")
        elif kind == "init":
            theatre.say(which, b"init/error", cast("bytes", step[2]))
        elif kind == "garbage":
            theatre.connections[which].data_received(cast("bytes", step[2]))
        else:
            request_id, body = cast("bytes", step[2]), cast("bytes", step[3])
            theatre.say(which, b"invocation/" + request_id + b"/" + kind.encode(), body)


@given(st.lists(STEPS, max_size=30))
def test_every_execution_ends_exactly_once(steps: list[tuple[object, ...]]) -> None:
    async def run() -> None:
        theatre = Theatre()
        for step in [("next", 0), ("submit",), *steps]:
            await play(theatre, step)
            assert all(len(outcomes) <= 1 for outcomes in theatre.outcomes.values())
        theatre.worker.kill()
        assert all(len(outcomes) == 1 for outcomes in theatre.outcomes.values())
        assert len(theatre.ends) == 1

    asyncio.run(run())


@given(BODIES)
def test_failed_initialisation_is_answered_whatever_its_body(body: bytes) -> None:
    async def run() -> None:
        theatre = Theatre()
        theatre.say(0, b"init/error", body)
        [error] = theatre.ends
        assert error is not None
        outcomes: list[Outcome] = []
        theatre.worker.fail_for_init(Execution(FUNCTION, FUNCTION.arn, "id", "t", b"{}", outcomes.append), error)
        [outcome] = outcomes
        assert outcome.failed
        assert json.loads(outcome.payload)["requestId"] == ""

    asyncio.run(run())
