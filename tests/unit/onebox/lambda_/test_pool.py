"""Goal: the pool gives every invocation a child in the end, keeps to its bound and leaves nothing behind.

Real children on the real clock; what they wait for is a signal of the test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onebox.services.lambda_.execution.environment import Environment
from onebox.services.lambda_.execution.environment_maker import link_packages
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.interpreters import own_interpreter
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.pool import PoolLimits, WorkerPool
from onebox.services.lambda_.execution.processor_use import ProcessorUse
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion
from onebox.steady_clock import SystemClock
from tests.polling import PATIENCE_S

LAUNCHER = Path(link_packages.__code__.co_filename).parent.parent / "child" / "launcher.py"
# Answers with its process id; while the file of the event's name exists it doesn't.
CODE = """
import os, time
def handler(event, context):
    while event and os.path.exists(event):
        time.sleep(0.001)
    return os.getpid()
"""


def function(name: str, code_sha256: str = "1") -> FunctionVersion:
    configuration = {
        "Runtime": "python3.11",
        "Timeout": 900,
        "MemorySize": 128,
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "g"},
    }
    key = FunctionKey("123456789012", "us-east-1", name)
    return FunctionVersion(key, LATEST, configuration, "r", code_sha256, 1, 0, None)


class World:
    """A pool over children that run CODE, and the invocations of a test."""

    def __init__(self, folder: Path, workers_max: int, calls_max: int) -> None:
        self.folder = folder
        self.inherits_socket = True
        self.started = 0
        self.logged: list[str] = []
        self.lives_ms: Iterator[int] = itertools.repeat(3_600_000)
        limits = PoolLimits(workers_max, idle_ms=600_000, calls_max=calls_max)
        self.is_disk_slow = False
        log = logging.getLogger("test")
        self.pool = WorkerPool(SystemClock(), self.make_environment, log, limits, lambda: self.is_disk_slow)
        (folder / "code").mkdir(exist_ok=True)
        (folder / "code/app.py").write_text(CODE)
        if not (folder / "runtime").exists():
            link_packages(folder / "runtime")

    async def make_environment(self, function: FunctionVersion, *, provisioned: bool) -> Environment:
        self.started += 1
        scratch = self.folder / f"scratch{self.started}"
        command = (str(own_interpreter().path), "-X", "utf8", "-S", "-s", str(LAUNCHER))
        arguments = (str(self.folder / "runtime"), str(self.folder / "opt"), str(os.getpid()), "", "yes", "app.handler")
        return Environment(
            function=function,
            command=command + arguments,
            variables={"LAMBDA_TASK_ROOT": str(self.folder / "code"), "HOME": str(scratch)},
            code_folder=self.folder / "code",
            layers_folder=self.folder / "opt",
            scratch_folder=scratch,
            description="",
            expires_at_ms=SystemClock().now_ms() + next(self.lives_ms),
            log_is_behind=lambda: False,
            inherits_socket=self.inherits_socket,
            provisioned=provisioned,
            release=lambda: None,
            write_log=lambda events: self.logged.extend(text for _, text in events),
        )

    def submit(self, version: FunctionVersion, event: str = "", *, patient: bool = False) -> asyncio.Future[Outcome]:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        request_id = f"{version.key.name}-{id(done)}"
        payload = json.dumps(event).encode()
        self.pool.submit(
            Execution(version, version.arn, request_id, "trace", payload, done.set_result, patient=patient)
        )
        return done

    async def run(self, version: FunctionVersion, event: str = "") -> int:
        outcome = await asyncio.wait_for(self.submit(version, event), PATIENCE_S)
        assert not outcome.failed, outcome
        return int(outcome.payload)

    def gate(self, name: str) -> str:
        path = self.folder / name
        path.touch()
        return str(path)


@asynccontextmanager
async def world(folder: Path, workers_max: int, calls_max: int = 1_000_000) -> AsyncIterator[World]:
    made = World(folder, workers_max, calls_max)
    try:
        yield made
    finally:
        await made.pool.stop()


def running(test: Callable[[Path], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    """Run a coroutine function as a test."""

    def run(tmp_path: Path) -> None:
        asyncio.run(asyncio.wait_for(test(tmp_path), PATIENCE_S))

    run.__doc__ = test.__doc__
    return run


@running
async def test_submit_bound_reached_waits_for_a_child(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1) as here:
        pids = await asyncio.gather(*(here.run(function("f")) for _ in range(20)))
        assert len(set(pids)) == 1
        assert here.started == 1


@running
async def test_background_work_that_waits_gets_more_children_than_there_are_processors(tmp_path: Path) -> None:
    count = (os.cpu_count() or 1) + 2
    async with world(tmp_path, workers_max=count + 1) as here:
        gates = [here.gate(f"gate{number}") for number in range(count)]
        outcomes = [here.submit(function("f"), gate, patient=True) for gate in gates]
        while here.started < count:
            await asyncio.sleep(0.01)  # the loop is idle, as it is when a function waits for something else
        for gate in gates:
            os.unlink(gate)
        assert not any(outcome.failed for outcome in await asyncio.gather(*outcomes))


@running
async def test_background_work_that_hangs_leaves_a_place_to_other_functions(tmp_path: Path) -> None:
    count = (os.cpu_count() or 1) + 2
    looks = 0
    told: set[bool] = set()

    def is_low(*_: object, disk_is_slow: bool) -> bool:
        nonlocal looks
        looks += 1
        told.add(disk_is_slow)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProcessorUse, "is_low", is_low)
        async with world(tmp_path, workers_max=count) as here:
            here.is_disk_slow = True
            gate = here.gate("gate")
            hanging = [here.submit(function("f"), gate, patient=True) for _ in range(2 * count)]
            while looks < 2 * count and here.pool.workers_of(function("f")) < count:
                await asyncio.sleep(0.01)
            assert here.pool.workers_of(function("f")) == count - 1
            assert told == {True}, "the disk decides how busy the loop may be"
            for name in "abca":
                await here.run(function(name))
            os.unlink(gate)
            assert not any(outcome.failed for outcome in await asyncio.gather(*hanging))


@running
async def test_submit_other_function_needs_the_room_of_an_idle_child(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1) as here:
        first = await here.run(function("a"))
        second = await here.run(function("b"))
        assert first != second
        assert here.pool.workers_of(function("a")) == 0


@running
async def test_submit_every_function_gets_its_turn_though_others_never_rest(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1) as here:
        gate = here.gate("gate")
        blocked = here.submit(function("a"), gate)
        waiting = here.submit(function("b"))
        more = [here.submit(function("a")) for _ in range(5)]
        os.unlink(gate)
        for done in (blocked, waiting, *more):
            assert not (await asyncio.wait_for(done, PATIENCE_S)).failed


@running
async def test_submit_urgent_invocations_get_workers_of_their_own(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=3) as here:
        gate = here.gate("gate")
        blocked = [here.submit(function("f"), gate) for _ in range(2)]
        third = await here.run(function("f"))
        os.unlink(gate)
        pids = {int((await asyncio.wait_for(done, PATIENCE_S)).payload) for done in blocked}
        assert len(pids | {third}) == 3


@running
async def test_submit_changed_function_runs_in_a_new_child(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=2) as here:
        old = await here.run(function("f"))
        assert await here.run(function("f")) == old
        new = await here.run(function("f", code_sha256="2"))
        assert new != old
        assert here.pool.workers_of(function("f")) == 1


@running
async def test_warm_up_child_is_there_before_the_first_invocation(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=2) as here:
        here.pool.warm_up(function("f"))
        here.pool.warm_up(function("f"))
        await here.run(function("f"))
        assert here.started == 1


@running
async def test_stop_fails_all_that_runs_or_waits_and_ends_every_child(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1) as here:
        idle = await here.run(function("f"))
        dones = [here.submit(function("f"), here.gate("gate")) for _ in range(3)]
        await here.pool.stop()
        assert all(done.result().failed for done in dones)
        with pytest.raises(ProcessLookupError):
            os.kill(idle, 0)
        assert [path.name for path in tmp_path.glob("scratch*")] == []


@running
async def test_stop_at_any_moment_of_a_start_leaves_nothing(tmp_path: Path) -> None:
    for turns in (0, 1, 2, 5, 20, 100):
        async with world(tmp_path, workers_max=4) as here:
            dones = [here.submit(function(name)) for name in "abc"]
            for _ in range(turns):
                await asyncio.sleep(0)
        assert all(done.done() for done in dones)
    assert [path.name for path in tmp_path.glob("scratch*")] == []


@running
async def test_worn_out_worker_serves_until_its_successor_is_ready(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=2, calls_max=20) as here:
        pids = [await here.run(function("f")) for _ in range(15)]
        assert len(set(pids)) == 1
        while here.started < 2 or here.pool.workers_of(function("f")) < 2:
            assert await here.run(function("f")) == pids[0]  # no invocation waits for the successor
        while (pid := await here.run(function("f"))) == pids[0]:
            await asyncio.sleep(0)
        assert here.started == 2
        while here.pool.workers_of(function("f")) > 1:
            await asyncio.sleep(0)
        assert await here.run(function("f")) == pid


@running
async def test_worker_whose_credentials_end_soon_serves_until_its_successor_is_ready(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=2) as here:
        here.lives_ms = itertools.chain([30 * 60_000], here.lives_ms)
        first = await here.run(function("f"))
        while here.started < 2 or here.pool.workers_of(function("f")) < 2:
            assert await here.run(function("f")) == first  # no invocation waits for the successor
        while await here.run(function("f")) == first:
            await asyncio.sleep(0)
        assert here.started == 2


@running
async def test_worn_out_worker_is_replaced_where_there_is_no_room_for_two(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1, calls_max=5) as here:
        pids = [await here.run(function("f")) for _ in range(21)]
        assert [len(list(run)) for _, run in itertools.groupby(pids)] == [10, 10, 1]


async def say(port: int, text: bytes) -> bytes:
    """What a stranger is answered at a port."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
    except ConnectionError:
        return b""
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
@running
async def test_runtime_api_serves_nobody_but_its_own_process(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=1) as here:
        here.inherits_socket = False
        pid = await here.run(function("f"))
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        [port] = [int(line.rpartition(b":")[2]) for line in environ if line.startswith(b"AWS_LAMBDA_RUNTIME_API=")]
        gate = here.gate("gate")
        blocked = here.submit(function("f"), gate)
        next_one = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n"
        forged = b"POST /2018-06-01/runtime/invocation/%b/response HTTP/1.1\r\nContent-Length: 1\r\n\r\n1"
        request_id = f"f-{id(blocked)}".encode()
        for attack in (b"", next_one, forged % request_id, next_one * 3, b"garbage\r\n\r\n"):
            assert await say(port, attack) == b""
        assert not blocked.done()
        os.unlink(gate)
        assert int((await asyncio.wait_for(blocked, PATIENCE_S)).payload) == pid
        assert await here.run(function("f")) == pid


@running
async def test_provisioned_children_are_kept_ready_up_to_the_bound(tmp_path: Path) -> None:
    async with world(tmp_path, workers_max=2) as here:
        one, other = function("a"), function("b")
        here.pool.provision(one, 2)
        here.pool.provision(other, 1)
        await ready(here, one, 2)
        no_room = "At most 2 execution environments are kept ready on this machine."
        assert here.pool.provisioned(other.key, LATEST) == (0, no_room)
        # The bound of the others is not touched, and an invocation takes a provisioned child first.
        await here.run(function("c"))
        assert (await here.run(one), here.started) == (await here.run(one), 3)
        os.kill(await here.run(one), signal.SIGKILL)
        while here.started < 4:
            await asyncio.sleep(0)
        await ready(here, one, 2)
        here.pool.provision(one, 1)
        await ready(here, other, 1)
        assert here.pool.provisioned(one.key, LATEST) == (1, "")
        here.pool.end_provision(other.key, LATEST)
        assert here.pool.workers_of(other) == 0


async def ready(here: World, version: FunctionVersion, count: int) -> None:
    """Return when so many provisioned children of a version are ready."""
    while here.pool.provisioned(version.key, version.version)[0] != count:
        await asyncio.sleep(0)
