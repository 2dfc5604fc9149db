"""Goal: bodies that are being received take no more memory than they may, whoever sends them and however slowly; what
is small never waits for what is large, and whoever waits has a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.incoming import BodiesRefused, IncomingBodies, Room
from onebox.gateway.limits import LARGE_BODIES_BYTES_MAX, MEDIUM_BODY_BYTES, WAITING_BODIES_MAX
from onebox.gateway.message import Request, Response
from onebox.gateway.reply import Reply
from onebox.gateway.server import HttpServer
from onebox.testing import ManualClock
from tests.polling import PATIENCE_S

MIB = 1024 * 1024
HALF = LARGE_BODIES_BYTES_MAX // 2
UNKNOWN_LENGTH = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"10001\r\n" + b"x" * 0x10001
"""Takes as much room as the largest body has."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """A connection with a body."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def room_found(self, size_bytes: int) -> None:
        self.told.append(size_bytes)


def test_bodies_wait_in_order_until_there_is_room() -> None:
    room = Room(10)
    first, second = Client(), Client()
    assert room.take(Client(), 8)
    assert not room.take(first, 4)
    assert not room.take(second, 1), "nobody overtakes"
    room.give_back(8)
    assert (first.told, second.told) == ([4], [1])
    assert room.taken_bytes == 5


def test_a_body_larger_than_the_room_is_read_when_nothing_else_is() -> None:
    room = Room(10)
    huge = Client()
    assert room.take(Client(), 1)
    assert not room.take(huge, 11)
    room.give_back(1)
    assert huge.told == [11]


def test_a_client_that_hangs_up_lets_the_next_one_in() -> None:
    room = Room(10)
    gone, next_one = Client(), Client()
    assert room.take(Client(), 4)
    assert not room.take(gone, 9)
    assert not room.take(next_one, 6)
    room.forget(gone)
    assert (gone.told, next_one.told) == ([], [6])
    room.forget(gone)
    assert room.taken_bytes == 10


def test_too_many_that_wait_are_refused() -> None:
    room = Room(10)
    assert room.take(Client(), 10)
    for _ in range(WAITING_BODIES_MAX):
        assert not room.take(Client(), 1)
    with pytest.raises(BodiesRefused):
        room.take(Client(), 1)


def test_large_bodies_never_keep_smaller_ones_waiting() -> None:
    incoming = IncomingBodies()
    large = incoming.room_for(MEDIUM_BODY_BYTES + 1)
    assert large.take(Client(), LARGE_BODIES_BYTES_MAX)
    assert not large.take(Client(), 2 * MIB)
    assert incoming.waiting == 1
    assert incoming.room_for(MEDIUM_BODY_BYTES).take(Client(), MEDIUM_BODY_BYTES)
    assert incoming.taken_bytes == LARGE_BODIES_BYTES_MAX + MEDIUM_BODY_BYTES


@given(st.lists(st.tuples(st.sampled_from(["come", "end", "leave"]), st.integers(1, 30)), max_size=60))
def test_room_is_never_exceeded_and_everybody_gets_it_once(steps: list[tuple[str, int]]) -> None:
    room = Room(20)
    sizes: dict[Client, int] = {}
    inside: list[Client] = []
    waiting: list[Client] = []
    for step, number in steps:
        if step == "come":
            client = Client()
            sizes[client] = number
            (inside if room.take(client, number) else waiting).append(client)
        elif step == "end" and inside:
            room.give_back(sizes[inside.pop(number % len(inside))])
        elif step == "leave" and waiting:
            room.forget(waiting.pop(number % len(waiting)))
        let_in = [client for client in waiting if client.told]
        assert let_in == waiting[: len(let_in)], "in their order"
        inside += let_in
        del waiting[: len(let_in)]
        assert all(client.told in ([], [sizes[client]]) for client in sizes)
        taken = sum(sizes[client] for client in inside)
        assert room.taken_bytes == taken
        assert taken <= 20 or len(inside) == 1
        assert room.waiting == len(waiting)
        assert not waiting or taken + sizes[waiting[0]] > 20, "nobody waits without need"


