"""Exchanges a usual request with onebox without urllib3 and http.client, which take half of the time of a call.

Usual is a POST to onebox with its body in memory, as the JSON and query protocols send it. All else goes the SDK's way:
other addresses and methods, proxies, streams, a timeout of one request, a connection that cannot be made, programs that
watch or replace what the SDK uses. An answer that is not plain, or none, is given to the SDK as if it had sent the
request.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import io
import os
import re
import select
import sys
from functools import lru_cache
from logging import DEBUG
from types import FunctionType, ModuleType
from typing import Any

from .answer_heads import arrived_head
from .connections import Answered, Broken, Connection
from .versions import uses_at_most, uses_only

# Where a session keeps its connections that are not in use.
_KEPT = "_onebox_connections"
_ENDPOINT = re.compile(r"http://([0-9a-z.-]+):(\d+)")
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) [ -~]*\r\n")
_TOKEN = re.compile(r"[0-9A-Za-z-]+")
# What http.client would send in another way, or send besides.
_UNUSUAL_FIELDS = ("Expect", "Transfer-Encoding", "Host", "Accept-Encoding")
_NEEDED_FIELDS = ("Content-Length", "User-Agent")
_WITHOUT_CONTENT = (204, 304)
_LENGTH_DIGITS_MAX = 16
# What send() uses in the versions that are known.
_SEND = """
    _proxy_config proxy_url_for url _get_connection_manager connection_from_url _setup_ssl_cert _verify
    ensure_boolean os environ get urlparse hostname proxy_headers _get_request_target _get_request_timeout
    urlopen method body headers Retry _chunked botocore awsrequest AWSResponse status stream_output content
    URLLib3SSLError SSLError NewConnectionError socket gaierror EndpointConnectionError ProxyError
    ProxyConnectionError mask_proxy_url URLLib3ConnectTimeoutError ConnectTimeoutError URLLib3ReadTimeoutError
    ReadTimeoutError ProtocolError ConnectionClosedError CancelledError Exception logger debug HTTPClientError
