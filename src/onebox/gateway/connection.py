"""One client connection: bytes to Request values, Response values to bytes, in the order of the requests.

Promises: answers leave in the order of their requests, whatever the order in which they become ready; a client that
hangs up cancels what waits for it; what is too large is never kept; a client that does not read its answers is not
served further ones. Knows nothing of AWS. The parser is httptools (the one of Node.js).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools

from onebox.gateway.answers import serialize
from onebox.gateway.heads import BadHead, malformed, refusal
from onebox.gateway.incoming import BodiesRefused, IncomingBodies
from onebox.gateway.limits import (
    BURST_PIECES_MAX,
    BURST_REQUESTS_MAX,
    COPIED_BYTES_MAX,
    CROWDED_BODY_MS,
    HEAD_BYTES_MAX,
    PIPELINED_REQUESTS_MAX,
    REQUEST_BYTES,
    SLICE_BYTES,
    TARGET_BYTES_MAX,
)
from onebox.gateway.message import Request
from onebox.gateway.reply import NOTHING, Reply
from onebox.gateway.request_reader import RequestReader
from onebox.gateway.stage import Progress, Stage
from onebox.gateway.turns import Turns
from onebox.gateway.unread import UnreadAnswers

_HEAD_END = b"\r\n\r\n"


class Host(Protocol):
    """What a connection needs of its server."""

    turns: Turns
    unread: UnreadAnswers
    incoming: IncomingBodies

    def handler(self, request: Request, reply: Reply, /) -> None: ...
    def body_bytes_max(self, path: str, query: str, headers: dict[str, str]) -> int: ...
    def is_from_function(self, other: tuple[str, int], own: tuple[str, int]) -> bool: ...
    def date(self) -> str: ...
    def now_ms(self) -> float: ...
    def opened(self, connection: HttpConnection) -> bool: ...
    def closed(self, connection: HttpConnection) -> None: ...
    def client_is_slow(self) -> None: ...


class HttpConnection(RequestReader, asyncio.Protocol):
    """One client connection."""

    __slots__ = (
        "_backlog",
        "_began_ms",
        "_burst",
        "_framing_bytes",
        "_from_function",
        "_is_held",
        "_is_refused",
        "_last_cost_ms",
        "_now_ms",
        "_owes_continue",
        "_replies",
        "_room_bytes",
        "_room_since_ms",
        "_server",
        "_source_ip",
        "_transport",
        "_unparsed",
        "_waits_for_turn",
        "awaits_room",
        "cost_ms",
        "is_writable",
        "progress",
    )

    def __init__(self, server: Host) -> None:
        super().__init__(server.body_bytes_max)
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._replies: deque[Reply] = deque()
        self._backlog: deque[tuple[Request, Reply]] = deque()
        """Requests that came while the client did not read, or while too many others waited."""
        self._unparsed = b""
        """What came when the turn was spent."""
        self._waits_for_turn = False
        self._is_held = False
        """Whether the next request waits until other clients have read their answers."""
        self.awaits_room = False
        """Whether the body that comes next is read only when there is room for it."""
        self._owes_continue = False
        """Whether its client waits for a word before it sends the body."""
        self._room_bytes = 0
        """Reserved for the body that is being read."""
        self._room_since_ms = 0.0
        self.cost_ms = self._last_cost_ms = 0.0
        self._burst = 0
        self._framing_bytes = 0
        """What came of a head, an extension of a chunk or a trailer since the last stage or piece of a body."""
        self.is_writable = True
        self._is_refused = False
        self._source_ip = ""
        self._from_function: bool | None = None
        self._now_ms = server.now_ms()
        """When what is being read was received."""
        self._began_ms = self._now_ms
        """When the request that is read next, or handled now, began to cost time."""
        self.progress = Progress(self._now_ms)

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not an assertion: uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._source_ip = peer[0] if peer else "127.0.0.1"
        if not self._server.opened(self):
            self._refuse(BadHead(503, "too many connections are open"))

    def data_received(self, data: bytes) -> None:
        turns = self._server.turns
        self._now_ms = self._began_ms = turns.begin()  # one reading for all that came at once
        if turns.is_spent or self._unparsed:
            self._unparsed += data
            if len(self._unparsed) > SLICE_BYTES and self._transport is not None:
                self._transport.pause_reading()
            self._serve_backlog_soon()
            return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._burst = 0
        self._body_pieces = 0
        read = len(data)
        try:
            if read <= SLICE_BYTES:
                self._feed(data)
            else:
                read = self._feed_slice(data)
        except httptools.HttpParserError as error:
            self._server.turns.note_part()
            # What a callback raises is the context of the parser's own error.
            cause = error.__context__
            self._refuse(cause if isinstance(cause, BadHead) else malformed(error))
            return
        if not self._burst:
            self._server.turns.note_part()
        if read < len(data):
            self._unparsed = data[read:]
        if (self._unparsed or self._body_pieces > BURST_PIECES_MAX) and self._transport is not None:
            self._transport.pause_reading()
            if not self.awaits_room:
                self._serve_backlog_soon()
        self._note_progress(read)

    def _note_progress(self, read: int) -> None:
        """So many bytes were read."""
        progress, stage = self.progress, self.entered
        if stage is not None:
            self.entered = None
            self._framing_bytes = 0
            progress.enter(stage, self._now_ms)
            return
        progress.received(read, self._now_ms)
        self._framing_bytes = 0 if self._body_pieces else self._framing_bytes + read
        if self._framing_bytes > HEAD_BYTES_MAX + TARGET_BYTES_MAX:
            self._refuse(BadHead(431, "the head or the trailer of the request is too large"))

    def _feed_slice(self, data: bytes) -> int:
        """Read a slice of heads and chunks, and all that has come of a body whose length is known; how many bytes.

        Raises httptools.HttpParserError."""
        read = 0
        if not self.body_bytes_left:
            # The head by itself, so that the body behind it comes in one piece.
            read = data.find(_HEAD_END, 0, SLICE_BYTES) + len(_HEAD_END)
            if read < len(_HEAD_END):
                read = SLICE_BYTES
            self._feed(data[:read])
        if self.awaits_room:
            return read
        end = max(SLICE_BYTES, read + self.body_bytes_left)
        if read < end:
            self._feed(data[read:end])
        return min(end, len(data))

    def connection_lost(self, error: Exception | None) -> None:
        self._server.closed(self)
        self._transport = None
        for reply in self._replies:
            if reply.cancelled is not None:
                reply.cancelled()
            if reply.reserved_bytes:
                self._server.unread.give_back(reply.reserved_bytes)
            reply.forget_body()
        self._replies.clear()
        self._drop_backlog()
        self._drop_body()

    def _drop_body(self) -> None:
        """What is being read is not needed any more."""
        self._end_wait_for_room()
        size_bytes, self._room_bytes = self._room_bytes, 0
        if size_bytes:
            self._server.incoming.room_for(size_bytes).give_back(size_bytes)
        self._body = b""  # the parser and the connection refer to each other, so they outlive this

    def _end_wait_for_room(self) -> None:
        if self.awaits_room:
            self.awaits_room = False
            self._server.incoming.forget(self)

    def _drop_backlog(self) -> None:
        for _, reply in self._backlog:
            reply.forget_body()
        self._backlog.clear()
        self._unparsed = b""

    def give_back_body(self, reply: Reply) -> None:
        """The request of a reply is not needed any more."""
        size_bytes, reply.body_bytes = reply.body_bytes, 0
        self._server.incoming.room_for(size_bytes).give_back(size_bytes)

    def pause_writing(self) -> None:
        self.is_writable = False
        self._server.unread.gather(self)
        self._server.client_is_slow()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.is_writable = True
        self._server.unread.read_on(self)
        if self._replies:
            self._replies[0].written()
        self._serve_backlog_soon()

    def go_on(self) -> None:
        """Other clients have read their answers."""
        self._is_held = False
        self._serve_backlog_soon()

    def room_found(self, size_bytes: int) -> None:
        """Other bodies are answered: there is room for the one that waited."""
        self.awaits_room = False
        self._take_room(size_bytes)
        if self._owes_continue:
            self._owes_continue = False
            self._continue()
        self._serve_backlog_soon()

    # the reader's callbacks

    def body_expected(self, expectation: str) -> None:
        if expectation.lower() == "100-continue":
            if self.awaits_room:
                self._owes_continue = True
            else:
                self._continue()

    def _continue(self) -> None:
        if self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def large_body_expected(self, size_bytes: int) -> None:
        try:
            has_room = self._server.incoming.room_for(size_bytes).take(self, size_bytes)
        except BodiesRefused:
            raise BadHead(503, "too many large bodies are on their way; try again") from None
        if has_room:
            self._take_room(size_bytes)
            return
        self.awaits_room = True
        if self._transport is not None:
            self._transport.pause_reading()
        self._server.client_is_slow()

    def _take_room(self, size_bytes: int) -> None:
        self._room_bytes = size_bytes
        self._room_since_ms = self._server.now_ms()
        self.progress.enter(Stage.BODY, self._room_since_ms)

    def holds_up(self, now_ms: float) -> bool:
        """Whether others wait for the room of this body, and its client is slow."""
        if not self._room_bytes or not self._server.incoming.room_for(self._room_bytes).waiting:
            return False
        if now_ms - self._room_since_ms > CROWDED_BODY_MS + self._room_bytes * 1000 / 1024**2:
            return True
        is_paused = not self.is_writable or bool(self._unparsed or self._backlog)
        return not is_paused and self.progress.is_stalled(now_ms)

    def on_message_complete(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._parser.should_upgrade():
            return
        if self._fields is not self._headers:
            self._check_trailers()
        request = Request(
            self._method,
            self._target.path,
            self._target.query,
            self._headers,
            cast("bytes", self._body) if len(self._body) > COPIED_BYTES_MAX else bytes(self._body),
            self._source_ip,
            self._body_bytes,
            self._is_from_function,
        )
        keep_alive = self._parser.should_keep_alive()
        reply = Reply(self, (self._method, self._headers), keep_alive, self.takes_chunks(keep_alive))
        reply.body_bytes, self._room_bytes = self._room_bytes, 0
        if self.awaits_room:  # a body in chunks whose end came together with what made it large
            self._end_wait_for_room()
            self._serve_backlog_soon()  # reading was paused
        self._body = b""  # an idle connection holds nothing
        self.entered = Stage.IDLE
        if self._backlog or self._burst >= BURST_REQUESTS_MAX or self._server.turns.is_spent or not self._can_serve():
            self._backlog.append((request, reply))
            transport.pause_reading()
            self._serve_backlog_soon()
            return
        self._burst += 1
        self._handle(request, reply)

    def _is_from_function(self) -> bool:
        if self._from_function is None:
            transport = self._transport
            self._from_function = transport is None or self._server.is_from_function(
                transport.get_extra_info("peername")[:2], transport.get_extra_info("sockname")[:2]
            )
        return self._from_function

    # answers

    def answer_ready(self) -> None:
        """Write every answer whose turn has come."""
        transport = self._transport
        if transport is None:
            return
        replies = self._replies
        while replies and (reply := replies[0]).payload is not None:
            head, body = reply.payload
            transport.write(head)
            if body:
                transport.write(body)
            if body or reply.reserved_bytes:
                self._note_large(reply, len(body))
            if reply.is_open:  # more of it comes
                reply.payload = None
                reply.written()
                break
            replies.popleft()
            if reply.body_bytes:
                reply.forget_body()
            if not reply.keep_alive:
                transport.close()
                return
        if self._backlog or self._unparsed:
            self._serve_backlog_soon()

    def _note_large(self, reply: Reply, size_bytes: int) -> None:
        """An answer was written that was large, or expected to be."""
        unread = self._server.unread
        if size_bytes:
            unread.gather(self, size_bytes)
        reserved_bytes, reply.reserved_bytes = reply.reserved_bytes, 0
        unread.answered(reply.operation, size_bytes, reserved_bytes)

    def date(self) -> str:
        """The Date header's value."""
        return self._server.date()

    @property
    def is_waiting(self) -> bool:
        """Whether requests wait for their answer."""
        return bool(self._replies)

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the client has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def close_when_idle(self) -> None:
        """Close at once if nothing waits for an answer, else after it."""
        if self._transport is None:
            return
        self._drop_backlog()
        if not self._replies:
            self._transport.close()
        for reply in self._replies:
            reply.keep_alive = False

    def time_out(self) -> None:
        """End a connection that brings nothing: with an answer where a request has begun."""
        if self.progress.stage is Stage.IDLE:
            if self._transport is not None:
                self._transport.close()
        else:
            self._refuse(BadHead(408, "the request did not arrive in time"))

    def _can_serve(self) -> bool:
        return self.is_writable and not self._is_held and len(self._replies) < PIPELINED_REQUESTS_MAX

    def _handle(self, request: Request, reply: Reply) -> None:
        if self._server.unread.sizes and not self._has_room(request, reply):
            return
        self._replies.append(reply)
        self._server.handler(request, reply)
        cost_ms, last_ms = self._server.turns.end(self._began_ms), self._last_cost_ms
        self._began_ms += cost_ms
        # The lesser of two: what interrupts the process makes single requests look expensive.
        self.cost_ms = cost_ms if cost_ms < last_ms else last_ms
        self._last_cost_ms = cost_ms

    def _has_room(self, request: Request, reply: Reply) -> bool:
        """Whether the answer may be made now; if not, the request waits until others are read."""
        reserved_bytes = self._server.unread.admit(self, reply.operation)
        if reserved_bytes is None:
            self._is_held = True
            self._backlog.appendleft((request, reply))
            if self._transport is not None:
                self._transport.pause_reading()
            self._server.client_is_slow()
            return False
        reply.reserved_bytes = reserved_bytes
        return True

    @property
    def more_waiting(self) -> int:
        """About how many requests wait behind the next one."""
        return max(0, len(self._backlog) - 1) + len(self._unparsed) // REQUEST_BYTES

    def _serve_backlog_soon(self) -> None:
        """In a later turn of the event loop, so that the neighbours' requests come in between."""
        if not self._waits_for_turn:
            self._waits_for_turn = True
            self._server.turns.wait(self)

    def serve_next(self) -> None:
        """Serve one request of those that wait, or read what has come."""
        self._waits_for_turn = False
        if self._transport is None:
            return
        self._now_ms = self._began_ms = self._server.turns.begin()
        if self._unparsed and not self._backlog and not self.awaits_room:
            data, self._unparsed = self._unparsed, b""
            self._parse(data)
        elif self._backlog and self._can_serve():
            self._handle(*self._backlog.popleft())
        if self._backlog or (self._unparsed and not self.awaits_room):
            if self._can_serve():
                self._serve_backlog_soon()
        elif self.is_writable and not self.awaits_room:
            self._transport.resume_reading()

    def _refuse(self, error: BadHead) -> None:
        if self._is_refused or self._transport is None or self._transport.is_closing():
            return
        self._is_refused = True
        self._drop_body()  # now: the answers before the refusal may take long
        answer = refusal(error)
        if self._replies:  # those before it are answered first
            reply = Reply(self, NOTHING, keep_alive=False, takes_chunks=False)
            self._replies.append(reply)
            reply.send(answer)
            return
        head, body = serialize(answer, self._server.date(), keep_alive=False)
        self._transport.write(head + body)
        self._transport.close()
