"""The bytes of requests to their parts: method, target, headers and body, within the limits of each.

Promises: what is too large is never kept, and what breaks RFC 9112 raises BadHead inside of the parser's callbacks.
It is then the context of the parser's own error. Knows nothing of sockets and answers.
"""

from __future__ import annotations

from collections.abc import Callable

import httptools

from onebox.gateway.heads import (
    BadHead,
    Target,
    check_host,
    check_method,
    check_repeated,
    check_version,
    read_target,
    without_upgrade,
)
from onebox.gateway.limits import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    HEADERS_MAX,
    RESERVED_BODY_BYTES,
    SMALL_BODY_BYTES,
    TARGET_BYTES_MAX,
)
from onebox.gateway.stage import Stage

_ABSOLUTE = (b"http:", b"HTTP:", b"https:", b"HTTPS:")
"""An absolute request target sets the Host header, so it is read each time."""


class RequestReader:
    """The callbacks of httptools' parser up to the body.

    A connection derives from it: a call more for each header would be felt.
    """

    __slots__ = (
        "_body",
        "_body_bytes",
        "_body_bytes_max",
        "_body_pieces",
        "_content_bytes",
        "_fields",
        "_find_body_bytes_max",
        "_header_bytes",
        "_headers",
        "_known_head",
        "_method",
        "_parser",
        "_repeated_count",
        "_target",
        "_url",
        "entered",
    )

    def __init__(self, find_body_bytes_max: Callable[[str, str, dict[str, str]], int]) -> None:
        """``find_body_bytes_max`` gets path, query and headers."""
        self._find_body_bytes_max = find_body_bytes_max
        self._parser = httptools.HttpRequestParser(self)
        self._method = ""
        self._target = Target("/", "")
        self._known_head: tuple[bytes, bytes, str | None] | None = None
        self._body: bytes | bytearray
        self._body_bytes: int
        self._content_bytes: int
        """The length of the body where the head tells it, else 0."""
        self._body_pieces = 0
        self._fields: dict[str, str]
        """Where the next header goes, and then the next trailer."""
        self._body_bytes_max: int | None = None
        self.entered: Stage | None = None
        """The stage that was entered last by what is being read; None if it is the one before."""
        self._start_message()

    @property
    def body_bytes_left(self) -> int:
        """What is still to come of a body whose length is known; 0 elsewhere."""
        return max(0, self._content_bytes - self._body_bytes)

    def takes_chunks(self, keep_alive: bool) -> bool:
        """Whether an answer to the request may come in chunks, for which version 1.0 of HTTP has no form."""
        # A client of 1.0 asks for a lasting connection by a header, one of 1.1 need not: its version is known then. The
        # parser takes an old proxy's header for it, too.
        headers = self._headers
        is_known = keep_alive and "connection" not in headers and "proxy-connection" not in headers
        return is_known or self._parser.get_http_version() != "1.0"

    def body_expected(self, expectation: str) -> None:
        """A head is complete whose client waits for a word before it sends the body: its header ``Expect``."""
        raise NotImplementedError

    def large_body_expected(self, size_bytes: int) -> None:
        """A body comes that is larger than :data:`RESERVED_BODY_BYTES`: what it takes at most. Raises BadHead."""
        raise NotImplementedError

    def _feed(self, data: bytes) -> None:
        """Read on. Raises httptools.HttpParserError."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(memoryview(data)[upgrade.args[0] :])

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > TARGET_BYTES_MAX:
            raise BadHead(414, "path and query are too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEAD_BYTES_MAX:
            raise _too_large()
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        fields = self._fields
        if key in fields:
            check_repeated(key)
            self._count_repeated()
            text = f"{fields[key]},{text}"
        fields[key] = text

    def _count_repeated(self) -> None:
        self._repeated_count += 1
        if self._repeated_count > HEADERS_MAX:
            raise _too_large()

    def _check_count(self) -> None:
        """Count the headers once they are complete."""
        if len(self._headers) + self._repeated_count > HEADERS_MAX:
            raise _too_large()

    def _check_trailers(self) -> None:
        """Count the trailers of a body in chunks together with the headers. They are used for nothing: none of AWS's
        clients sends one here (the trailers of S3's aws-chunked form stand inside of the body)."""
        if len(self._headers) + len(self._fields) + self._repeated_count > HEADERS_MAX:
            raise _too_large()

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers
        self._check_count()
        check_version(parser.get_http_version())
        # A client of AWS sends the same line and host again and again: what was found right once is right.
        head = (parser.get_method(), self._url, headers.get("host"))
        if head != self._known_head:
            self._known_head = None
            self._method = head[0].decode("ascii")
            check_method(self._method)
            self._target = read_target(self._url, headers)
            check_host(parser.get_http_version(), headers)
            # Without a host it may be right for one version of HTTP only.
            if "host" in headers and not self._url.startswith(_ABSOLUTE):
                self._known_head = head
        length = headers.get("content-length")
        if length is None:
            self._fields = {}  # what comes after a body in chunks never becomes a header
        if parser.should_upgrade():
            return
        if length is not None:
            self._content_bytes = int(length)
            if self._content_bytes > BODY_BYTES_MAX:
                raise BadHead(413, "the body is too large")
            if self._content_bytes > RESERVED_BODY_BYTES:
                self.large_body_expected(min(self._content_bytes, self._most_bytes()))
        self.entered = Stage.BODY
        if "expect" in headers:
            self.body_expected(headers["expect"])

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._body_pieces += 1
        if self._body_bytes > BODY_BYTES_MAX:
            raise BadHead(413, "the body is too large")
        if not self._content_bytes and self._body_bytes - len(body) <= RESERVED_BODY_BYTES < self._body_bytes:
            self.large_body_expected(self._most_bytes())  # the head of a body in chunks does not tell its length
        if self._body_bytes > SMALL_BODY_BYTES and self._body_bytes > self._most_bytes():
            self._body = b""  # read to its end, so that the client gets the answer, and not kept
        elif not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body) + body

    def _feed_without_upgrade(self, data: memoryview) -> None:
        """Go on behind a head that asks for another protocol."""
        rest: memoryview | None = data
        while rest is not None:
            # The request is answered as if it had asked for no other protocol (RFC 9110, 7.8), body included. The
            # parser stops after such a head, so a fresh one reads the head again without the wish.
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(without_upgrade(self._method, self._url, self._headers))
            rest = self._feed_until_upgrade(rest)

    def _feed_until_upgrade(self, data: memoryview) -> memoryview | None:
        """What follows a head that asks for another protocol; None if all is read."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        return None

    def _most_bytes(self) -> int:
        """The largest body that is kept for this request."""
        # Asked for large bodies only: the answer takes longer than a small request's head.
        if self._body_bytes_max is None:
            target = self._target
            self._body_bytes_max = self._find_body_bytes_max(target.path, target.query, self._headers)
        return self._body_bytes_max

    def on_message_begin(self) -> None:
        self.entered = Stage.HEAD
        self._start_message()

    def _start_message(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._fields = self._headers
        self._header_bytes = 0
        self._repeated_count = 0
        self._body = b""
        self._body_bytes = 0
        self._content_bytes = 0
        self._body_bytes_max = None


def _too_large() -> BadHead:
    return BadHead(431, "the headers are too large or too many")
