"""Goal: an engine stops whole, at every moment and whatever a part of it does, and leaves its data folder free."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from onebox.config import Settings
from onebox.engine import Engine
from onebox.services.catalog import LOADED_WITH
from onebox.services.sqs.service import Sqs
from onebox.testing import EngineThread

SEED = 7
URL = "http://localhost/000000000000/"
AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
RIGHTS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def _settings(folder: Path) -> Settings:
    return Settings(port=0, data=folder, stop_grace_ms=0)


def test_a_service_that_fails_to_stop_keeps_no_other_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopped: list[str] = []

    real_stop = Sqs.stop

    async def fail(self: Sqs) -> None:
        await real_stop(self)
        raise RuntimeError("stuck")

    async def run() -> None:
        engine = Engine(_settings(tmp_path))
        await engine.start()
        await engine.load_all()
        for service in engine._catalog.build_all():
            if service.name != "sqs":
                _note_stop(monkeypatch, service, stopped)
        monkeypatch.setattr(Sqs, "stop", fail)
        names = set(LOADED_WITH) - {"sqs"}
        await engine.stop()
        assert set(stopped) == names
        monkeypatch.undo()
        again = Engine(_settings(tmp_path))
        await again.start()
        await again.stop()

    asyncio.run(run())
    assert _errors(caplog) == ["the service sqs failed to stop"]


def _note_stop(monkeypatch: pytest.MonkeyPatch, service: Any, stopped: list[str]) -> None:
    real = service.stop

    async def stop() -> None:
        stopped.append(service.name)
        await real()

    monkeypatch.setattr(service, "stop", stop)


def test_a_service_that_fails_to_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Sqs) -> None:
        raise RuntimeError("no")

    async def run() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Sqs, "start", fail)
            engine = Engine(_settings(tmp_path))
            await engine.start()
            with pytest.raises(RuntimeError, match="no"):
                await engine.load_all()
            await engine.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        engine = Engine(_settings(tmp_path))
        await engine.start()
        await engine.stop()

    asyncio.run(run())


def _prepare(folder: Path) -> None:
    """A queue that is kept, and one with a function behind it that gathers batches for a while."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", "def handler(event, context):\n    pass\n")
    with EngineThread(folder) as engine:
        sqs, functions, iam = engine.client("sqs"), engine.client("lambda"), engine.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=RIGHTS)
        sqs.create_queue(QueueName="kept")
        sqs.create_queue(QueueName="work")
        functions.create_function(
            FunctionName="f",
            Role=role,
            Runtime="python3.12",
            Handler="code.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        functions.create_event_source_mapping(
            FunctionName="f",
            EventSourceArn="arn:aws:sqs:us-east-1:000000000000:work",
            BatchSize=100,
            MaximumBatchingWindowInSeconds=1,
        )


class _Client:
    """Sends messages until the connection ends; counts what was acknowledged."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.acknowledged = 0
        self.answered = asyncio.Event()

    async def run(self) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            while True:
                for queue in ("work", "kept"):
                    await _call(reader, writer, "SendMessage", {"QueueUrl": URL + queue, "MessageBody": "x"})
                self.acknowledged += 1
                self.answered.set()
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.answered.set()


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, operation: str, request: Any) -> Any:
    body = json.dumps(request).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.{operation}\r\n"
        f"Authorization: {AUTHORIZATION}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    head_lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in head_lines if line.startswith("content-length:"))
    answer = json.loads(await reader.readexactly(length))
    assert " 200 " in head_lines[0], answer
    return answer


async def _wait_for_a_message(port: int) -> None:
    """A long poll on a queue that stays empty."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await _call(reader, writer, "CreateQueue", {"QueueName": "empty"})
        await _call(reader, writer, "ReceiveMessage", {"QueueUrl": URL + "empty", "WaitTimeSeconds": 20})
    except (ConnectionError, asyncio.IncompleteReadError, OSError):
        return


async def _run_and_stop(folder: Path, chance: random.Random) -> int:
    """One round; how many messages were acknowledged."""
    engine = Engine(_settings(folder))
    await engine.start()
    clients = [_Client(engine.port) for _ in range(3)]
    load = [asyncio.create_task(client.run()) for client in clients]
    load.append(asyncio.create_task(_wait_for_a_message(engine.port)))
    for _ in range(chance.choice((0, 0, 1, 5, 20))):
        client = chance.choice(clients)
        await client.answered.wait()
        client.answered.clear()
    for _ in range(chance.randrange(30)):
        await asyncio.sleep(0)
    await engine.stop()
    # asyncio drops a connection that it accepts in the turn in which the listening socket is closed; its socket is
    # closed with the garbage.
    gc.collect()
    await asyncio.gather(*load)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing of the engine runs"
    return sum(client.acknowledged for client in clients)


@pytest.mark.parametrize("rounds", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_an_engine_stops_at_any_moment_under_load(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rounds: int
) -> None:
    _prepare(tmp_path)
    chance = random.Random(SEED)
    others = _children()

    async def run() -> None:
        acknowledged = 0
        for _ in range(rounds):
            acknowledged += await _run_and_stop(tmp_path, chance)
            assert not _errors(caplog)
            assert not _children() - others, "no function's process is left"
        engine = Engine(_settings(tmp_path))
        await engine.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
        request = {"QueueUrl": URL + "kept", "AttributeNames": ["ApproximateNumberOfMessages"]}
        answer = await _call(reader, writer, "GetQueueAttributes", request)
        assert int(answer["Attributes"]["ApproximateNumberOfMessages"]) >= acknowledged > rounds
        writer.close()
        await engine.stop()

    asyncio.run(run())


def _children() -> set[int]:
    """Processes of functions that this process started and that still run."""
    return {
        int(child)
        for task in Path("/proc/self/task").glob("*/children")
        for child in task.read_text().split()
        if b"onebox" in Path(f"/proc/{child}/cmdline").read_bytes() and int(child) != os.getpid()
    }
