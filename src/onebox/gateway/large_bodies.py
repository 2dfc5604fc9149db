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

from onebox.errors import AwsError, without_frames
from onebox.gateway import dynamodb_front
from onebox.gateway.destination import find_destination
from onebox.gateway.limits import body_bytes_max
from onebox.gateway.message import Request, Response
from onebox.gateway.routing import Route, RoutingError, resolve
from onebox.gateway.sigv4 import ISSUED_PREFIXES, find_credential
from onebox.services.context import Wire

_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_MEMBERS_MAX = 100
"""Texts that one body may be joined of: each costs a copy of what follows it."""


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
        return await asyncio.get_running_loop().run_in_executor(self._executor(), _prepare, request)

    async def do(self, work: Callable[[], None]) -> None:
        """Do an operation's long work in the thread."""
        await asyncio.get_running_loop().run_in_executor(self._executor(), work)

    def _executor(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "onebox-decode")
        return self._thread

    def stop(self) -> None:
        """Begin nothing more."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


def _prepare(received: Request) -> Prepared | RoutingError:
    _hash_if_signed(received)
    try:
        request = decompressed(received)
        route = resolve(request)
    except RoutingError as error:
        return without_frames(error)
    try:
        wire = route.codec.decode_beside(request)
    except Exception as error:  # noqa: BLE001 - raised again on the event loop, where it becomes an answer
        return Prepared(request, route, _raising(error))
    return Prepared(request, route, lambda: wire)


def _hash_if_signed(request: Request) -> None:
    """Hash the body here, where the signature of an issued key will be checked."""
    credential = find_credential(request)
    if credential is not None and credential.access_key_id.startswith(ISSUED_PREFIXES):
        request.body_sha256()


def _raising(error: Exception) -> Callable[[], Wire]:
    errors = [without_frames(error) if isinstance(error, AwsError) else error]

    def decoded() -> Wire:
        raise errors.pop()  # a frame that refers to an error which refers to the frame is a cycle, too

    return decoded


def is_compressed(request: Request) -> bool:
    """Whether the body is to be unpacked. S3 keeps an object's Content-Encoding with the object."""
    headers = request.headers
    return headers.get("content-encoding", "").lower() in _WINDOW_BITS and "/s3/" not in headers.get(
        "authorization", ""
    )


def decompressed(request: Request) -> Request:
    """The request with its gzip or deflate body unpacked (clients compress metrics and items). Raises RoutingError for
    a bad one."""
    if "content-encoding" not in request.headers:
        return request
    is_dynamodb = request.headers.get("x-amz-target", "").startswith(dynamodb_front.TARGET)
    if not is_compressed(request):
        if is_dynamodb:
            raise RoutingError(dynamodb_front.not_unpacked(request))
        return request
    most_bytes = body_bytes_max(find_destination(request.path, request.query, request.headers).service)
    try:
        body = _unpacked(request.body, _WINDOW_BITS[request.headers["content-encoding"].lower()], most_bytes)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise RoutingError(dynamodb_front.not_unpacked(request) if is_dynamodb else _not_unpacked) from error
    plain = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return replace(request, headers=plain, body=body, body_bytes=len(body), _body_sha256="")


def _unpacked(body: bytes, window_bits: int, most_bytes: int) -> bytes:
    """The text of all members of a compressed body, one after the other."""
    parts: list[bytes] = []
    room = most_bytes
    while body or not parts:
        unpacker = zlib.decompressobj(wbits=window_bits)
        part = unpacker.decompress(body, room + 1)
        room -= len(part)
        if room < 0 or len(parts) >= _MEMBERS_MAX:
            raise ValueError("the body is too large")
        if not unpacker.eof:
            raise ValueError("the body is cut short")
        parts.append(part)
        body = unpacker.unused_data
    return b"".join(parts)


def _not_unpacked(request_id: str) -> Response:
    headers = [("Content-Type", "text/plain"), ("x-amzn-RequestId", request_id)]
    return Response(400, b"The body is not validly compressed, or is too large when unpacked.\n", headers)
