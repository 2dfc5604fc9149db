"""Answers as bytes. Knows nothing of sockets."""

from __future__ import annotations

from http import HTTPStatus

from onebox.gateway.message import Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_SMALL_BODY_BYTES = 64 * 1024
_LINES: dict[int, bytes] = {}

Payload = tuple[bytes, bytes]
"""Head and body; a small body is part of the head, so that both leave in one packet."""


def serialize(response: Response, date: bytes, *, keep_alive: bool, head_only: bool = False) -> Payload:
    """The bytes of an answer. ``head_only``: the answer to HEAD, which has the length of a body and no body."""
    status = response.status
    line = _LINES.get(status)
    if line is None:
        line = _LINES[status] = f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n".encode()
    parts = [line]
    has_length = False
    for name, value in response.headers:
        parts.append(f"{name}: {value}\r\n".encode("latin-1", "replace"))
        has_length = has_length or name.lower() == "content-length"
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
