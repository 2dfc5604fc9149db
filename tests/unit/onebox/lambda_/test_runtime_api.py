"""Goal: the Runtime API understands a child however its bytes arrive, and garbage does no harm."""

from __future__ import annotations

import asyncio
import itertools
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection
from onebox.services.lambda_.limits import RESPONSE_BYTES_MAX

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


def post(path: bytes, body: bytes, headers: bytes = b"") -> bytes:
    head = b"POST /2018-06-01/runtime/%b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n"
    return head % (path, headers, len(body)) + body


class Host:
    """Notes what it is told; the running invocation is ``id``."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.stream: ResponseStream | None = None

    def next_requested(self, connection: RuntimeApiConnection) -> bool:
        self.calls.append(("next",))
        return True

    def connection_lost(self, connection: RuntimeApiConnection) -> None:
        self.calls.append(("lost",))

    def answered(self, request_id: str, payload: bytes, peak_memory_kib: int) -> bool:
        self.calls.append(("answered", request_id, payload, peak_memory_kib))
        return request_id == "id"

    def answer_too_large(self, request_id: str, payload_bytes: int) -> bool:
        self.calls.append(("too large", request_id, payload_bytes))
        return request_id == "id"

    def failed(self, request_id: str, error: bytes, peak_memory_kib: int) -> bool:
        self.calls.append(("failed", request_id, error, peak_memory_kib))
        return request_id == "id"

    def find_stream(self, request_id: str) -> ResponseStream | None:
        return self.stream if request_id == "id" else None

    def init_failed(self, error: bytes) -> bool:
        self.calls.append(("init failed", error))
        return True


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.writes = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data
        self.writes += 1

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def connected() -> tuple[RuntimeApiConnection, Host, Transport]:
    host, transport = Host(), Transport()
    connection = RuntimeApiConnection(host, lambda _: None)
    connection.connection_made(cast("asyncio.Transport", transport))
    return connection, host, transport


CONVERSATION = (
    NEXT
    + post(b"invocation/id/response", b'{"a": 1}', b"X-Onebox-Peak-Memory-Kib: 12\r\n")
    + NEXT
    + post(b"invocation/id/error", b"{}")
    + post(b"init/error", b'{"errorType": "x"}')
)
CALLS = [
    ("next",),
    ("answered", "id", b'{"a": 1}', 12),
    ("next",),
    ("failed", "id", b"{}", 0),
    ("init failed", b'{"errorType": "x"}'),
]


@given(st.lists(st.integers(0, len(CONVERSATION)), max_size=6))
def test_requests_are_understood_however_they_are_cut(cuts: list[int]) -> None:
    connection, host, _ = connected()
    edges = [0, *sorted(cuts), len(CONVERSATION)]
    for start, end in itertools.pairwise(edges):
        connection.data_received(CONVERSATION[start:end])
    assert host.calls == CALLS


STREAMED = (
    b"POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: x\r\ncontent-type: text/plain\r\n"
    b"lambda-runtime-function-response-mode: Streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2\r\nde\r\n0\r\nLambda-Runtime-Function-Error-Type: T\r\n"
    b"Lambda-Runtime-Function-Error-Body: e30=\r\n\r\n"
)


@given(st.lists(st.integers(0, len(STREAMED)), max_size=6), st.booleans())
def test_streamed_answers_are_understood_however_they_are_cut(cuts: list[int], is_read: bool) -> None:
    async def run() -> list[bytes]:
        connection, host, _ = connected()
        host.stream = ResponseStream() if is_read else None
        edges = [0, *sorted(cuts), len(STREAMED)]
        for start, end in itertools.pairwise(edges):
            connection.data_received(STREAMED[start:end])
        assert host.calls == [("failed", "id", b"{}", 0)]
        if host.stream is None:
            return [b"abcde"]
        assert host.stream.content_type == "text/plain"
        host.stream.end(Outcome(b"", failed=True, duration_ms=0))
        return [chunk async for chunk in host.stream.chunks()]

    assert b"".join(asyncio.run(run())) == b"abcde"


def test_answer_and_next_in_one_read_are_answered_in_one_write() -> None:
    connection, _, transport = connected()
    connection.data_received(post(b"invocation/id/response", b"1") + NEXT)
    assert transport.writes == 0
    connection.send_invocation(b"Lambda-Runtime-Aws-Request-Id: 2\r\n", b"{}")
    assert transport.writes == 1
    assert transport.written.startswith(b"HTTP/1.1 202 Accepted")
    assert transport.written.endswith(b"Request-Id: 2\r\nContent-Length: 2\r\n\r\n{}")


def test_answer_alone_is_answered_at_once() -> None:
    connection, _, transport = connected()
    connection.data_received(post(b"invocation/id/response", b"1"))
    assert transport.written.startswith(b"HTTP/1.1 202 Accepted")


def test_answer_to_another_invocation_is_refused() -> None:
    connection, _, transport = connected()
    connection.data_received(post(b"invocation/other/response", b"1"))
    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert b"InvalidRequestID" in transport.written


def test_answer_too_large_is_refused_without_being_kept() -> None:
    connection, host, transport = connected()
    connection.data_received(post(b"invocation/id/response", b"x" * (RESPONSE_BYTES_MAX + 1)))
    assert host.calls == [("too large", "id", RESPONSE_BYTES_MAX + 1)]
    assert transport.written.startswith(b"HTTP/1.1 413 ")


def test_unknown_path_is_refused() -> None:
    connection, host, transport = connected()
    connection.data_received(post(b"nothing", b"") + post(b"invocation/id/nothing", b""))
    assert transport.written.count(b"HTTP/1.1 404 ") == 2
    assert host.calls == []


@given(st.binary(max_size=100))
def test_garbage_never_raises(data: bytes) -> None:
    connection, _, _ = connected()
    connection.data_received(data)
