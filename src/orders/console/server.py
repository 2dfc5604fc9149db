"""Serves the console on a socket.

Promises: the printed address accepts connections at once; a port in use gives an error message; the server stops at
once when asked to, even with open pages.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from orders.console.context import Console
from orders.errors import OperatorError

# Responses still running this long after shutdown began are cut off.
GRACE_S = 3


class ConsoleServer(uvicorn.Server):
    """uvicorn that first ends the event streams of open pages, which would delay shutdown."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._console: Console = app.state.console

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._console.live.close()
        await self._console.tail.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again; here Ctrl-C is the normal way to stop.
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free port. Raises OperatorError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OperatorError(
            f"the console cannot listen on {host} port {port}: {error.strerror}",
            "Choose another with --port, 0 for a free one.",
        ) from error
    except OverflowError as error:
        listener.close()
        raise OperatorError(f"{port} is not a valid port", "Choose one from 0 to 65535.") from error
    listener.listen(128)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address for a browser."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - recognised, not bound
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    ConsoleServer(app).run(sockets=[listener])


@contextmanager
def serving(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """Serve in a thread while the block runs."""
    server = ConsoleServer(app)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), name="console", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(GRACE_S + 2)
