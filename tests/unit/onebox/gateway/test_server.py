"""Goal: the HTTP front answers in order, refuses nonsense politely, and tells a waiting handler of a hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebox.gateway.connection import Reply
from onebox.gateway.message import Request, Response
from onebox.gateway.server import HttpServer
from onebox.testing import ManualClock

Handler = Callable[[Request, Reply], None]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"


def with_server(
    handler: Handler, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    """Run a server around ``handler`` and one client conversation."""

    async def run() -> None:
        server = HttpServer(handler, ManualClock(), lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await asyncio.wait_for(talk(reader, writer), 10)
        finally:
            writer.close()
            await server.stop()

    asyncio.run(run())


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(head.split()[1]), await reader.readexactly(length)


def echo(request: Request, reply: Reply) -> None:
    reply.send(Response(200, f"{request.method} {request.path} {request.query} ".encode() + request.body))


def test_request_whole_and_byte_by_byte_gets_the_same_answer() -> None:
    raw = b"POST /x%20y?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        whole = await read_answer(reader)
        for byte in raw:
            writer.write(bytes([byte]))
            await writer.drain()
        assert await read_answer(reader) == whole == (200, b"POST /x%20y q=1 hello")

    with_server(echo, talk)


def test_chunked_body_arrives_whole() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert await read_answer(reader) == (200, b"PUT /  abcde")

    with_server(echo, talk)


def test_pipelined_requests_answered_late_keep_their_order() -> None:
    waiting: list[Reply] = []

    def handler(request: Request, reply: Reply) -> None:
        waiting.append(reply)
        if len(waiting) == 3:
            for number in (2, 0, 1):
                waiting[number].send(Response(200, str(number).encode()))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET * 3)
        assert [(await read_answer(reader))[1] for _ in range(3)] == [b"0", b"1", b"2"]

    with_server(handler, talk)


def test_hang_up_before_the_answer_cancels_the_wait() -> None:
    cancelled = asyncio.Event()

    def handler(request: Request, reply: Reply) -> None:
        reply.cancelled = cancelled.set

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET)
        await writer.drain()
        writer.close()
        await cancelled.wait()

    with_server(handler, talk)
    assert cancelled.is_set()


def test_expect_continue_is_encouraged_before_the_body() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert await read_answer(reader) == (200, b"PUT /  ok")

    with_server(echo, talk)


def test_connection_close_is_honoured() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert b"Connection: close" in await reader.read()

    with_server(echo, talk)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_refused_request_is_told_why_and_closed(raw: bytes, status: int) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        answer = await reader.read()
        assert int(answer.split()[1]) == status
        assert answer.rstrip().split(b"\r\n")[-1]

    with_server(echo, talk)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_garbage_never_raises_out_of_the_parser(raw: bytes) -> None:
    unhandled: list[dict[str, object]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        writer.write(raw)
        writer.write_eof()
        await reader.read()

    with_server(echo, talk)
    assert not unhandled
