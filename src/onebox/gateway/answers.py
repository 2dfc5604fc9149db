"""Answers as bytes. Knows nothing of sockets."""

from __future__ import annotations

from http import HTTPStatus

from onebox.gateway.message import Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_FRAMING = frozenset(("content-length", "transfer-encoding"))
_BODILESS = frozenset({204, 304})
_SMALL_BODY_BYTES = 64 * 1024
_LINES: dict[int, str] = {}

Payload = tuple[bytes, bytes]
"""Head and body; a small body is part of the head, so that both leave in one packet."""


def serialize(response: Response, date: str, keep_alive: bool, head_only: bool = False) -> Payload:
    """The bytes of an answer. ``head_only``: the answer to HEAD, which has the length of a body and no body."""
    status = response.status
    lines = [_LINES.get(status) or _make_line(status)]  # a function's answer may have thousands of headers
    is_framed = status in _BODILESS
    for name, value in response.headers:
        lines.append(f"{name}: {value}\r\n")
        is_framed = is_framed or name.lower() in _FRAMING
    body = response.body
    length = "" if is_framed else f"Content-Length: {len(body)}\r\n"
    end = "\r\n" if keep_alive else "Connection: close\r\n\r\n"
    head = f"{''.join(lines)}{length}Date: {date}\r\n{end}".encode("latin-1", "replace")
    if head_only or status in _BODILESS:
        return head, b""
    if len(body) > _SMALL_BODY_BYTES:
        return head, body
    return head + body, b""


LAST_CHUNK = b"0\r\n\r\n"


def serialize_streamed_head(response: Response, date: str, *, keep_alive: bool, chunked: bool) -> bytes:
    """The head of an answer whose body follows in parts: framed if ``chunked``, else up to the connection's end."""
    headers = [*response.headers, ("Date", date)]
    if chunked and has_body(response.status):
        headers.append(("Transfer-Encoding", "chunked"))
    if not keep_alive:
        headers.append(("Connection", "close"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{_make_line(response.status)}{lines}\r\n".encode("latin-1", "replace")


def frame_chunk(chunk: bytes) -> bytes:
    """A part of a body, framed."""
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


def has_body(status: int) -> bool:
    """Whether an answer of this status has a body."""
    return status not in _BODILESS


def _make_line(status: int) -> str:
    line = _LINES[status] = f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n"
    return line
