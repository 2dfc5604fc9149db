"""Unpacking bodies, and decoding large ones beside the event loop.

One thread does it, one body after the other: the interpreter lets the event loop run in between, and two at a time
would only take turns. Knows nothing of operations.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from onebox.gateway.destination import find_destination
from onebox.gateway.limits import body_bytes_max
from onebox.gateway.message import Request, Response
from onebox.gateway.routing import Route, RoutingError, resolve
from onebox.services.context import Wire


class Prepared(NamedTuple):
    """A large request, unpacked and decoded."""

    request: Request
    route: Route
    decoded: Callable[[], Wire]
    """The operation's input. Raises AwsError where the request does not fit the operation."""


class LargeBodies:
    """The thread for large bodies; started at the first."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    async def prepare(self, request: Request) -> Prepared | RoutingError:
        """Unpack, route and decode a request; RoutingError if no operation fits it."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "onebox-decode")
        return await asyncio.get_running_loop().run_in_executor(self._thread, _prepare, request)

    def stop(self) -> None:
        """Begin nothing more."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


def _prepare(received: Request) -> Prepared | RoutingError:
    try:
        request = decompressed(received)
        route = resolve(request)
    except RoutingError as error:
        return error
    try:
        wire = route.codec.decode_beside(request)
    except Exception as error:  # noqa: BLE001 - raised again on the event loop, where it becomes an answer
        return Prepared(request, route, _raising(error))
    return Prepared(request, route, lambda: wire)


def _raising(error: Exception) -> Callable[[], Wire]:
    def decoded() -> Wire:
        raise error

    return decoded


def is_compressed(request: Request) -> bool:
    """Whether the body is to be unpacked. S3 keeps an object's Content-Encoding with the object."""
    headers = request.headers
    return headers.get("content-encoding", "").lower() == "gzip" and "/s3/" not in headers.get("authorization", "")


def decompressed(request: Request) -> Request:
    """The request with its gzip body unpacked (clients compress metrics and items). Raises RoutingError for a bad
    one."""
    if not is_compressed(request):
        return request
    most_bytes = body_bytes_max(find_destination(request.path, request.query, request.headers).service)
    try:
        body = _gunzip(request.body, most_bytes)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise RoutingError(_not_gzip) from error
    plain = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return replace(request, headers=plain, body=body, body_bytes=len(body))


def _gunzip(body: bytes, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    unpacked = unpacker.decompress(body, most_bytes)
    if unpacker.unconsumed_tail:
        raise ValueError("the body is too large")
    if not unpacker.eof:
        raise ValueError("the body is cut short")
    return unpacked


def _not_gzip(request_id: str) -> Response:
    headers = [("Content-Type", "text/plain"), ("x-amzn-RequestId", request_id)]
    return Response(400, b"The body is not valid gzip, or is too large when unpacked.\n", headers)
