"""HTTP/1.1 over asyncio: the listening socket, all its connections, and what they may cost together.

Knows nothing of AWS. A connection by itself is in ``connection.py``, the limits in ``limits.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol

from onebox.clock import Clock, Timer, wait_for
from onebox.gateway.connection import HttpConnection
from onebox.gateway.incoming import IncomingBodies
from onebox.gateway.limits import (
    CONNECTIONS_MAX,
    RESERVED_FILES,
    STALLED_MS,
    UNREAD_BYTES_MAX,
)
from onebox.gateway.message import Request
from onebox.gateway.reply import Reply
from onebox.gateway.turns import Turns
from onebox.gateway.unread import UnreadAnswers
from onebox.memory import give_back_memory

_SWEEP_MS = 5_000
_UNREAD_SWEEP_MS = 250
_GIVEN_BACK_FROM_BYTES = 4 * 1024 * 1024
"""Freed bytes of answers that are worth asking the operating system to take back."""
_ACCEPT_TURNS = 4
"""Turns of the loop after which a connection that it accepted last is known here, or dropped."""
_log = logging.getLogger("onebox.gateway")


FindOrigin = Callable[[tuple[str, int], tuple[str, int]], bool]
"""Whether a function's process holds the connection from the first address to the second."""


def _not_from_function(_other: tuple[str, int], _own: tuple[str, int]) -> bool:
    return False


class Handler(Protocol):
    """What the server calls for each request; it answers through ``reply``, at once or later."""

    def __call__(self, request: Request, reply: Reply, /) -> None: ...


BodyLimit = Callable[[str, str, dict[str, str]], int]
"""``(path, query, headers)``: the size of the largest body that is kept for a request."""


