"""A keep-alive connection that takes hardly any of the machine: one head for all requests, answers read whole.

Requests carry a header in the shape of SigV4; the same bytes go to every peer.
"""

from __future__ import annotations

import socket

_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)


class Connection:
    """One connection to one service."""

    def __init__(self, host: str, port: int, service: str, headers: str) -> None:
        """``headers`` are further lines of the head, each with its end."""
        self._address = (host, port)
        self._open()
        self._head = (
            f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {_AUTHORIZATION.format(service)}\r\n"
            f"X-Amz-Date: 20260101T000000Z\r\n{headers}Content-Length: "
        )

    def call(self, body: bytes) -> bytes:
        """The answer's body. Raises RuntimeError for any status but 200."""
        self._socket.sendall(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        status = int(self._stream.readline().split()[1])
        length, is_last = 0, False
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"connection":
                is_last = value.strip() == b"close"  # some servers end a connection after a number of requests
        answer = self._stream.read(length)
        if is_last:
            self.close()
            self._open()
        if status != 200:
            raise RuntimeError(f"the call answered {status}: {answer[:500]!r}")
        return answer

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
