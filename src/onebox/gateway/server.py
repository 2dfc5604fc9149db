"""HTTP/1.1 over asyncio: bytes to Request values, Response values to bytes. The only module that knows sockets.

Promises: answers leave in the order of their requests on each connection, whatever the order in which they become
ready; a client that hangs up cancels what waits for it; a body larger than the limit is refused before it is read.
Knows nothing of AWS. The parser is httptools (the one of Node.js).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from onebox.clock import Clock, wait_for
from onebox.gateway.message import Request, Response

BODY_BYTES_MAX = 128 * 1024 * 1024  # a 50 MB function as base64, with room
HEADER_BYTES_MAX = 64 * 1024
PIPELINED_REQUESTS_MAX = 64

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Handler(Protocol):
    """What the server calls for each request; it answers through ``reply``, at once or later."""

    def __call__(self, request: Request, reply: Reply) -> None: ...


class Reply:
    """The place of one answer in its connection's order."""

    __slots__ = ("_connection", "cancelled", "keep_alive", "payload")

    def __init__(self, connection: HttpConnection, keep_alive: bool) -> None:
        self._connection = connection
        self.keep_alive = keep_alive
        self.payload: bytes | None = None
        self.cancelled: Callable[[], object] | None = None
        """Called if the client hangs up before the answer."""

    def send(self, response: Response) -> None:
        """Answer. Harmless if the client has gone."""
        self.cancelled = None
        self.payload = serialize(response, self._connection.server.date(), self.keep_alive)
        self._connection.answer_ready()

    def abort(self) -> None:
        """Cut the connection without an answer (the outcome is unknown)."""
        self._connection.abort()


class HttpConnection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self._handler = server.handler
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._replies: deque[Reply] = deque()
        self._source_ip = ""
        self._start_message()

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not an assertion: uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._source_ip = peer[0] if peer else "127.0.0.1"
        self.server.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "this server does not switch protocols")
        except httptools.HttpParserError as error:
            self._refuse(400, f"not an HTTP/1.1 request: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        self.server.closed(self)
        self._transport = None
        for reply in self._replies:
            if reply.cancelled is not None:
                reply.cancelled()
        self._replies.clear()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    # the parser's callbacks

    def on_message_begin(self) -> None:
        self._start_message()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES_MAX:
            self._refuse(431, "the headers are too large")
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]},{text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        if int(self._headers.get("content-length", 0)) > BODY_BYTES_MAX:
            self._refuse(413, "the body is too large")
        elif self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse(413, "the body is too large")
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        path, _, query = self._url.partition(b"?")
        request = Request(
            self._parser.get_method().decode("ascii"),
            path.decode("latin-1"),
            query.decode("latin-1"),
            self._headers,
            self._body[0] if len(self._body) == 1 else b"".join(self._body),
            self._source_ip,
        )
        reply = Reply(self, self._parser.should_keep_alive())
        self._replies.append(reply)
        if len(self._replies) >= PIPELINED_REQUESTS_MAX:
            self._transport.pause_reading()
        self._handler(request, reply)

    # answers

    def answer_ready(self) -> None:
        """Write every answer whose turn has come."""
        transport = self._transport
        if transport is None:
            return
        replies = self._replies
        was_full = len(replies) >= PIPELINED_REQUESTS_MAX
        while replies and replies[0].payload is not None:
            reply = replies.popleft()
            assert reply.payload is not None
            transport.write(reply.payload)
            if not reply.keep_alive:
                transport.close()
                return
        if was_full and len(replies) < PIPELINED_REQUESTS_MAX:
            transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def close_when_idle(self) -> None:
        """Close at once if nothing waits for an answer, else after it."""
        if self._transport is None:
            return
        if not self._replies:
            self._transport.close()
        for reply in self._replies:
            reply.keep_alive = False

    def _start_message(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0

    def _refuse(self, status: int, reason: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            text = f"{reason}\n".encode()
            response = Response(status, text, [("Content-Type", "text/plain")])
            self._transport.write(serialize(response, self.server.date(), keep_alive=False))
            self._transport.close()


class HttpServer:
    """A listening socket and its connections."""

    def __init__(self, handler: Handler, clock: Clock) -> None:
        self.handler = handler
        self._clock = clock
        self._connections: set[HttpConnection] = set()
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self._server: asyncio.Server | None = None
        self._date_second = -1
        self._date = b""
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; ``port`` 0 takes a free one. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpConnection(self), host, port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections; those that are open go on. Idempotent."""
        if self._server is not None:
            self._server.close()

    async def stop(self, grace_ms: int = 0) -> None:
        """Take no more connections; let answers under way leave within ``grace_ms``, then cut the rest."""
        self.close()
        for connection in list(self._connections):
            connection.close_when_idle()
        if grace_ms:
            await wait_for(self._clock, self._all_closed, self._clock.now_ms() + grace_ms)
        self.abort()

    def abort(self) -> None:
        """Cut every connection at once."""
        for connection in list(self._connections):
            connection.abort()

    def opened(self, connection: HttpConnection) -> None:
        """A client connected."""
        self._connections.add(connection)
        self._all_closed.clear()

    def closed(self, connection: HttpConnection) -> None:
        """A connection ended."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_closed.set()

    def date(self) -> bytes:
        """The Date header's value; made once a second."""
        second = self._clock.now_ms() // 1000
        if second != self._date_second:
            self._date_second = second
            self._date = formatdate(second, usegmt=True).encode()
        return self._date


_BODILESS = frozenset({204, 304})
_LINES: dict[int, bytes] = {}


def serialize(response: Response, date: bytes, keep_alive: bool) -> bytes:
    """The bytes of an answer."""
    status = response.status
    line = _LINES.get(status)
    if line is None:
        line = _LINES[status] = f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n".encode()
    parts = [line]
    has_length = False
    for name, value in response.headers:
        parts.append(f"{name}: {value}\r\n".encode("latin-1", "replace"))
        has_length = has_length or name.lower() == "content-length"
    if not has_length and status not in _BODILESS:
        parts.append(b"Content-Length: %d\r\n" % len(response.body))
    parts.append(b"Date: %b\r\n" % date)
    parts.append(b"\r\n" if keep_alive else b"Connection: close\r\n\r\n")
    parts.append(response.body)
    return b"".join(parts)
