"""A onebox as a process of its own, a hostile client and a neighbour whose cheap requests are timed."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

PATIENCE_S = 10
"""How long one hostile request may take before it is given up."""


@dataclass
class Box:
    """A running onebox."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE_S, parameter_validation=False),
        )

    def send(self, request: bytes) -> int:
        """The status of the answer to a raw request; 0 if the connection was cut, or nothing came."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            answer = b""
            with suppress(OSError):
                connection.sendall(request)
            with suppress(OSError):
                answer = connection.recv(65_536)
            match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
            return int(match[1]) if match else 0


@contextmanager
def running_box() -> Iterator[Box]:
    """A onebox in memory."""
    command = [sys.executable, "-m", "onebox", "serve", "--ephemeral", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.search(r":(\d+) ", process.stdout.readline())
            assert match is not None, "onebox did not start"
            yield Box(int(match[1]), process.pid)
        finally:
            process.kill()


@dataclass
class Outcome:
    """What one hostile request did."""

    status: int
    neighbour_ms: float
    """The longest wait of a neighbour's cheap request meanwhile."""
    cpu_ms: float
    """The most processor time that onebox used during one of these waits: other programs do not lengthen it."""
    took_s: float


def measure(box: Box, attack: Callable[[Box], int]) -> Outcome:
    """Run an attack while a neighbour asks for something cheap again and again."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stalls.neighbour", str(box.port), str(box.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as neighbour:
        assert neighbour.stdout is not None
        assert neighbour.stdin is not None
        assert neighbour.stdout.readline() == "ready\n"
        began = time.perf_counter()
        try:
            status = attack(box)
        except (BotoCoreError, OSError):
            status = -1
        took_s = time.perf_counter() - began
        neighbour.stdin.close()
        waited_ms, cpu_ms = map(float, neighbour.stdout.readline().split())
        return Outcome(status, waited_ms, cpu_ms, took_s)
