"""Sends requests for all operations to a onebox of its own, and judges answers, process and memory."""

from __future__ import annotations

import http.client
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from onebox.cli.operations import offered_operations
from onebox.gateway.message import Request
from tests.fuzz.inputs import Inputs, spoil
from tests.fuzz.world import build_world
from tests.protocol.peer import PROTOCOLS, operation_models, serialized
from tests.stalls.box import Box
from tests.stalls.wire import authorization

SIGNING_NAMES = {"cloudwatch": "monitoring"}
# Operations that start processes or wait by design have suites of their own.
_LEFT_OUT = {"Invoke", "InvokeAsync", "InvokeWithResponseStream", "StartLiveTail"}
_NOT_OFFERED = 501
_SPOILT = 0.15


@dataclass
class Find:
    """A request that onebox did not bear."""

    service: str
    operation: str
    what: str
    parameters: dict[str, Any]


@dataclass
class Report:
    """What came of a run."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[tuple[str, str]] = field(default_factory=set)
    finds: list[Find] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    """The process's memory after each tenth of the run."""


class Fuzzer:
    """One run. The same seed sends the same requests."""

    def __init__(self, box: Box, seed: int) -> None:
        self._box = box
        self._chance = random.Random(seed)
        self._inputs = Inputs(self._chance, build_world(box))
        self._targets = [
            (service, protocol, operation)
            for service, (offered, _) in offered_operations().items()
            if service in PROTOCOLS
            for operation in operation_models(service)
            if operation.name in offered and operation.name not in _LEFT_OUT
            for protocol in PROTOCOLS[service]
        ]
        self._connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=60)
        self.report = Report()

    def run(self, requests: int) -> Report:
        """Send so many requests."""
        for number in range(requests):
            if number % max(1, requests // 10) == 0:
                self.report.resident_mb.append(resident_mb(self._box.pid))
            self._send_one()
        self.report.resident_mb.append(resident_mb(self._box.pid))
        return self.report

    def _send_one(self) -> None:
        service, protocol, operation = self._chance.choice(self._targets)
        parameters = self._inputs.parameters(operation)
        request = _serialize(protocol, operation, parameters)
        if request is None:
            return
        if self._chance.random() < _SPOILT:
            request.body = spoil(request.body, self._chance)
        report = self.report
        try:
            status = self._ask(service, request)
        except ValueError:  # http.client would not write it
            self._connection.close()
            return
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            report.finds.append(Find(service, operation.name, repr(error), parameters))
            return
        report.requests += 1
        report.operations.add((service, operation.name))
        report.statuses[status] += 1
        if status >= 500 and status != _NOT_OFFERED:
            report.finds.append(Find(service, operation.name, f"status {status}", parameters))

    def _ask(self, service: str, request: Request) -> int:
        # What http.client would not write into a header line, the HTTP tests send.
        headers = {name: text for name, text in request.headers.items() if f"{name}{text}".isascii()}
        headers = {name: text for name, text in headers.items() if f"{name}{text}".isprintable() and " " not in name}
        headers["Authorization"] = authorization(SIGNING_NAMES.get(service, service))
        headers.pop("content-length", None)
        target = f"{request.path}?{request.query}" if request.query else request.path
        self._connection.request(request.method, target, request.body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def _serialize(protocol: str, operation: OperationModel, parameters: dict[str, Any]) -> Request | None:
    """The request, or None for parameters that botocore itself cannot write."""
    try:
        request = serialized(protocol, operation, parameters)
        f"{request.path}?{request.query}".encode("ascii")
    except (ValueError, OverflowError, TypeError, AttributeError, KeyError):
        return None
    # A control character cannot stand in a request line; the HTTP tests send such lines.
    return request if request.path.isprintable() and " " not in request.path else None


def resident_mb(pid: int) -> float:
    """A process's resident memory."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) / 1024 if match else 0.0


@contextmanager
def fuzzed_box() -> Iterator[tuple[Box, Path]]:
    """A onebox whose data lies on disk, and the file of what it logs."""
    # In memory where there is such a folder: what is fuzzed is not the disk.
    in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", f"{folder}/data"]
        with (
            log.open("wb") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            try:
                assert process.stdout is not None
                match = re.search(r":(\d+) ", process.stdout.readline())
                assert match is not None, log.read_text()
                yield Box(int(match[1]), process.pid), log
                assert process.poll() is None, "onebox ended"
            finally:
                process.kill()