def upload(size_bytes: int, *headers: str) -> bytes:
    lines = ("PUT /upload HTTP/1.1", "Host: h", f"Content-Length: {size_bytes}", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def sizes(request: Request, reply: Reply) -> None:
    """The answer is how long the body was."""
    reply.send(Response(200, str(len(request.body)).encode()))


async def status_of(reader: asyncio.StreamReader) -> int:
    """Of the next answer; 0 if there is none."""
    line = await reader.readline()
    return int(line.split()[1]) if line else 0


def with_crowd(talk: Callable[[HttpServer, ManualClock, list[Streams], Streams], Awaitable[None]]) -> None:
    """A server on which two uploads have all the room for large bodies, and a further client."""

    async def run() -> None:
        clock = ManualClock()
        server = HttpServer(sizes, clock, lambda *_: LARGE_BODIES_BYTES_MAX)
        await server.start("127.0.0.1", 0)
        holders = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for _, writer in holders:
            writer.write(upload(HALF) + b"x")
        while server.incoming.taken_bytes < 2 * HALF:
            await asyncio.sleep(0)
        other = await asyncio.open_connection("127.0.0.1", server.port)
        await talk(server, clock, holders, other)
        for _, writer in (*holders, other):
            writer.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


async def until_crowded(server: HttpServer) -> None:
    while not server.incoming.waiting:
        await asyncio.sleep(0)


def test_an_upload_waits_unread_until_another_one_ends() -> None:
    async def talk(server: HttpServer, clock: ManualClock, holders: list[Streams], other: Streams) -> None:
        reader, writer = other
        writer.write(upload(2 * MIB, "Expect: 100-continue"))
        await until_crowded(server)
        told = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        small_reader, small_writer = await asyncio.open_connection("127.0.0.1", server.port)
        small_writer.write(upload(10) + b"x" * 10 + upload(MIB) + b"x" * MIB)
        assert await small_reader.readuntil(b"\r\n\r\n10")
        assert await small_reader.readuntil(b"\r\n\r\n%d" % MIB), "what is smaller does not wait"
        assert not told.done(), "nor is the client asked for its body"
        holders[0][1].close()
        assert await told == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"x" * (2 * MIB) + upload(3) + b"abc")
        assert await reader.readuntil(b"\r\n\r\n%d" % (2 * MIB))
        assert await reader.readuntil(b"\r\n\r\n3"), "the connection goes on"
        while server.incoming.taken_bytes > HALF:
            await asyncio.sleep(0)
        assert not server.incoming.waiting
        small_writer.close()

    with_crowd(talk)


@pytest.mark.parametrize("length", ["Content-Length", "chunks"])
def test_an_upload_that_stands_still_is_cut_off_when_others_wait(length: str) -> None:
    async def talk(server: HttpServer, clock: ManualClock, holders: list[Streams], other: Streams) -> None:
        await clock.advance(20)
        assert server.incoming.taken_bytes == 2 * HALF, "while nobody waits, a body may be slow"
        reader, writer = other
        if length == "chunks":  # its length is not known, so it takes as much room as the largest body has
            writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(2_048):
                writer.write(b"400\r\n" + b"x" * 1_024 + b"\r\n")
            writer.write(b"0\r\n\r\n")
        else:
            writer.write(upload(2 * MIB) + b"x" * (2 * MIB))
        await until_crowded(server)
        await clock.advance(2)
        assert await reader.readuntil(b"\r\n\r\n%d" % (2 * MIB))
        answers = [asyncio.create_task(status_of(reader)) for reader, _ in holders]
        for answer in asyncio.as_completed(answers):
            assert await answer == 408
            if length == "Content-Length":
                break  # the room of one was enough: the other one goes on
        assert server.incoming.taken_bytes == (HALF if length == "Content-Length" else 0)
        for answer in answers:
            answer.cancel()

    with_crowd(talk)


def test_a_body_that_trickles_is_cut_off_in_time_and_who_waits_is_not() -> None:
    async def talk(server: HttpServer, clock: ManualClock, holders: list[Streams], other: Streams) -> None:
        reader, writer = other
        writer.write(upload(2 * MIB) + b"x" * (2 * MIB))
        await until_crowded(server)
        answers = [asyncio.create_task(status_of(reader)) for reader, _ in holders]
        lasted_s = 0.0
        while not any(answer.done() for answer in answers):
            for _, holder in holders:
                holder.write(b"x" * 20_000)
            for _ in range(20):  # turns of the loop, until the server has read it
                await asyncio.sleep(0)
            await clock.advance(0.5)
            lasted_s += 0.5
        # 10 s, and a second for each of the 128 MiB that it wanted.
        assert lasted_s == pytest.approx(138, abs=2)
        assert await reader.readuntil(b"\r\n\r\n%d" % (2 * MIB))

    with_crowd(talk)


