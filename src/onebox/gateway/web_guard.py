"""Requests that come from web pages are refused before anything runs, unless their origin is configured.

A page of any site can make a browser on this machine send requests to onebox: simple ones without a preflight, and,
once its own name points at this machine (DNS rebinding), any. Browsers say so in headers that no SDK and no CLI sends:

- ``Host``: a name by which onebox may be reached, or an address. A rebound name is neither.
- ``Origin``: absent, or a configured origin.
- ``Sec-Fetch-Site``: absent, or ``none`` (an address that the user typed).

https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site,
https://fetch.spec.whatwg.org/#http-cors-protocol. Pure; knows nothing of services.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from onebox.gateway.heads import METHODS
from onebox.gateway.message import Request, Response

# Nobody but AWS and Docker decides where names under these point; ``localhost`` never leaves the machine (RFC 6761).
_SAFE_SUFFIXES = (".localhost", ".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".docker.internal")
_EXPOSED_HEADERS = (
    "x-amzn-RequestId, x-amz-request-id, x-amzn-ErrorType, x-amzn-query-error, x-amz-crc32, x-amz-version-id, "
    "x-amz-function-error, x-amz-log-result, x-amz-executed-version, ETag, Content-Range, Date"
)
_PREFLIGHT_SECONDS = 600


class PageRefused(Exception):
    """The request comes from a web page that may not send it; the message says what to configure."""


class WebGuard:
    """Which hosts and origins are let in. ``*`` lets in all; ``*.suffix`` all names under a suffix."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        """``hosts`` are names besides localhost and addresses; ``origins`` are ``scheme://host[:port]``."""
        names = [host.lower() for host in hosts]
        self._any_host = "*" in names
        self._hosts = {"localhost", *(name for name in names if not name.startswith("*"))}
        self._suffixes = (*_SAFE_SUFFIXES, *(name[1:] for name in names if name.startswith("*.")))
        self._origins = {origin.rstrip("/").lower() for origin in origins}
        self._any_origin = "*" in self._origins
        self._known_hosts: dict[str, bool] = {}

    def check(self, request: Request) -> None:
        """Raises PageRefused for a request that a web page sent without leave."""
        headers = request.headers
        host = headers.get("host", "")
        if not (self._known_hosts.get(host) or self._is_host_allowed(host)):
            raise PageRefused(
                f"onebox refuses requests to the host {host}. "
                "If it is a name of the machine that runs onebox, allow it: onebox serve --allow-host NAME."
            )
        if "origin" not in headers and "sec-fetch-site" not in headers:
            return
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        if origin is None and site == "none":
            return
        if is_function_url(host):
            return  # public by design: the function's own CORS settings decide
        if origin is None or not self.is_origin_allowed(origin):
            raise PageRefused(
                f"onebox refuses requests from web pages ({f'origin {origin}' if origin else f'site {site}'}). "
                "To let a page of yours in, allow its origin: onebox serve --allow-origin http://HOST:PORT."
            )

    def is_origin_allowed(self, origin: str) -> bool:
        """Whether pages of an origin may send requests and read the answers."""
        return self._any_origin or origin.lower() in self._origins

    def cors_headers(self, request: Request) -> list[tuple[str, str]]:
        """What lets the page read the answer; empty for a request that no page sent. Call after :meth:`check`."""
        origin = request.headers.get("origin")
        if origin is None or not self.is_origin_allowed(origin):
            return []
        return [
            ("Access-Control-Allow-Origin", "*" if self._any_origin else origin),
            ("Access-Control-Expose-Headers", _EXPOSED_HEADERS),
            ("Vary", "Origin"),
        ]

    def preflight_answer(self, request: Request) -> Response:
        """The answer to OPTIONS, for a page (a CORS preflight) or anybody else. Call after :meth:`check`."""
        asked = request.headers
        headers = [("Allow", ", ".join(METHODS))]
        if "origin" in asked and "access-control-request-method" in asked:
            headers.append(("Access-Control-Allow-Methods", ", ".join(METHODS)))
            wanted = asked.get("access-control-request-headers", "")
            if wanted.isascii() and wanted.isprintable():
                headers.append(("Access-Control-Allow-Headers", wanted))
            if asked.get("access-control-request-private-network") == "true":
                headers.append(("Access-Control-Allow-Private-Network", "true"))
            headers.append(("Access-Control-Max-Age", str(_PREFLIGHT_SECONDS)))
        return Response(204, b"", headers)

    def _is_host_allowed(self, host: str) -> bool:
        known = self._known_hosts.get(host)
        if known is None:
            known = self._judge_host(host)
            if len(self._known_hosts) < 1_000:  # clients have few; an attacker's many are judged each time
                self._known_hosts[host] = known
        return known

    def _judge_host(self, host: str) -> bool:
        if self._any_host or not host:  # HTTP/1.0 has no Host, and browsers do not speak it
            return True
        name = _without_port(host).lower().rstrip(".")
        return name in self._hosts or name.endswith(self._suffixes) or _is_address(name)


def is_function_url(host: str) -> bool:
    """Whether a Host names a Lambda function URL: ``ID.lambda-url.REGION.…``."""
    return ".lambda-url." in host


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    """Addresses are safe: a page whose origin is an address was served by the machine that has it."""
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        socket.inet_pton(family, name)
    except OSError:
        return False
    return True