class HttpServer:
    """A listening socket and its connections."""

    def __init__(
        self,
        handler: Handler,
        clock: Clock,
        body_bytes_max: BodyLimit,
        is_from_function: FindOrigin = _not_from_function,
    ) -> None:
        self.handler = handler
        self.body_bytes_max = body_bytes_max
        self.is_from_function = is_from_function
        self.turns = Turns(clock)
        self.unread = UnreadAnswers(lambda work: asyncio.get_running_loop().call_soon(work))
        self.incoming = IncomingBodies()
        self._clock = clock
        self._connections: set[HttpConnection] = set()
        self._connections_max = _connections_max()
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self._server: asyncio.Server | None = None
        self._sweep: Timer | None = None
        self._sweeps_soon = False
        self._held_most = 0
        """Bytes of unread answers and of large bodies, at most, since memory was given back."""
        self._is_aborted = False
        self._date = ""
        """Of this second; empty if no answer was made in it."""
        self._date_end: Timer | None = None
        self._unwatch_jumps: Callable[[], None] = lambda: None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; ``port`` 0 takes a free one. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._unwatch_jumps = self._clock.watch_jumps(self._forget_date)
        self._server = await loop.create_server(lambda: HttpConnection(self), host, port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections; those that are open go on. Idempotent."""
        if self._server is not None:
            self._server.close()

    async def stop(self, grace_ms: int = 0) -> None:
        """Take no more connections; let answers under way leave within ``grace_ms``, then cut the rest."""
        self.close()
        for _ in range(_ACCEPT_TURNS):
            await asyncio.sleep(0)
        for connection in list(self._connections):
            connection.close_when_idle()
        if grace_ms:
            await wait_for(self._clock, self._all_closed, self._clock.steady_ms() + grace_ms)
        self.abort()

    def abort(self) -> None:
        """Cut every connection at once, and those that are still to come."""
        self._is_aborted = True
        self._unwatch_jumps()
        for connection in list(self._connections):
            connection.abort()
        for timer in (self._sweep, self._date_end):
            if timer is not None:
                timer.cancel()

    def opened(self, connection: HttpConnection) -> bool:
        """A client connected; False if there are too many."""
        self._connections.add(connection)
        if self._is_aborted:  # accepted before the socket was closed, reported now
            connection.abort()
            return True
        self._all_closed.clear()
        if self._sweep is None:
            self._sweep_in(_SWEEP_MS)
        return len(self._connections) <= self._connections_max

    def closed(self, connection: HttpConnection) -> None:
        """A connection ended."""
        self._connections.discard(connection)
        self.unread.closed(connection)
        if not self._connections:
            self._all_closed.set()

    def client_is_slow(self) -> None:
        """A client does not read its answer as quickly as it is written: look soon at what is unread."""
        if not self._sweeps_soon:
            self._sweeps_soon = True
            if self._sweep is not None:
                self._sweep.cancel()
            self._sweep_in(_UNREAD_SWEEP_MS)

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that clients have not taken yet."""
        return sum(self.unread.bytes_of(connection) for connection in self._connections)

    def now_ms(self) -> float:
        """The moment, to measure durations."""
        return self._clock.monotonic_ms()

    def date(self) -> str:
        """The Date header's value; made once a second and after a jump of the wall clock, so that no answer reads the
        clock for it."""
        return self._date or self._make_date()

    def _make_date(self) -> str:
        second, past_ms = divmod(self._clock.now_ms(), 1000)
        self._date = formatdate(second, usegmt=True)
        self._date_end = self._clock.call_at(self._clock.steady_ms() + 1000 - past_ms, self._forget_date)
        return self._date

    def _forget_date(self) -> None:
        """The second is over, or the wall clock was set."""
        self._date = ""
        if self._date_end is not None:
            self._date_end.cancel()
            self._date_end = None

    def _sweep_in(self, delay_ms: int) -> None:
        self._sweep = self._clock.call_at(self._clock.steady_ms() + delay_ms, self._end_the_slow)

    def _end_the_slow(self) -> None:
        """End connections that bring or take nothing; look again as long as there are connections."""
        self._sweep = None
        now_ms = self.now_ms()
        unread: list[tuple[float, int, HttpConnection]] = []
        total = 0
        for connection in list(self._connections):
            unread_bytes = connection.unread_bytes
            stalled_ms = connection.progress.unread_for_ms(unread_bytes, now_ms)
            if unread_bytes or connection.is_waiting:
                connection.progress.still_answering(now_ms)
            if connection.progress.is_unread_too_long(unread_bytes, now_ms):
                connection.abort()
                continue
            if connection.holds_up(now_ms):
                _log.warning("cut off a client whose large body came too slowly while others waited for its room")
                connection.time_out()
            if unread_bytes:
                held_bytes = self.unread.bytes_of(connection)
                total += held_bytes
                unread.append((stalled_ms, held_bytes, connection))
            elif connection.awaits_room or connection.is_waiting:
                continue
            elif connection.progress.deadline_ms() <= now_ms:
                connection.time_out()
        self._cut_off_stalled(unread, total)
        self.unread.release()
        self._held_most = max(self._held_most, total + self.incoming.most_bytes())
        if not unread and not self.incoming.taken_bytes and self._held_most > _GIVEN_BACK_FROM_BYTES:
            self._held_most = 0
            give_back_memory()
        self._sweeps_soon = bool(unread) or self.unread.is_holding or self.incoming.waiting > 0
        if self._connections or self._held_most:
            self._sweep_in(_UNREAD_SWEEP_MS if self._sweeps_soon else _SWEEP_MS)

    def _cut_off_stalled(self, unread: list[tuple[float, int, HttpConnection]], total: int) -> None:
        """Bound the memory of answers that nobody reads: the longest stalled go first."""
        unread.sort(key=lambda entry: -entry[0])
        for stalled_ms, unread_bytes, connection in unread:
            if total + self.unread.wanted_bytes <= UNREAD_BYTES_MAX or stalled_ms < STALLED_MS:
                return
            _log.warning("cut off a client that did not read %d bytes for %d ms", unread_bytes, stalled_ms)
            connection.abort()
            total -= unread_bytes


def _connections_max() -> int:
    """As many as the process may have files open, less those that it needs itself."""
    try:
        import resource
    except ImportError:  # Windows
        return CONNECTIONS_MAX
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    return min(CONNECTIONS_MAX, max(16, soft - RESERVED_FILES))
