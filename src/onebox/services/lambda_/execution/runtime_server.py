"""Where the process of an execution environment reaches its Runtime API, and nobody else.

A process that onebox's own runtime client serves inherits one end of a socket pair: nothing listens, and no other
process can open the socket. Other runtimes are told a port, as on AWS; a connection to it is served only if the process
of this environment, or one that descends from it, holds its other end. Whoever else connects (a port scan, another
function) is cut off, which disturbs nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from typing import cast

from onebox.services.lambda_.execution.processes import descendants, holds_socket
from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection, RuntimeHost
from onebox.services.lambda_.execution.socket_inode import find_socket_inode

DESCRIPTOR_VARIABLE = "_ONEBOX_RUNTIME_FD"
"""Names the inherited socket to ``child/launcher.py``, which takes it out of the function's environment."""
_ADDRESS_VARIABLE = "AWS_LAMBDA_RUNTIME_API"
# What the variable says on AWS is an address of the sandbox; this one is of no use either.
_NO_ADDRESS = "127.0.0.1:9001"


class RuntimeServer:
    """Serves one worker, whose process ``find_pid`` tells."""

    def __init__(self, host: RuntimeHost, find_pid: Callable[[], int | None]) -> None:
        self._host = host
        self._find_pid = find_pid
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[RuntimeApiConnection] = set()
        self._inherited = -1

    async def start(self, *, inherits_socket: bool) -> tuple[dict[str, str], tuple[int, ...]]:
        """Be ready for the process: its variables, and the descriptors that it inherits."""
        loop = asyncio.get_running_loop()
        if inherits_socket:
            own, other = socket.socketpair()
            await loop.create_unix_connection(self._connect, sock=own)
            self._inherited = other.detach()
            variables = {_ADDRESS_VARIABLE: _NO_ADDRESS, DESCRIPTOR_VARIABLE: str(self._inherited)}
            return variables, (self._inherited,)
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0, backlog=16)
        return {_ADDRESS_VARIABLE: f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"}, ()

    def started(self) -> None:
        """The process has its descriptors, or will never have them."""
        if self._inherited >= 0:
            os.close(self._inherited)
            self._inherited = -1

    def close(self) -> None:
        """Cut every connection. Idempotent."""
        self.started()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    def _connect(self) -> RuntimeApiConnection:
        connection = RuntimeApiConnection(self._host, self._connections.discard)
        self._connections.add(connection)
        return connection

    def _accept(self) -> asyncio.Protocol:
        return _Stranger(self._is_ours, self._connect)

    def _is_ours(self, transport: asyncio.BaseTransport) -> bool:
        if sys.platform != "linux":
            return True  # Only Linux tells whose a connection is.
        pid = self._find_pid()
        inode = find_socket_inode(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
        return bool(pid and inode and holds_socket(descendants(pid), inode))


class _Stranger(asyncio.Protocol):
    """A connection of which nothing is known yet."""

    def __init__(
        self, is_ours: Callable[[asyncio.BaseTransport], bool], connect: Callable[[], RuntimeApiConnection]
    ) -> None:
        self._is_ours = is_ours
        self._connect = connect

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        opened = cast("asyncio.Transport", transport)  # uvloop's is of no asyncio class
        if not self._is_ours(opened):
            opened.abort()
            return
        connection = self._connect()
        opened.set_protocol(connection)
        connection.connection_made(opened)
