"""Servers that speak AWS's protocols, each a process of its own: onebox from this checkout, others from PyPI."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from tests.peers.environments import programs_of, version_of
from tests.peers.node_packages import PEERS_LOCK, peer_packages

START_TIMEOUT_S = 60


P = TypeVar("P", bound="Peer")


class Peer:
    """A running server; a context manager that leaves no process behind."""

    name = ""
    version = ""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder = Path(tempfile.mkdtemp(prefix="orders-peer-"))
        self.ready_s = 0.0

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    @property
    def health_url(self) -> str:
        raise NotImplementedError

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self: P) -> P:
        log = (self.folder / "log").open("wb")
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            self.command(), env=self.environment(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True
        )
        while not self._answers():
            if self.process.poll() is not None or time.perf_counter() - begin > START_TIMEOUT_S:
                self._end()
                told = (self.folder / "log").read_text()[-2000:]
                shutil.rmtree(self.folder, ignore_errors=True)
                raise RuntimeError(f"{self.name} did not start:\n{told}")
            time.sleep(0.005)
        self.ready_s = time.perf_counter() - begin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def resident_mib(self) -> float:
        """Resident memory of the server's own process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS: this measure needs Linux")

    def cpu_s(self) -> float:
        """Processor time of the server's own process until now."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.health_url, timeout=1) as answer:
                return answer.status == 200 and isinstance(json.load(answer), dict)
        except (OSError, ValueError):
            return False


class Onebox(Peer):
    """onebox with its database on disk."""

    name = "onebox"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "onebox", "serve", "--port", str(self.port), "--data", str(self.folder / "data")]

    @property
    def health_url(self) -> str:
        return f"{self.endpoint_url}/_onebox/health"


class MiniStack(Peer):
    """MiniStack with its own defaults (everything in memory, functions as local processes)."""

    name = "MiniStack"
    version = version_of("ministack", "ministack")

    def command(self) -> list[str]:
        return [str(programs_of("ministack") / "ministack")]

    def environment(self) -> dict[str, str]:
        path = f"{programs_of('ministack')}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**super().environment(), "GATEWAY_PORT": str(self.port), "PATH": path}

    @property
    def health_url(self) -> str:
        return f"{self.endpoint_url}/_ministack/health"


class Moto(Peer):
    """moto's server (everything in memory; it calls functions in Docker only, so none runs here)."""

    name = "moto"
    version = version_of("moto", "moto")

    def command(self) -> list[str]:
        return [str(programs_of("moto") / "moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]

    @property
    def health_url(self) -> str:
        return f"{self.endpoint_url}/moto-api/data.json"

    def forget(self) -> None:
        """As freshly started."""
        request = urllib.request.Request(f"{self.endpoint_url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=START_TIMEOUT_S):
            pass


class Dynalite(Peer):
    """dynalite: DynamoDB on Node.js, its tables in memory."""

    name = "dynalite"
    version = str(json.loads((PEERS_LOCK / "package.json").read_text())["dependencies"]["dynalite"])

    def command(self) -> list[str]:
        program = peer_packages() / "dynalite" / "cli.js"
        return ["node", str(program), "--host", "127.0.0.1", "--port", str(self.port)]

    @property
    def health_url(self) -> str:
        return self.endpoint_url

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.health_url, timeout=1) as answer:
                return bool(answer.read().startswith(b"healthy"))
        except OSError:
            return False
