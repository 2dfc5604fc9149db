"""The ``runtime_client`` module that awslambdaric imports, in plain Python: the Lambda Runtime API over one socket.

awslambdaric brings it as a compiled extension, which fits one version of Python only; this one serves every
interpreter of the machine and, having no thread and one connection, answers faster (see the benchmark in
tests/unit/onebox/lambda_). Promises: the process ends when onebox is gone. Standard library only, Python 3.10 to 3.14.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import os
import socket
from typing import Any

from fast_sdk import speed_up_sdk  # type: ignore[import-not-found]  # a neighbour on the child's path

_NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n"
# Below the size from which the C library maps memory for each allocation, which costs more than a second read.
_RECEIVE_BYTES = 65_536


class _Connection:
    """One keep-alive connection. Answers to posts are read when the next invocation is asked for."""

    def __init__(self) -> None:
        if inherited_socket >= 0:
            self._socket = socket.socket(fileno=inherited_socket)
        else:
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
            self._socket = socket.create_connection((host, int(port)))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._outgoing: list[bytes] = []
        self._unread_answers = 0
        self._received = b""

    def next(self) -> tuple[bytes, dict[str, Any]]:
        # The answer of the last invocation travels together with the request for the next: one system call, and
        # one wake-up of onebox, instead of two.
        self._outgoing.append(_NEXT)
        self._socket.sendall(b"".join(self._outgoing))
        self._outgoing.clear()
        while self._unread_answers:
            self._read_answer()
            self._unread_answers -= 1
        return self._read_answer()

    def post(self, path: str, headers: str, body: bytes) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: runtime\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self._outgoing += (head.encode("latin-1"), body)
        self._unread_answers += 1

    def flush(self) -> None:
        """Send what was posted, and wait for the answers."""
        self._socket.sendall(b"".join(self._outgoing))
        self._outgoing.clear()
        while self._unread_answers:
            self._read_answer()
            self._unread_answers -= 1

    def _read_answer(self) -> tuple[bytes, dict[str, Any]]:
        data = self._received
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        lines = data[:end].decode("latin-1").split("\r\n")
        headers: dict[str, Any] = dict(line.split(": ", 1) for line in lines[1:])
        body_end = end + 4 + int(headers.get("Content-Length", 0))
        if len(data) < body_end:
            parts, missing = [data], body_end - len(data)
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            data = b"".join(parts)
        self._received = data[body_end:]
        return data[end + 4 : body_end], headers

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except OSError:
            data = b""
        if not data:
            # onebox is gone: nobody can take a result, so this process has no reason to live.
            os._exit(1)
        return data


class _PeakMemory:
    """The process's peak resident memory, for REPORT's ``Max Memory Used``."""

    def __init__(self) -> None:
        try:
            self._status = os.open("/proc/self/status", os.O_RDONLY)
        except OSError:
            self._status = -1

    def kib(self) -> int:
        if self._status >= 0:
            # Not getrusage: its maximum counts the process that started this one.
            text = os.pread(self._status, 4096, 0)
            at = text.find(b"VmHWM:") + 6
            return int(text[at : text.find(b"kB", at)])
        import resource

        # The only other platform of onebox, macOS, counts bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


speeds_up_sdk = True
"""Set by the launcher."""
inherited_socket = -1
"""Set by the launcher: the descriptor of the connection to onebox; -1 if onebox is reached by its address."""
_connection: _Connection | None = None
_peak_memory: _PeakMemory | None = None


def initialize_client(user_agent: str) -> None:
    """Called once by awslambdaric when it is imported."""
    global _connection, _peak_memory
    _connection = _Connection()
    _peak_memory = _PeakMemory()


def next() -> tuple[bytes, dict[str, Any]]:
    """Wait for the next invocation: its event and the ``Lambda-Runtime-…`` headers."""
    if speeds_up_sdk:
        speed_up_sdk()
    body, headers = _opened().next()
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    return body, headers


def post_invocation_result(invoke_id: str, content: bytes, content_type: str, invocation_id: str | None = None) -> None:
    """Answer the invocation with the handler's result."""
    path = f"/2018-06-01/runtime/invocation/{invoke_id}/response"
    _opened().post(path, f"Content-Type: {content_type}\r\n{_peak_header()}", content)


def post_error(invoke_id: str, error: str, xray_cause: str, invocation_id: str | None = None) -> None:
    """Answer the invocation with the error that the handler raised. There is no X-Ray to send the cause to."""
    path = f"/2018-06-01/runtime/invocation/{invoke_id}/error"
    headers = f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: Unhandled\r\n{_peak_header()}"
    _opened().post(path, headers, error.encode("utf-8", "surrogatepass"))


def post_init_error(error: str) -> None:
    """Tell that the function could not be initialised."""
    _opened().post("/2018-06-01/runtime/init/error", "Content-Type: application/json\r\n", error.encode())
    _opened().flush()


def _opened() -> _Connection:
    if _connection is None:
        raise RuntimeError("initialize_client was not called")
    return _connection


def _peak_header() -> str:
    return "" if _peak_memory is None else f"X-Onebox-Peak-Memory-Kib: {_peak_memory.kib()}\r\n"
