"""Goal: whatever clients and answers do, the room for bodies is what the bodies take, and nobody waits without need.

Real connections on fake transports, with limits so small that a few bodies fill them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onebox.gateway import connection as connection_module
from onebox.gateway import incoming, request_reader
from onebox.gateway.connection import HttpConnection
from onebox.gateway.incoming import Room
from onebox.gateway.message import Request, Response
from onebox.gateway.reply import Reply
from onebox.gateway.server import HttpServer
from onebox.testing import ManualClock

RESERVED, MEDIUM, LARGEST = 50, 200, 900
MEDIUM_ROOM, LARGE_ROOM = 250, 1_000
WAITING_MAX = 4
CLIENTS_MAX = 6
TURNS = 30
"""Of the loop: more than any chain of callbacks here."""


class Transport:
    """What a connection writes to; reading is whether it takes more bytes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.protocol: HttpConnection
        self.is_reading = True
        self.is_gone = False
        self.written = b""

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_gone

    def close(self) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._loop.call_soon(self.protocol.connection_lost, None)

    abort = close


class Client:
    """One connection, what its client has still to send, and how many requests that is with what was sent."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = Transport(loop)
        self.connection = self.transport.protocol = HttpConnection(server)
        self.connection.connection_made(self.transport)  # type: ignore[arg-type]
        self.unsent = b""
        self.requests = 0


class Connections(RuleBasedStateMachine):
    """Clients that come, send, wait, read and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module, name, value in (
            (request_reader, "RESERVED_BODY_BYTES", RESERVED),
            (incoming, "MEDIUM_BODY_BYTES", MEDIUM),
            (incoming, "MEDIUM_BODIES_BYTES_MAX", MEDIUM_ROOM),
            (incoming, "LARGE_BODIES_BYTES_MAX", LARGE_ROOM),
            (incoming, "WAITING_BODIES_MAX", WAITING_MAX),
            (connection_module, "SLICE_BYTES", 256),
        ):
            self.patch.setattr(module, name, value)
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.clients: list[Client] = []
        self.unanswered: list[tuple[Request, Reply]] = []

    @initialize()
    def begin(self) -> None:
        self.server = HttpServer(self.handle, self.clock, lambda *_: LARGEST)
        self.rooms: list[tuple[Room, int]] = [
            (self.server.incoming.room_for(MEDIUM), MEDIUM_ROOM),
            (self.server.incoming.room_for(LARGEST), LARGE_ROOM),
        ]
        for _ in range(3):
            self.connect()

    def handle(self, request: Request, reply: Reply) -> None:
        if request.path == "/now":
            reply.send(Response(200, b"now"))
        else:
            self.unanswered.append((request, reply))

    def do(self, step: Any) -> None:
        """Take a step on the loop, and let its consequences settle."""

        async def run() -> None:
            step()
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(run())
        self.clients = [client for client in self.clients if not client.transport.is_gone]

    def pick(self, number: int) -> Client:
        return self.clients[number % len(self.clients)]

    @precondition(lambda self: len(self.clients) < CLIENTS_MAX)
    @rule()
    def connect(self) -> None:
        self.do(lambda: self.clients.append(Client(self.server, self.loop)))

    @precondition(lambda self: self.clients)
    @rule(
        number=st.integers(0, CLIENTS_MAX),
        size=st.sampled_from([0, 51, 60, 150, 200, 200, 250, 700, LARGEST, LARGEST + 1]),
        path=st.sampled_from(["/now", "/later"]),
        form=st.sampled_from(["length", "chunks", "expect"]),
        brought=st.sampled_from([0, 80, 250, 1_500]),
    )
    def ask(self, number: int, size: int, path: str, form: str, brought: int) -> None:
        client = self.pick(number)
        head = f"PUT {path} HTTP/1.1\r\nHost: h\r\n"
        if form == "chunks":
            pieces = [min(70, size - at) for at in range(0, size, 70)]
            body = "".join(f"{piece:x}\r\n{'x' * piece}\r\n" for piece in pieces) + "0\r\n\r\n"
            head += "Transfer-Encoding: chunked\r\n\r\n"
        else:
            body = "x" * size
            head += f"Content-Length: {size}\r\n" + ("Expect: 100-continue\r\n" if form == "expect" else "") + "\r\n"
        client.unsent += (head + body).encode()
        client.requests += 1
        if brought and client.transport.is_reading:
            self.bring_of(client, brought, is_busy=False)

    @precondition(lambda self: any(self.may_bring(client) for client in self.clients))
    @rule(
        number=st.integers(0, CLIENTS_MAX), size=st.sampled_from([1, 60, 120, 250, 500, 1_500]), is_busy=st.booleans()
    )
    def bring(self, number: int, size: int, is_busy: bool) -> None:
        able = [client for client in self.clients if self.may_bring(client)]
        self.bring_of(able[number % len(able)], size, is_busy)

    @staticmethod
    def may_bring(client: Client) -> bool:
        return bool(client.unsent) and client.transport.is_reading

    def bring_of(self, client: Client, size: int, is_busy: bool) -> None:
        data, client.unsent = client.unsent[:size], client.unsent[size:]

        def step() -> None:
            if is_busy:  # others have used up this turn of the loop
                self.server.turns.begin()
                self.server.turns.is_spent = True
            client.connection.data_received(data)

        self.do(step)

    @precondition(lambda self: self.unanswered)
    @rule(number=st.integers(0, 50))
    def answer(self, number: int) -> None:
        _, reply = self.unanswered.pop(number % len(self.unanswered))
        self.do(lambda: reply.send(Response(200, b"later")))

    @precondition(lambda self: self.unanswered)
    @rule(number=st.integers(0, 50))
    def let_go_of_a_body(self, number: int) -> None:
        self.do(self.unanswered[number % len(self.unanswered)][1].forget_body)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, CLIENTS_MAX))
    def hang_up(self, number: int) -> None:
        self.do(self.pick(number).transport.close)

    @precondition(lambda self: self.server.incoming.waiting)
    @rule(number=st.integers(0, CLIENTS_MAX))
    def hang_up_waiting(self, number: int) -> None:
        waiting = [client for client in self.clients if client.connection.awaits_room]
        self.do(waiting[number % len(waiting)].transport.close)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, CLIENTS_MAX), reads=st.booleans())
    def read_or_not(self, number: int, reads: bool) -> None:
        connection = self.pick(number).connection
        if connection.is_writable != reads:
            self.do(connection.resume_writing if reads else connection.pause_writing)

    @rule(seconds=st.sampled_from([0.25, 5, 20]))
    def time_passes(self, seconds: float) -> None:
        self.loop.run_until_complete(self.clock.advance(seconds))
        self.do(lambda: None)

    @invariant()
    def the_room_taken_is_that_of_the_bodies_held(self) -> None:
        if not hasattr(self, "server"):
            return
        held = 0
        for client in self.clients:
            connection = client.connection
            replies = [*connection._replies, *(reply for _, reply in connection._backlog)]
            held += connection._room_bytes + sum(reply.body_bytes for reply in replies)
        assert self.server.incoming.taken_bytes == held
        assert all(room.taken_bytes <= bytes_max for room, bytes_max in self.rooms)

    @invariant()
    def nobody_waits_without_need(self) -> None:
        if not hasattr(self, "server"):
            return
        for room, _ in self.rooms:
            assert not room._waiting or not room._fits(next(iter(room._waiting.values())))
        in_line = {connection for room, _ in self.rooms for connection in room._waiting}
        assert in_line == {client.connection for client in self.clients if client.connection.awaits_room}
        for client in self.clients:
            connection = client.connection
            if not connection.awaits_room and connection._can_serve():
                assert client.transport.is_reading, "a client that may be served is read"

    def teardown(self) -> None:
        if hasattr(self, "server"):
            self.finish()
            for client in list(self.clients):
                self.do(client.transport.close)
            assert self.server.incoming.taken_bytes == 0
            assert self.server.incoming.waiting == 0
            self.do(self.server.abort)
        self.loop.close()
        self.patch.undo()

    def finish(self) -> None:
        """All clients read, and send what they have; all is answered then, without any time that passes."""
        for client in self.clients:
            if not client.connection.is_writable:
                self.do(client.connection.resume_writing)
        while self.unanswered or any(map(self.may_bring, self.clients)):
            while self.unanswered:
                self.answer(0)
            for client in list(self.clients):
                if self.may_bring(client):
                    self.bring_of(client, 1_500, is_busy=False)
        for client in self.clients:
            assert not client.unsent, "a client waits for ever"
            answers = client.transport.written.count(b"HTTP/1.1 200 ")
            assert answers == client.requests


TestConnections = Connections.TestCase
TestConnections.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
