"""Plain HTTP values between the socket and the codecs. Nothing here knows sockets, services or AWS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256


def _no() -> bool:
    return False


@dataclass(slots=True)
class Request:
    """One HTTP request, its body whole. ``path`` and ``query`` are raw (percent-encoded); header names lower-case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    """A bytearray if it is very large (limits.COPIED_BYTES_MAX)."""
    source_ip: str = "127.0.0.1"
    body_bytes: int = -1
    """How many bytes the body had. Of one that is too large only the size is kept, and ``body`` is empty."""
    is_from_function: Callable[[], bool] = _no
    """Whether a function's process sent it: only issued credentials are accepted then. Asked where it matters."""
    _body_sha256: str = ""

    def body_sha256(self) -> str:
        """The body's SHA-256, in hex digits; worked out once."""
        if not self._body_sha256:
            self._body_sha256 = sha256(self.body).hexdigest()
        return self._body_sha256


@dataclass(slots=True)
class Response:
    """One HTTP answer; the server adds Content-Length, Date and Connection."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class StreamedResponse(Response):
    """An HTTP answer whose body comes in parts; ``body`` is empty. What raises amid them cuts the connection.

    A header Content-Length, exactly so spelled, tells how long all parts are together."""

    chunks: AsyncIterator[bytes] = field(kw_only=True)
