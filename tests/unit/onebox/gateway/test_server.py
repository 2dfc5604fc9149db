"""Goal: the HTTP front answers in order, refuses nonsense politely, and tells a waiting handler of a hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebox.gateway.limits import BURST_REQUESTS_MAX, UNREAD_BYTES_MAX
from onebox.gateway.message import Request, Response
from onebox.gateway.reply import Reply
from onebox.gateway.server import HttpServer
from onebox.gateway.turns import TURN_MS
from onebox.testing import ManualClock
from tests.polling import PATIENCE_S

Handler = Callable[[Request, Reply], None]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_server(
    handler: Handler, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    """Run a server around ``handler`` and one client conversation."""

    async def run() -> None:
        server = HttpServer(handler, ManualClock(), lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await asyncio.wait_for(talk(reader, writer), PATIENCE_S)
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


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def test_head_has_the_length_and_no_body() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
        assert b"Content-Length: 9\r\n" in await read_head(reader)
        assert await read_answer(reader) == (200, b"GET /a b=c ")

    with_server(echo, talk)


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
        b"Upgrade: h2c\r\n",
    ],
)
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_upgrade_is_ignored_and_the_connection_goes_on(upgrade: bytes, body: bytes) -> None:
    request = b"POST /u HTTP/1.1\r\nHost: h\r\n%bContent-Length: %d\r\n\r\n%b" % (upgrade, len(body), body)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request + GET)
        assert await read_answer(reader) == (200, b"POST /u  " + body)
        assert await read_answer(reader) == (200, b"GET /a b=c ")
        writer.write(request)
        assert await read_answer(reader) == (200, b"POST /u  " + body)

    with_server(echo, talk)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: a\r\nX-Amz-Target: b\r\n\r\n", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: 1\r\n" * 300 + b"\r\n", 431),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1\r\nb\r\n0\r\n" + b"".join(b"X%d: 1\r\n" % number for number in range(300)) + b"\r\n", 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_rfc_9112_forbids_is_refused_once(raw: bytes, status: int) -> None:
    handled: list[Request] = []

    def handler(request: Request, reply: Reply) -> None:
        handled.append(request)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        answer = await reader.read()
        assert int(answer.split()[1]) == status, answer[:200]
        assert answer.count(b"\r\nDate: ") == 1
        assert not handled

    with_server(handler, talk)


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nX", CHUNKED + b"1;x=", CHUNKED + b"1\r\nb\r\n0\r\nX"],
    ids=["head", "extension of a chunk", "trailer"],
)
def test_a_line_without_end_is_refused(start: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        try:
            for _ in range(20):
                writer.write(b"a" * 16_384)
                await writer.drain()
            answer = await reader.read()
        except ConnectionError:
            return  # closed before all was sent
        assert answer.startswith(b"HTTP/1.1 431 ")

    with_server(echo, talk)


def test_a_host_is_required_of_each_request_by_its_own_version() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        assert await read_answer(reader) == (200, b"GET /  ")
        assert (await read_answer(reader))[0] == 400

    with_server(echo, talk)


def test_an_absolute_target_is_a_path_and_a_host() -> None:
    def handler(request: Request, reply: Reply) -> None:
        reply.send(Response(200, f"{request.path} {request.query} {request.headers['host']}".encode()))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET http://evil.example:80/p?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await read_answer(reader) == (200, b"/p q=1 evil.example:80")

    with_server(handler, talk)


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: h\r\nX: "], ids=["target", "header"])
def test_a_head_without_an_end_is_cut_off_early(start: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        sent = 0
        try:
            while sent < 200_000_000:
                writer.write(b"a" * 65_536)
                sent += 65_536
                await writer.drain()
        except ConnectionError:
            pass
        assert sent < 8_000_000, "the rest was in the sockets' buffers"

    with_server(echo, talk)


def test_a_body_beyond_the_services_limit_is_not_kept_but_answered() -> None:
    def handler(request: Request, reply: Reply) -> None:
        reply.send(Response(413, f"{len(request.body)} of {request.body_bytes}".encode()))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1500000\r\n\r\n" + b"x" * 1_500_000 + GET)
        assert await read_answer(reader) == (413, b"0 of 1500000")
        assert (await read_answer(reader))[0] == 413, "the connection goes on"

    with_server(handler, talk)


@pytest.mark.parametrize(
    ("first", "patience_s", "answer"),
    [
        (b"", 180, b""),
        (b"GET / HT", 30, b"HTTP/1.1 408 "),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", 60, b"HTTP/1.1 408 "),
    ],
    ids=["idle", "head", "body"],
)
def test_a_slow_client_is_let_go(first: bytes, patience_s: int, answer: bytes) -> None:
    async def run() -> None:
        clock = ManualClock()
        server = HttpServer(echo, clock, lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(first)
        await writer.drain()
        received = asyncio.create_task(reader.read())
        for _ in range(50):  # turns of the loop, until the server has read what was sent
            await asyncio.sleep(0)
        await clock.advance(patience_s - 10)
        assert not received.done()
        await clock.advance(20)
        assert (await asyncio.wait_for(received, PATIENCE_S)).startswith(answer)
        writer.close()
        await server.stop()

    asyncio.run(run())


def test_a_client_that_waits_for_its_answer_is_not_slow() -> None:
    async def run() -> None:
        clock = ManualClock()
        waiting: list[Reply] = []
        server = HttpServer(lambda _, reply: waiting.append(reply), clock, lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        while not waiting:
            await asyncio.sleep(0)
        await clock.advance(3_600)
        waiting[0].send(Response(200, b"late"))
        assert await asyncio.wait_for(read_answer(reader), PATIENCE_S) == (200, b"late")
        await clock.advance(170)  # an idle connection is patient for 180 s, which begin with the answer
        writer.write(GET)
        while len(waiting) < 2:
            await asyncio.sleep(0)
        waiting[1].send(Response(200, b"again"))
        assert await asyncio.wait_for(read_answer(reader), PATIENCE_S) == (200, b"again")
        writer.close()
        await server.stop()

    asyncio.run(run())


def test_each_answer_has_the_date_of_its_second() -> None:
    async def run() -> None:
        clock = ManualClock()
        server = HttpServer(echo, clock, lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        dates = []
        for seconds in (0.4, 0.4, 0.4, 86_400):
            writer.write(GET)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            told = parsedate_to_datetime(head.partition(b"\r\nDate: ")[2].partition(b"\r\n")[0].decode())
            dates.append(int(told.timestamp()) == clock.now_ms() // 1000)
            await clock.advance(seconds)
        assert dates == [True] * 4
        writer.close()
        await server.stop()

    asyncio.run(run())


def test_requests_that_come_when_the_turn_is_spent_are_answered_in_their_order() -> None:
    """Each request spends a whole turn, so most wait for one, in pieces that came at different moments."""
    pieces = [b"POST /", b"%d HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n", b"body"]

    async def run() -> None:
        clock = ManualClock()

        def slow(request: Request, reply: Reply) -> None:
            clock.source.pass_ms(round(TURN_MS) + 1)
            echo(request, reply)

        server = HttpServer(slow, clock, lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        streams = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(8)]
        for number in range(5):
            for piece in pieces:
                for _, writer in streams:
                    writer.write(piece % number if b"%d" in piece else piece)
                await asyncio.sleep(0)
        for reader, writer in streams:
            for number in range(5):
                answer = await asyncio.wait_for(read_answer(reader), PATIENCE_S)
                assert answer == (200, b"POST /%d  body" % number)
            writer.close()
        await server.stop()

    asyncio.run(run())


def test_clients_that_read_nothing_cannot_fill_the_memory() -> None:
    body = b"x" * 12_000_000

    async def run() -> None:
        clock = ManualClock()
        served = 0

        def handler(request: Request, reply: Reply) -> None:
            nonlocal served
            if request.path == "/small":
                reply.send(Response(200, b"small"))
                return
            served += 1
            reply.send(Response(200, body))

        server = HttpServer(handler, clock, lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        streams = [await asyncio.open_connection("127.0.0.1", server.port, limit=1_000) for _ in range(60)]
        for _, writer in streams:
            writer.write(GET * 20)
        most = 0
        while not server.unread.is_holding:
            await asyncio.sleep(0)
            most = max(most, server.unread_bytes)
        for _ in range(500):  # turns of the loop
            await asyncio.sleep(0)
            most = max(most, server.unread_bytes)
        assert most <= UNREAD_BYTES_MAX + 2 * BURST_REQUESTS_MAX * len(body), "further answers are not made"
        assert served < len(streams)
        assert server.unread.is_holding
        small_reader, small_writer = await asyncio.open_connection("127.0.0.1", server.port)
        small_writer.write(b"GET /small HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Small\r\n\r\n")
        assert await asyncio.wait_for(read_answer(small_reader), PATIENCE_S) == (200, b"small"), (
            "small answers do not wait"
        )
        for _ in range(40 * len(streams)):
            await clock.advance(0.25)
            if served >= len(streams):
                break
            most = max(most, server.unread_bytes)
        assert most <= UNREAD_BYTES_MAX + 2 * BURST_REQUESTS_MAX * len(body)
        assert served >= len(streams), "each has its turn once the others are cut off"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        answered = asyncio.create_task(read_answer(reader))
        while not answered.done():
            await clock.advance(0.25)
        assert (await answered)[0] == 200, "who reads is served large answers too"
        await server.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def test_more_connections_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebox.gateway.server.CONNECTIONS_MAX", 3)

    async def run() -> None:
        server = HttpServer(echo, ManualClock(), lambda *_: 1_000_000)
        await server.start("127.0.0.1", 0)
        kept = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(GET)
            await asyncio.wait_for(read_answer(reader), PATIENCE_S)
            kept.append(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await asyncio.wait_for(reader.read(), PATIENCE_S)).startswith(b"HTTP/1.1 503 ")
        kept[0].close()
        await kept[0].wait_closed()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        assert (await asyncio.wait_for(read_answer(reader), PATIENCE_S))[0] == 200
        await server.stop()

    asyncio.run(run())
