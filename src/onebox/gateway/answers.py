"""Answers as bytes. Knows nothing of sockets."""

from __future__ import annotations

from http import HTTPStatus

from onebox.gateway.message import Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_FRAMING = frozenset(("content-length", "transfer-encoding"))
_BODILESS = frozenset({204, 304})
_SMALL_BODY_BYTES = 64 * 1024
_LINES: dict[int, bytes] = {}

Payload = tuple[bytes, bytes]
"""Head and body; a small body is part of the head, so that both leave in one packet."""


def serialize(response: Response, date: bytes, *, keep_alive: bool, head_only: bool = False) -> Payload:
    """The bytes of an answer. ``head_only``: the answer to HEAD, which has the length of a body and no body."""
    status = response.status
    parts = [_LINES.get(status) or _make_line(status)]
    has_length = False
    for name, value in response.headers:
        parts.append(f"{name}: {value}\r\n".encode("latin-1", "replace"))
        has_length = has_length or name.lower() in _FRAMING
    body = response.body
    if not has_length and status not in _BODILESS:
        parts.append(b"Content-Length: %d\r\n" % len(body))
    parts.append(b"Date: %b\r\n" % date)
    parts.append(b"\r\n" if keep_alive else b"Connection: close\r\n\r\n")
    if head_only or status in _BODILESS:
        return b"".join(parts), b""
    if len(body) > _SMALL_BODY_BYTES:
        return b"".join(parts), body
    parts.append(body)
    return b"".join(parts), b""


LAST_CHUNK = b"0\r\n\r\n"


def serialize_streamed_head(response: Response, date: bytes, *, keep_alive: bool, chunked: bool) -> bytes:
    """The head of an answer whose body follows in parts: framed if ``chunked``, else up to the connection's end."""
    headers = [*response.headers, ("Date", date.decode("ascii"))]
    if chunked and has_body(response.status):
        headers.append(("Transfer-Encoding", "chunked"))
    if not keep_alive:
        headers.append(("Connection", "close"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return _make_line(response.status) + lines.encode("latin-1", "replace") + b"\r\n"


def frame_chunk(chunk: bytes) -> bytes:
    """A part of a body, framed."""
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


def has_body(status: int) -> bool:
    """Whether an answer of this status has a body."""
    return status not in _BODILESS


def _make_line(status: int) -> bytes:
    line = _LINES[status] = f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n".encode()
    return line
