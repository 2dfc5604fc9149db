"""One kept HTTP/1.1 connection for POSTs, whose answers are read whole.

Why not http.client: it reads the head of an answer as an e-mail's, which took a seventh of the function's time
(docs/decisions/0005).
Promises: an answer is complete, or BrokenAnswer is raised; what is kept and read is bounded.
RFC 9112. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

HEAD_BYTES_MAX = 64 * 1024
ANSWER_BYTES_MAX = 32 * 1024 * 1024
_RECEIVE_BYTES = 64 * 1024
_END = b"\r\n\r\n"


class BrokenAnswer(Exception):
    """The other side ended the connection, or what it sent is no HTTP answer."""


class HttpConnection:
    """A connection to one address, opened when it is needed. Not for several threads at once."""

    def __init__(self, host: str, port: int, *, is_encrypted: bool, timeout_s: float) -> None:
        self._address = (host, port)
        self._is_encrypted = is_encrypted
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._received = b""

    @property
    def is_open(self) -> bool:
        """Whether the next call uses a connection that is there."""
        return self._socket is not None

    def limit_wait(self, timeout_s: float) -> None:
        """How long the next calls may wait for a connection, and for each part of an answer."""
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            if self._socket is not None:
                self._socket.settimeout(timeout_s)

    def post(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Send a request; status and body of its answer. ``head`` ends with the empty line.

        Raises OSError and BrokenAnswer; the connection is to be closed then.
        """
        if self._socket is None:
            self._socket = self._connect()
        self._socket.sendall(head + body)
        status, fields = self._read_head()
        while status < 200:  # interim answers
            status, fields = self._read_head()
        answer = self._read_body(fields)
        if self._received or fields.get(b"connection", b"").lower() == b"close":
            self.close()
        return status, answer

    def close(self) -> None:
        """End the connection; the next call opens another. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._received = b""

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, self._timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._is_encrypted:
            return connection
        import ssl  # here, since a cold start on onebox needs none

        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        try:
            return context.wrap_socket(connection, server_hostname=self._address[0])
        except BaseException:
            connection.close()
            raise

    def _read_head(self) -> tuple[int, dict[bytes, bytes]]:
        data = self._received or self._receive()
        while (end := data.find(_END)) < 0:
            if len(data) > HEAD_BYTES_MAX:
                raise BrokenAnswer("the head of the answer is too large")
            data += self._receive()
        self._received = data[end + len(_END) :]
        status_line, *lines = data[:end].split(b"\r\n")
        version, _, rest = status_line.partition(b" ")
        status = rest[:3]
        if not version.startswith(b"HTTP/1.") or len(status) != 3 or not status.isdigit():
            raise BrokenAnswer("the answer is not HTTP/1.1")
        fields = (line.partition(b":") for line in lines)
        return int(status), {name.lower(): value.strip() for name, _, value in fields}

    def _read_body(self, fields: dict[bytes, bytes]) -> bytes:
        if b"transfer-encoding" in fields:
            return b"".join(self._read_chunks())
        length = fields.get(b"content-length")
        if length is None:
            raise BrokenAnswer("the answer does not tell its length")
        return self._read(_number(length, 10))

    def _read_chunks(self) -> Iterator[bytes]:
        left = ANSWER_BYTES_MAX
        while size := _number(self._read_line().partition(b";")[0].strip(), 16):
            left -= size
            if left < 0:
                raise BrokenAnswer("the answer is too large")
            yield self._read(size)
            self._read_line()
        while self._read_line():
            pass  # fields behind the last chunk

    def _read_line(self) -> bytes:
        data = self._received
        while (end := data.find(b"\r\n")) < 0:
            if len(data) > HEAD_BYTES_MAX:
                raise BrokenAnswer("a line of the answer is too long")
            data += self._receive()
        self._received = data[end + 2 :]
        return data[:end]

    def _read(self, count: int) -> bytes:
        data = self._received
        if len(data) < count:
            parts = [data]
            missing = count - len(data)
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            data = b"".join(parts)
        self._received = data[count:]
        return data[:count]

    def _receive(self) -> bytes:
        assert self._socket is not None, "a request was sent"
        data = self._socket.recv(_RECEIVE_BYTES)
        if not data:
            raise BrokenAnswer("the connection was closed before the answer's end")
        return data


def _number(text: bytes, base: int) -> int:
    """A length, decimal or hexadecimal."""
    try:
        number = int(text, base) if text.isalnum() and len(text) <= 10 else -1
    except ValueError:
        number = -1
    if not 0 <= number <= ANSWER_BYTES_MAX:
        raise BrokenAnswer("the length of the answer is none, or too large")
    return number
