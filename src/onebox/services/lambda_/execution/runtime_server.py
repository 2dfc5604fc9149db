"""Where the process of an execution environment reaches its Runtime API: an address of its own on this machine."""

from __future__ import annotations

import asyncio

from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection, RuntimeHost


class RuntimeServer:
    """Serves one worker."""

    def __init__(self, host: RuntimeHost) -> None:
        self._host = host
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[RuntimeApiConnection] = set()

    async def start(self) -> str:
        """Listen; the address for ``AWS_LAMBDA_RUNTIME_API`` is returned."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0, backlog=4)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Cut every connection. Idempotent."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    def _accept(self) -> RuntimeApiConnection:
        connection = RuntimeApiConnection(self._host, self._connections.discard)
        self._connections.add(connection)
        return connection
