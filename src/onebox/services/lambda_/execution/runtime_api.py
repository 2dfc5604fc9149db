"""The Lambda Runtime API, as one execution environment sees it: an HTTP/1.1 connection of a function's process.

Every worker has a listener of its own, because the runtime client is only ever told a host and a port. Bytes in,
calls to a :class:`RuntimeHost` out; what the host answers to one read leaves in one write. Any garbage is answered
with 400 and closes the connection.
Knows nothing of processes, functions or queues.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from onebox.services.lambda_.execution.payloads import error_payload
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.limits import RESPONSE_BYTES_MAX, STREAMED_BYTES_MAX

_PREFIX = b"/2018-06-01/runtime/"
_INVOCATION = _PREFIX + b"invocation/"
_PEAK_MEMORY = b"x-onebox-peak-memory-kib"
_MODE = b"lambda-runtime-function-response-mode"
_CONTENT_TYPE = b"content-type"
_ERROR_BODY = b"lambda-runtime-function-error-body"
_ERROR_TYPE = b"lambda-runtime-function-error-type"
_READ = frozenset([_PEAK_MEMORY, _MODE, _CONTENT_TYPE, _ERROR_BODY, _ERROR_TYPE])
"""The headers, and the trailers of streamed responses, that count here."""
_ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'


class RuntimeHost(Protocol):
    """The worker behind the API. All calls come from the event loop."""

    def next_requested(self, connection: RuntimeApiConnection) -> bool:
        """The process has finished its initialisation or its last invocation; answer with ``send_invocation``. False
        if it asks too often: an invocation runs, or it waits for the next one already."""

    def connection_lost(self, connection: RuntimeApiConnection) -> None:
        """The process closed a connection."""

    def answered(self, request_id: str, payload: bytes, peak_memory_kib: int) -> bool:
        """The handler returned. False if ``request_id`` isn't the running invocation."""

    def answer_too_large(self, request_id: str, payload_bytes: int) -> bool:
        """The handler returned more than Lambda allows."""

    def find_stream(self, request_id: str) -> ResponseStream | None:
        """Where the client of the running invocation reads a streamed response; None if it waits for the whole."""

    def failed(self, request_id: str, error: bytes, peak_memory_kib: int) -> bool:
        """The handler raised; ``error`` is the JSON payload that describes it."""

    def init_failed(self, error: bytes) -> bool:
        """The function's module could not be loaded. False if the process was initialised before."""


class RuntimeApiConnection(asyncio.Protocol):
    """One connection of a child; pipelined requests are served in order."""

    def __init__(self, host: RuntimeHost, on_lost: Callable[[RuntimeApiConnection], None]) -> None:
        self._host = host
        self._on_lost = on_lost
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._next_pending = False
        self._url = b""
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._stream: ResponseStream | None = None

    def send_invocation(self, head: bytes, payload: bytes) -> None:
        """Answer the pending ``next`` request; ``head`` holds the Lambda-Runtime headers."""
        self._outgoing.append(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
            % (head, len(payload), payload)
        )
        self._next_pending = False
        self._flush()

    def close(self) -> None:
        """Cut the connection. Idempotent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no asyncio class

    def connection_lost(self, error: Exception | None) -> None:
        self._on_lost(self)
        self._host.connection_lost(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._outgoing.append(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self._flush()
            if self._transport is not None:
                self._transport.close()
            return
        # A child that asks for the next invocation doesn't wait for the answer before; both go in one write.
        if not self._next_pending:
            self._flush()

    # The callbacks of httptools.

    def on_message_begin(self) -> None:
        self._url = b""
        self._body = []
        self._body_bytes = 0
        self._headers = {}
        self._stream = None

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if (key := name.lower()) in _READ:
            self._headers[key] = value

    def on_body(self, body: bytes) -> None:
        if not self._body_bytes and _MODE in self._headers:
            self._begin_stream()
        self._body_bytes += len(body)
        if self._stream is not None:
            if self._body_bytes <= STREAMED_BYTES_MAX:
                self._stream.write(body)
        elif self._body_bytes <= RESPONSE_BYTES_MAX:
            self._body.append(body)

    def on_message_complete(self) -> None:
        url = self._url
        if url == _INVOCATION + b"next":
            self._next_pending = True
            if not self._host.next_requested(self):
                self._next_pending = False
                self._refuse(403, b"InvalidStateTransition", b"Not expecting a request for the next invocation")
        elif url.startswith(_INVOCATION):
            self._complete_invocation(url[len(_INVOCATION) :])
        elif url == _PREFIX + b"init/error":
            if self._host.init_failed(b"".join(self._body)):
                self._outgoing.append(_ACCEPTED)
            else:
                self._refuse(403, b"InvalidStateTransition", b"The runtime is initialised")
        else:
            self._refuse(404, b"InvalidRequest", b"Not Found")

    def _begin_stream(self) -> None:
        """A response whose parts go to the client as they come, if the client wants that."""
        rest = self._url.partition(_INVOCATION)[2].decode("latin-1")
        request_id, _, verb = rest.partition("/")
        if verb == "response" and self._headers[_MODE].lower() == b"streaming":
            self._stream = self._host.find_stream(request_id)
            if self._stream is not None:
                content_type = self._headers.get(_CONTENT_TYPE, b"application/octet-stream")
                self._stream.begin(content_type.decode("latin-1"), self)

    def pause(self) -> None:
        """Read no more for now: the client of a streamed response is slow."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _complete_invocation(self, rest: bytes) -> None:
        request_id, _, verb = rest.decode("latin-1").partition("/")
        payload = b"".join(self._body)
        told = self._headers.get(_PEAK_MEMORY, b"")
        peak_memory_kib = int(told) if told.isdigit() else 0
        bytes_max = RESPONSE_BYTES_MAX if self._stream is None else STREAMED_BYTES_MAX
        if verb == "response" and _ERROR_TYPE in self._headers:
            known = self._host.failed(request_id, self._trailing_error(), peak_memory_kib)
        elif verb == "response" and self._body_bytes > bytes_max:
            known = self._host.answer_too_large(request_id, self._body_bytes)
            if known:
                self._refuse(413, b"RequestEntityTooLarge", b"Exceeded maximum allowed payload size.")
                return
        elif verb == "response":
            known = self._host.answered(request_id, payload, peak_memory_kib)
        elif verb == "error":
            known = self._host.failed(request_id, payload, peak_memory_kib)
        else:
            self._refuse(404, b"InvalidRequest", b"Not Found")
            return
        if known:
            self._outgoing.append(_ACCEPTED)
        else:
            self._refuse(400, b"InvalidRequestID", b"Invalid request ID")

    def _trailing_error(self) -> bytes:
        """The error of a function that failed after it had begun to stream."""
        try:
            body = base64.b64decode(self._headers.get(_ERROR_BODY, b""), validate=True)
        except binascii.Error:
            body = b""
        return body or error_payload(self._headers[_ERROR_TYPE].decode("latin-1"), "")

    def _refuse(self, status: int, error_type: bytes, message: bytes) -> None:
        body = b'{"errorMessage":"%b","errorType":"%b"}\n' % (message, error_type)
        self._outgoing.append(
            b"HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )

    def _flush(self) -> None:
        if self._outgoing and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()