def test_a_body_in_chunks_that_ends_with_what_made_it_large_waits_for_no_room() -> None:
    async def talk(server: HttpServer, clock: ManualClock, holders: list[Streams], other: Streams) -> None:
        reader, writer = other
        body = b"".join(b"400\r\n" + b"x" * 1_024 + b"\r\n" for _ in range(64)) + b"1\r\nx\r\n0\r\n\r\n"
        head = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(3):
            writer.write(head + body)
            assert await reader.readuntil(b"\r\n\r\n%d" % (64 * 1_024 + 1))
            assert not server.incoming.waiting
        for _, holder in holders:
            holder.close()
        while server.incoming.taken_bytes:
            await asyncio.sleep(0)
        writer.write(upload(2 * MIB) + b"x" * (2 * MIB) + upload(3) + b"abc")
        assert await reader.readuntil(b"\r\n\r\n%d" % (2 * MIB))
        assert await reader.readuntil(b"\r\n\r\n3")
        assert not server.incoming.taken_bytes

    with_crowd(talk)


def test_a_refused_body_behind_an_answer_that_takes_long_gives_its_room_back_at_once() -> None:
    async def run() -> None:
        clock = ManualClock()
        waiting: list[Reply] = []

        def handle(request: Request, reply: Reply) -> None:
            waiting.append(reply) if request.path == "/long" else sizes(request, reply)

        server = HttpServer(handle, clock, lambda *_: LARGE_BODIES_BYTES_MAX)
        await server.start("127.0.0.1", 0)
        holder_reader, holder = await asyncio.open_connection("127.0.0.1", server.port)
        holder.write(b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n" + upload(2 * MIB) + b"x")
        while server.incoming.taken_bytes < 2 * MIB:
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(UNKNOWN_LENGTH)
        await until_crowded(server)
        await clock.advance(2)
        writer.write(b"\r\n0\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n%d" % 0x10001)
        waiting[0].send(Response(200, b"long"))
        assert await holder_reader.readuntil(b"\r\n\r\nlong"), "in its order"
        assert await status_of(holder_reader) == 408
        for stream in (holder, writer):
            stream.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def test_a_client_that_does_not_read_its_answers_keeps_no_room() -> None:
    async def run() -> None:
        clock = ManualClock()

        def handle(request: Request, reply: Reply) -> None:
            if request.method == "GET":
                reply.send(Response(200, b"x" * (8 * MIB)))
            else:
                sizes(request, reply)

        server = HttpServer(handle, clock, lambda *_: LARGE_BODIES_BYTES_MAX)
        await server.start("127.0.0.1", 0)
        _, slow = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
        slow.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + upload(20 * MIB) + b"x")
        while server.incoming.taken_bytes < 20 * MIB or not server.unread_bytes:
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(UNKNOWN_LENGTH)
        await until_crowded(server)
        await clock.advance(29)  # of 10 s and a second for each MiB
        assert server.incoming.waiting, "a client that reads a long answer may send nothing meanwhile"
        await clock.advance(3)
        writer.write(b"\r\n0\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n%d" % 0x10001)
        for stream in (slow, writer):
            stream.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def test_who_finds_too_many_waiting_is_told_to_try_again() -> None:
    async def talk(server: HttpServer, clock: ManualClock, holders: list[Streams], other: Streams) -> None:
        streams = [
            await asyncio.open_connection("127.0.0.1", server.port, limit=1_000) for _ in range(WAITING_BODIES_MAX)
        ]
        for _, writer in streams:
            writer.write(upload(2 * MIB))
        while server.incoming.waiting < WAITING_BODIES_MAX:
            await asyncio.sleep(0)
        reader, writer = other
        writer.write(upload(2 * MIB))
        assert await status_of(reader) == 503
        for _, writer in streams:
            writer.close()

    with_crowd(talk)
