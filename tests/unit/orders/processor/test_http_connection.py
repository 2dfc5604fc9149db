"""Goal: answers are read as HTTP/1.1 frames them, in whatever pieces they come; what is broken is told as such."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from orders.processor.aws_json_client import AwsJsonClient, Service, Unreachable
from orders.processor.http_connection import ANSWER_BYTES_MAX, HEAD_BYTES_MAX
from orders.processor.signature import Credentials

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class ScriptedServer:
    """Answers each request on each connection with the next of its scripts: pieces, each sent by itself. A script of
    None closes the connection instead of answering."""

    def __init__(self) -> None:
        self.scripts: list[list[bytes] | None] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while self._answer(connection):
                        pass
        except OSError:
            return  # the end of the test

    def _answer(self, connection: socket.socket) -> bool:
        request = b""
        while not request.endswith(b"\r\n\r\n{}"):
            data = connection.recv(65_536)
            if not data:
                return False
            request += data
        self.requests.append(request)
        script = self.scripts.pop(0)
        for piece in script or ():
            connection.sendall(piece)
        return script is not None and not script[-1].endswith(b"END")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


def client_of(server: ScriptedServer) -> AwsJsonClient:
    client = AwsJsonClient(server.url, Service("dynamodb", "D"), "us-east-1", Credentials("a", "b"))
    client.limit_wait(20.0)
    return client


@pytest.mark.parametrize(
    ("pieces", "status", "body"),
    [
        ([OK], 200, b"{}"),
        ([bytes([one]) for one in OK], 200, b"{}"),
        ([b"HTTP/1.1 400 Bad Request\r\ncontent-length:3 \r\nX: y: z\r\n\r\n", b"a", b"bc"], 400, b"abc"),
        ([b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n"], 500, b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n", OK], 200, b"{}"),
        (
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r",
                b"\nabc\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
            ],
            200,
            b"abc0123456789",
        ),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000], 200, b"x" * 300_000),
    ],
)
def test_an_answer_is_read_whole_and_the_connection_is_kept(
    server: ScriptedServer, pieces: list[bytes], status: int, body: bytes
) -> None:
    server.scripts += [pieces, [OK]]
    client = client_of(server)
    assert client.call("PutItem", b"{}", 0) == (status, body)
    assert client.call("PutItem", b"{}", 0) == (200, b"{}")
    assert server.connections == 1
    assert b"\r\ncontent-length: 2\r\n\r\n{}" in server.requests[0]


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"],
        [OK + b"more than was asked for"],
    ],
)
def test_a_connection_that_ends_or_brings_too_much_is_not_kept(server: ScriptedServer, script: list[bytes]) -> None:
    server.scripts += [script, [OK]]
    client = client_of(server)
    assert client.call("PutItem", b"{}", 0) == client.call("PutItem", b"{}", 0) == (200, b"{}")
    assert server.connections == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_again_once(server: ScriptedServer) -> None:
    server.scripts += [[OK], None, [OK]]
    client = client_of(server)
    assert client.call("PutItem", b"{}", 0) == client.call("PutItem", b"{}", 0) == (200, b"{}")
    server.scripts += [None, None]
    with pytest.raises(Unreachable) as caught:
        client.call("PutItem", b"{}", 0)
    assert caught.value.code in ("BrokenAnswer", "ConnectionResetError")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"SSH-2.0-OpenSSH\r\n\r\nEND"],
        [b"HTTP/1.1 2OO OK\r\n\r\nEND"],
        [b"HTTP/1.1 200 OK\r\n\r\nno length, END"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nEND"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nEND"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut short, END"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nEND" % (ANSWER_BYTES_MAX + 1)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nEND"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_BYTES_MAX + 70_000), b"END"],
    ],
)
def test_what_is_no_answer_makes_the_service_unreachable(server: ScriptedServer, pieces: list[bytes]) -> None:
    server.scripts.append(pieces)
    with pytest.raises(Unreachable) as caught:
        client_of(server).call("PutItem", b"{}", 0)
    assert caught.value.code in ("BrokenAnswer", "ConnectionResetError")
