"""The head of a request: what RFC 9112 requires of target and Host, judged as soon as the head has come. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from onebox.gateway.message import Response

_SINGLE_HEADERS = frozenset({"host", "authorization", "content-length", "content-type", "x-amz-target", "origin"})
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~-]{1,253})(?::\d{1,5})?", re.ASCII)
VERSIONS = ("1.1", "1.0")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class BadHead(Exception):
    """The request is refused before its body is read; ``status`` and the message say why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Target(NamedTuple):
    """Where a request goes; both parts percent-encoded."""

    path: str
    query: str


def check_repeated(name: str) -> None:
    """Refuse a second header of a name that may stand once. Raises BadHead."""
    if name in _SINGLE_HEADERS:
        raise BadHead(400, f"the header {name} occurs twice")


def read_target(url: bytes, headers: dict[str, str]) -> Target:
    """Path and query of the request line; an absolute form (RFC 9112, 3.2.2) sets the Host header."""
    text = url.decode("latin-1")
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        authority, slash, remainder = rest.partition("/")
        headers["host"] = authority
        text = f"{slash}{remainder}" or "/"
    path, _, query = text.partition("?")
    if not path.startswith("/") and path != "*":
        raise BadHead(400, "the request target is not a path")
    return Target(path, query)


def check_method(method: str) -> None:
    """Refuse what no service knows. Raises BadHead."""
    if method not in METHODS:
        raise BadHead(405, f"the method {method} is not supported; supported are {', '.join(METHODS)}")


def check_version(http_version: str) -> None:
    """Refuse what is framed by the rules of another version, as AWS's load balancers do. Raises BadHead."""
    if http_version not in VERSIONS:
        raise _unknown_version()


def malformed(error: Exception) -> BadHead:
    """The refusal of what the parser cannot read."""
    text = str(error)
    if text in ("Invalid HTTP version", "Expected HTTP/2 Connection Preface"):
        return _unknown_version()
    return BadHead(400, f"not an HTTP/1.1 request: {text}")


def _unknown_version() -> BadHead:
    return BadHead(505, "the version of HTTP is not supported; supported are 1.1 and 1.0")  # RFC 9110, 15.6.6


def check_host(http_version: str, headers: dict[str, str]) -> None:
    """The rules of RFC 9112, 3.2. Raises BadHead."""
    host = headers.get("host")
    if host is None:
        if http_version != "1.0":
            raise BadHead(400, "the header host is missing")
    elif not _HOST.fullmatch(host):
        raise BadHead(400, "the header host is not a host with an optional port")


def without_upgrade(method: str, url: bytes, headers: dict[str, str]) -> bytes:
    """A head without the wish for another protocol."""
    lines = [b"%b %b HTTP/1.1" % (method.encode("ascii"), url)]
    for name, value in headers.items():
        if name == "connection":
            value = "close" if "close" in value.lower() else "keep-alive"
        if name not in ("upgrade", "http2-settings"):
            lines.append(f"{name}: {value}".encode("latin-1"))
    return b"\r\n".join((*lines, b"", b""))


def refusal(error: BadHead) -> Response:
    """The answer to a request with a bad head."""
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if error.status == 405:
        headers.append(("Allow", ", ".join(METHODS)))
    return Response(error.status, f"{error}\n".encode(), headers)
