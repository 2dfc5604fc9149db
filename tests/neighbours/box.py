"""A onebox on a data folder, with a small table for the neighbours and a large one for what disturbs them."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from onebox.config import Settings
from tests.api.dynamodb_support import create_table
from tests.api.lambda_support import make_function, make_role
from tests.stalls.wire import JSON, http

LARGE = "large"
BATCH = 25
CODE = "def handler(event, context):\n    return event\n"


@dataclass
class Waits:
    """What a neighbour waited for its answers, in ms."""

    count: int
    p50: float
    p99: float
    max: float
    refused: int
    cpu_p99: float
    fair_p99: float
    """The wait without the time for which onebox's event loop or the neighbour had no core."""


@dataclass
class Box:
    """A running onebox."""

    port: int
    pid: int
    data: Path

    @property
    def database(self) -> Path:
        """Its database file."""
        return self.data / "onebox.db"

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120, **config),
        )

    def fill(self, items: int) -> None:
        """Put this many items of about 300 bytes into the large table, if there is none."""
        dynamodb = self.client("dynamodb")
        if LARGE in dynamodb.list_tables()["TableNames"]:
            return
        create_table(dynamodb, LARGE)
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            for start in range(0, items, BATCH):
                puts = [_put(number) for number in range(start, min(items, start + BATCH))]
                body = json.dumps({"RequestItems": {LARGE: puts}}).encode()
                target = "DynamoDB_20120810.BatchWriteItem"
                connection.sendall(http("dynamodb", body, X_Amz_Target=target, Content_Type=JSON))
                answer = connection.recv(65_536)
                assert b" 200 " in answer[:16], answer


def _put(number: int) -> dict[str, Any]:
    return {"PutRequest": {"Item": {"orderId": {"S": f"{number:012d}"}, "text": {"S": "x" * 250}}}}


@contextmanager
def running_box(data: Path, calls_max: int = Settings().function_calls_max) -> Iterator[Box]:
    """A onebox on a data folder, with the neighbours' table and function; ``calls_max`` for each process of it."""
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(data)]
    command += ["--function-calls-max", str(calls_max)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.search(r":(\d+) ", process.stdout.readline())
            assert match is not None, "onebox did not start"
            box = Box(int(match[1]), process.pid, data)
            create_table(box.client("dynamodb"), "neighbour")
            make_function(box.client, CODE, FunctionName="f", Role=make_role(box.client))
            yield box
        finally:
            process.kill()


@contextmanager
def neighbours(box: Box, kinds: Sequence[str]) -> Iterator[dict[str, Waits]]:
    """Neighbours of these kinds while the block runs; their waits are there after it."""
    waits: dict[str, Waits] = {}
    with ExitStack() as stack:
        running = {kind: stack.enter_context(_start(box, kind)) for kind in kinds}
        yield waits
        for process in running.values():
            assert process.stdin is not None
            process.stdin.close()
        for kind, process in running.items():
            assert process.stdout is not None
            waits[kind] = Waits(**json.loads(process.stdout.readline()))


@contextmanager
def _start(box: Box, kind: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.neighbours.client", str(box.port), kind, str(box.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