"""


def improve(module: ModuleType) -> None:
    """``module`` is botocore.httpsession."""
    endpoint = _ENDPOINT.fullmatch(os.environ.get("AWS_ENDPOINT_URL", ""))
    session: Any = getattr(module, "URLLib3Session", None)
    if endpoint is None or endpoint[2] == "80" or not _is_known(module, session):
        return
    exchange = _Exchange(module, endpoint)
    send_any, close_any = session.send, session.close

    def send(self: Any, request: Any) -> Any:
        head = exchange.encode(self, request)
        connection = exchange.connect(self) if head else None
        return send_any(self, request) if connection is None else exchange.run(self, request, connection, head)

    def close(self: Any) -> None:
        for connection in vars(self).pop(_KEPT, ()):
            connection.close()
        close_any(self)

    session.send, session.close = send, close


def _is_known(module: ModuleType, session: Any) -> bool:
    proxies = getattr(module, "ProxyConfiguration", None)
    return (
        hasattr(select, "poll")
        and uses_at_most(getattr(session, "send", None), *_SEND.split())
        and uses_only(getattr(session, "_path_url", None), "urlparse", "path", "query")
        and uses_only(getattr(session, "close", None), "_manager", "clear", "_proxy_managers", "values")
        and uses_only(
            getattr(proxies, "proxy_url_for", None), "urlparse", "_proxies", "get", "scheme", "_fix_proxy_url"
        )
    )


class _Exchange:
    """What all sessions have in common."""

    def __init__(self, module: ModuleType, endpoint: re.Match[str]) -> None:
        pool = sys.modules["urllib3.connectionpool"]
        self._module = module
        self._send_any = module.URLLib3Session.send
        self._start = endpoint[0] + "/"
        self._address = endpoint[1], int(endpoint[2])
        self._log: Any = pool.log
        path_url = module.URLLib3Session._path_url
        # Neither the session nor anything else counts but the URL.
        self._target_of = lru_cache(maxsize=64)(lambda url: pool._encode_target(path_url(None, url)))
        # Who traces calls replaces one of these.
        holders = (pool.HTTPConnectionPool, module.botocore.awsrequest.AWSHTTPConnection, http.client.HTTPConnection)
        self._watched = [
            (holder, name, getattr(holder, name))
            for holder in holders
            for name in ("urlopen", "request", "getresponse")
            if hasattr(holder, name)
        ]
        self._is_watched = not all(_is_own(function) for _, _, function in self._watched)

    def encode(self, session: Any, request: Any) -> bytes:
        """The head of a usual request as urllib3 and http.client write it; nothing for any other request."""
        if not self._is_usual(session, request):
            return b""
        lines = [
            f"POST {self._target_of(request.url)} HTTP/1.1",
            f"Host: {self._start[7:-1]}",
            "Accept-Encoding: identity",
        ]
        for name, value in request.headers.items():
            text = value.decode("latin-1") if type(value) is bytes else value
            if type(text) is not str or not _is_token(name):
                return b""
            lines.append(f"{name}: {text}")
        head = "\r\n".join(lines)
        if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1:
            return b""  # http.client refuses it
        try:
            return f"{head}\r\n\r\n".encode("latin-1")
        except UnicodeEncodeError:
            return b""

    def _is_usual(self, session: Any, request: Any) -> bool:
        headers = request.headers
        return (
            request.method == "POST"
            and request.url.startswith(self._start)
            and isinstance(request.body, (bytes, bytearray))
            and not request.stream_output
            and not session._proxy_config._proxies
            and (getattr(request, "context", None) or {}).get("read_timeout") is None
            and all(name in headers for name in _NEEDED_FIELDS)
            and not any(name in headers for name in _UNUSUAL_FIELDS)
            and not self._is_watched
            and all(getattr(holder, name) is function for holder, name, function in self._watched)
            and not self._log.isEnabledFor(DEBUG)
        )

    def connect(self, session: Any) -> Connection | None:
        """A connection that waits for a request; None where the SDK's way is the better one."""
        kept = vars(session).setdefault(_KEPT, [])
        while kept:
            with contextlib.suppress(IndexError):  # another thread was faster
                connection: Connection = kept.pop()
                if connection.is_ready():
                    return connection
                connection.close()
        timeout = session._timeout
        connect_s, read_s = getattr(timeout, "connect_timeout", 0), getattr(timeout, "read_timeout", 0)
        if not all(wait is None or (type(wait) in (int, float) and wait > 0) for wait in (connect_s, read_s)):
            return None
        try:
            return Connection(self._address, connect_s, read_s, session._socket_options)
        except OSError:
            return None  # the SDK finds the same and says it in its way

    def run(self, session: Any, request: Any, connection: Connection, head: bytes) -> Any:
        """The answer, or the SDK's error."""
        is_open = False
        try:
            try:
                connection.send(head + request.body)
                answer, arrived = self._read(request, connection)
            except OSError as error:
                answer, arrived = None, Broken(error)
            is_open = answer is not None
            return answer or self._read_any(session, request, arrived)
        finally:
            kept = vars(session).setdefault(_KEPT, [])
            if is_open and len(kept) < session._max_pool_connections:
                kept.append(connection)
            else:
                connection.close()

    def _read(self, request: Any, connection: Connection) -> tuple[Any, Any]:
        """A plain answer; of any other what has arrived and is to come, as a file."""
        received = connection.file.peek()
        status = _STATUS.match(received)
        head = arrived_head(received[status.end() :]) if status else b""
        fields = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n")[:-1])
        known = {name.lower(): value for name, value in fields.items()}
        length = known.get("content-length", "")
        is_plain = (
            len(known) == head.count(b"\n")
            and length.isdecimal()
            and len(length) < _LENGTH_DIGITS_MAX
            and "transfer-encoding" not in known
            and known.get("connection", "keep-alive") == "keep-alive"
        )
        if status is None or int(status[1]) in _WITHOUT_CONTENT or not is_plain:
            return None, connection.file
        connection.file.read(status.end() + len(head) + 2)
        content = connection.file.read(int(length))
        if len(content) < int(length):
            return None, io.BytesIO(status[0] + head + b"\r\n" + content)
        code = int(status[1])
        answer = self._module.botocore.awsrequest.AWSResponse(request.url, code, fields, _ReadAnswer(code, fields))
        answer._content = content
        return answer, None

    def _read_any(self, session: Any, request: Any, arrived: Any) -> Any:
        """What the SDK makes of the answer: it sends the request once more, to nobody, and reads ``arrived``."""
        pool = self._module.botocore.awsrequest.AWSHTTPConnectionPool(*self._address, timeout=session._timeout)
        opened = pool._new_conn()
        opened.sock = Answered(arrived)
        pool._get_conn = lambda *_args, **_kwargs: opened
        pool.connection_from_url = lambda _url: pool
        stand_in = copy.copy(session)
        stand_in._get_connection_manager = lambda *_args: pool
        return self._send_any(stand_in, request)


class _ReadAnswer:
    """Stands for urllib3's answer when all of it has been read; one is made for whoever asks."""

    def __init__(self, status: int, fields: dict[str, str]) -> None:
        self.status = status
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        raw = sys.modules["urllib3.response"].HTTPResponse(
            io.BytesIO(),
            headers=self._fields,
            status=self.status,
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
        )
        return getattr(raw, name)


@lru_cache(maxsize=256)
def _is_token(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None


def _is_own(function: Any) -> bool:
    """Whether it is a library's function, as its module defines it, rather than a wrapper of it."""
    module = sys.modules.get(getattr(function, "__module__", ""))
    return type(function) is FunctionType and function.__code__.co_filename == getattr(module, "__file__", None)
