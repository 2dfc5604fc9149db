"""The place of one answer in its connection's order. Knows nothing of sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol, TypeAlias

from onebox.gateway.answers import (
    LAST_CHUNK,
    Payload,
    frame_chunk,
    has_body,
    serialize,
    serialize_streamed_head,
)
from onebox.gateway.message import Response, StreamedResponse
from onebox.gateway.unread import name_operation


class Answering(Protocol):
    """What a reply needs of its connection."""

    @property
    def is_writable(self) -> bool: ...
    def answer_ready(self) -> None: ...
    def give_back_body(self, reply: Reply, /) -> None: ...
    def abort(self) -> None: ...
    def date(self) -> str: ...


Asked: TypeAlias = tuple[str, dict[str, str]]
"""A request's method and headers."""
NOTHING: Asked = ("", {})
"""Of what was refused before it was a request."""


class Reply:
    """The place of one answer in its connection's order."""

    __slots__ = (
        "_asked",
        "_connection",
        "_written",
        "body_bytes",
        "cancelled",
        "headers",
        "is_open",
        "keep_alive",
        "payload",
        "reserved_bytes",
        "takes_chunks",
    )

    def __init__(self, connection: Answering, asked: Asked, keep_alive: bool, takes_chunks: bool) -> None:
        """``takes_chunks``: whether the request's HTTP version has bodies in chunks, which 1.0 has not."""
        self._connection = connection
        self._asked = asked
        self.keep_alive = keep_alive
        self.takes_chunks = takes_chunks
        self.reserved_bytes = 0
        """What the answer is expected to take, as long as it is not written (unread.py)."""
        self.body_bytes = 0
        """What the request's body takes, if it was large, as long as it is needed (incoming.py)."""
        self.headers: Sequence[tuple[str, str]] = ()
        """Headers that the answer gets besides its own."""
        self.payload: Payload | None = None
        self.is_open = False
        """Whether more of the answer comes after ``payload``."""
        self.cancelled: Callable[[], object] | None = None
        """Called if the client hangs up before the answer."""
        self._written: asyncio.Future[None] | None = None

    @property
    def operation(self) -> str:
        """What the request asks for, in one word."""
        return name_operation(*self._asked)

    def send(self, response: Response) -> None:
        """Answer. Harmless if the client has gone."""
        self.cancelled = None
        if self.headers:
            response = Response(response.status, response.body, [*response.headers, *self.headers])
        connection = self._connection
        self.payload = serialize(response, connection.date(), self.keep_alive, self._asked[0] == "HEAD")
        connection.answer_ready()

    async def stream(self, response: StreamedResponse) -> None:
        """Answer with parts that are sent as they come, no faster than the client takes them.

        The task that awaits this is to be what ``cancelled`` cancels."""
        self.is_open = True
        response.headers = [*response.headers, *self.headers]
        has_length = any(name == "Content-Length" for name, _ in response.headers)
        chunked = self.takes_chunks and not has_length
        self.keep_alive = self.keep_alive and (chunked or has_length)
        date = self._connection.date()
        self._add(serialize_streamed_head(response, date, keep_alive=self.keep_alive, chunked=chunked))
        sends_body = has_body(response.status) and self._asked[0] != "HEAD"
        try:
            async for chunk in response.chunks:
                if not sends_body:
                    break  # behind the first part: chunks that are begun let go of their source when they are closed
                if chunk:
                    self._add(frame_chunk(chunk) if chunked else chunk)
                    await self._wait_written()
        finally:
            # A client that has gone leaves a traceback that refers to them: nothing else would close them soon.
            if isinstance(response.chunks, AsyncGenerator):
                await response.chunks.aclose()
        end = LAST_CHUNK if chunked and sends_body else b""
        self.is_open = False
        self.cancelled = None
        self._add(end)

    def written(self) -> None:
        """What there was is written, and the client takes more."""
        if self._written is not None and not self._written.done():
            self._written.set_result(None)

    def forget_body(self) -> None:
        """The request's body is not needed any more."""
        if self.body_bytes:
            self._connection.give_back_body(self)

    def abort(self) -> None:
        """Cut the connection without an answer (the outcome is unknown), or amid it."""
        self._connection.abort()

    def _add(self, data: bytes) -> None:
        self.payload = (data if self.payload is None else self.payload[0] + data, b"")
        self._connection.answer_ready()

    async def _wait_written(self) -> None:
        while self.payload is not None or not self._connection.is_writable:
            self._written = asyncio.get_running_loop().create_future()
            await self._written
