"""The console on a socket.

Promises: whoever is told its address can open it at once; a port that is taken is a sentence, not a traceback; it ends
at once when asked to, open pages or not.
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

# After this many seconds an answer that still goes on is cut off at the end.
GRACE_S = 3


class ConsoleServer(uvicorn.Server):
    """uvicorn, ending the streams of open pages first: they would hold up its end."""

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
        # uvicorn would raise the signal again after its end; for us Ctrl-C is the usual way to end, no failure.
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OperatorError."""
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
        raise OperatorError(f"{port} is no port", "Choose one from 0 to 65535.") from error
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
    """Serve in a thread for as long as the block lasts."""
    server = ConsoleServer(app)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), name="console", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(GRACE_S + 2)
