"""A proxy in front of a service that a test makes fail: it refuses, hangs up or throttles, and counts the requests."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

ANSWERS = {
    "refuse": (503, b"Service Unavailable"),
    "throttle": (400, b'{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}'),
}
_OWN_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


class FaultProxy:
    """Passes requests on until ``fail``, again after ``recover``; a context manager."""

    def __init__(self, upstream_url: str) -> None:
        address = urlsplit(upstream_url)
        self._upstream = (address.hostname or "", address.port or 80)
        self._way = ""
        self.requests = 0
        """While failing."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, way: str) -> None:
        """Fail every request: "refuse" (503), "throttle" or "hang up" (the connection closes without an answer)."""
        self._way = way

    def recover(self) -> None:
        self._way = ""

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not proxy._way:
                    self._answer(*proxy._pass_on(self.path, body, dict(self.headers)))
                    return
                proxy.requests += 1
                if proxy._way in ANSWERS:
                    status, content = ANSWERS[proxy._way]
                    self._answer(status, content, {"Content-Type": "application/x-amz-json-1.0"})
                self.close_connection = True

            def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _OWN_HEADERS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                """Write nothing."""

        return Handler

    def _pass_on(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection(*self._upstream, timeout=30)
        try:
            # The Host header stays: it is signed.
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()
