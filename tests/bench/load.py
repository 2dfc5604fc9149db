"""A lean client for single API operations: many connections in one thread, so little of the machine goes to the client
that the servers are measured. The same bytes go to every server.

A connection holds a conversation: a generator that yields requests and gets the body of each response.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

Conversation = Generator[bytes, bytes, None]
PATIENCE_S = 60
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class Response(NamedTuple):
    """A whole response."""

    status: int
    body: bytes
    size: int
    """Bytes of head and body."""
    closes: bool
    """Whether the server ends the connection after it."""


def read_response(received: bytes) -> Response | None:
    """The response at the start of what was received; None while it is incomplete. Raises ValueError where its end is
    not told by a Content-Length.
    """
    end = received.find(_HEAD_END)
    if end < 0:
        return None
    head = received[: end + 2]
    length = _LENGTH.search(head)
    if length is None:
        raise ValueError(f"a response without Content-Length: {head[:200]!r}")
    size = end + len(_HEAD_END) + int(length[1])
    if len(received) < size:
        return None
    closes = _CLOSES.search(head) is not None or head.startswith(b"HTTP/1.0")
    return Response(int(received[9:12]), received[end + len(_HEAD_END) : size], size, closes)


class _Connection:
    """One connection and its conversation."""

    def __init__(self, port: int, conversation: Conversation) -> None:
        self._port = port
        self._conversation = conversation
        self._received = b""
        self.socket = self._open()
        self.is_over = False
        self._send(next(conversation, None))

    def go_on(self) -> bool:
        """Read what is there; True where it completed a response, and the next request was sent. Raises RuntimeError
        for an answer that is not 200.
        """
        part = self.socket.recv(262_144)
        self._received += part
        response = read_response(self._received)
        if response is None:
            if not part:
                raise RuntimeError("the server ended a connection in the middle of an answer")
            return False
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.body[:500]!r}")
        self._received = self._received[response.size :]
        if response.closes:
            self.socket.close()
            self.socket = self._open()
        try:
            self._send(self._conversation.send(response.body))
        except StopIteration:
            self._send(None)
        return True

    def _send(self, request: bytes | None) -> None:
        if request is None:
            self.is_over = True
        else:
            self.socket.sendall(request)

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class Rate(NamedTuple):
    """What some seconds came to."""

    responses: int
    a_second: float
    cpu_s: float
    """Processor time of the server meanwhile."""


def measure_rate(
    port: int,
    conversations: Sequence[Conversation],
    seconds: float,
    cpu_s: Callable[[], float],
    now: Callable[[], float] = time.perf_counter,
) -> Rate:
    """Hold all conversations for so long, and a tenth of it before to warm up; ``cpu_s`` tells the server's processor
    time until now. Raises RuntimeError for a refusal.
    """
    with _connected(port, conversations) as selector:
        _serve(selector, now() + seconds / 10, now)
        began, used_s = now(), cpu_s()
        answered = _serve(selector, began + seconds, now)
        return Rate(answered, answered / (now() - began), cpu_s() - used_s)


def hold_to_their_ends(port: int, conversations: Sequence[Conversation]) -> None:
    """Hold conversations that end. Raises RuntimeError for a refusal."""
    with _connected(port, conversations) as selector:
        _serve(selector, float("inf"), time.perf_counter)


@contextmanager
def _connected(port: int, conversations: Sequence[Conversation]) -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as selector:
        try:
            for conversation in conversations:
                _register(selector, _Connection(port, conversation))
            yield selector
        finally:
            for key in list(selector.get_map().values()):
                key.data.socket.close()


def _serve(selector: selectors.BaseSelector, until: float, now: Callable[[], float]) -> int:
    """Go on with whatever answered, until a moment or until all is said; how many responses there were."""
    answered = 0
    while now() < until and selector.get_map():
        ready = selector.select(PATIENCE_S)
        if not ready:
            raise RuntimeError(f"no answer for {PATIENCE_S} s")
        for key, _ in ready:
            connection: _Connection = key.data
            answered += connection.go_on()
            if connection.is_over or connection.socket is not key.fileobj:
                selector.unregister(key.fileobj)
                _register(selector, connection)
    return answered


def _register(selector: selectors.BaseSelector, connection: _Connection) -> None:
    if connection.is_over:
        connection.socket.close()
    else:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
