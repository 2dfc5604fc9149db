"""Connections to onebox in place of http.client's, and what http.client is given in their place."""

from __future__ import annotations

import contextlib
import io
import select
import socket
from typing import Any


class Connection:
    """A connection to onebox, for one request after the other. Raises OSError."""

    def __init__(
        self,
        address: tuple[str, int],
        connect_s: float | None,
        read_s: float | None,
        options: list[tuple[int, int, int]],
    ) -> None:
        self._socket = socket.create_connection(address, connect_s)
        for option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *options):
            self._socket.setsockopt(*option)
        self._socket.settimeout(read_s)
        self.file = self._socket.makefile("rb")
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def is_ready(self) -> bool:
        """Whether the other side has neither closed it nor sent anything unasked."""
        return not self._poll.poll(0)

    def send(self, data: bytes) -> None:
        # Where the other side has closed the connection it may have answered before.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def close(self) -> None:
        self.file.close()
        self._socket.close()


class Answered:
    """A socket for http.client, on which an answer arrives; what is sent is dropped."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def makefile(self, *_args: Any) -> Any:
        return self._file

    def sendall(self, data: bytes) -> None:
        """The request has been sent."""

    def settimeout(self, seconds: float | None) -> None:
        """It has been set."""

    def close(self) -> None:
        """Whoever opened the connection closes it."""


class Broken(io.RawIOBase):
    """What arrives on a connection that failed: its error."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        raise self._error
