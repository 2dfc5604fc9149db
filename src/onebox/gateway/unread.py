"""The memory of answers that clients have not read, of all connections together.

Promises: large answers wait unmade while those that nobody has read fill the memory; small ones do not wait. What an
operation's next answer takes is guessed from those it had. Sizes in bytes. Knows nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from onebox.gateway.limits import UNREAD_BYTES_MAX

_LARGE_BYTES = 64 * 1024
_OPERATIONS_MAX = 256
_NAME_CHARACTERS_MAX = 100
_RELEASED_MAX = 16
"""Connections that go on at once: each of them is served in a turn of the event loop."""


def _call_now(work: Callable[[], None]) -> None:
    work()


class Reading(Protocol):
    """A connection whose client reads answers, or does not."""

    @property
    def unread_bytes(self) -> int: ...
    def go_on(self) -> None: ...


class UnreadAnswers:
    """Which answers are unread, which are being made, and which connections wait until there is room."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], object] = _call_now) -> None:
        """``call_soon`` puts off the look for room: to the end of a turn in which a thousand clients hang up."""
        self._call_soon = call_soon
        self._releases_soon = False
        self.sizes: dict[str, int] = {}
        """What the next large answer of an operation is expected to take; the longest unused first."""
        self._slow: dict[Reading, int] = {}
        """With the bytes of the large answers of each."""
        self._reserved = 0
        self._held: dict[Reading, int] = {}
        """Connections that wait for room, the longest waiting first, with what the next answer of each is expected to
        take."""

    @property
    def is_holding(self) -> bool:
        """Whether connections wait for room."""
        return bool(self._held)

    @property
    def wanted_bytes(self) -> int:
        """What the connection that waits first has no room for yet."""
        return next(iter(self._held.values()), 0)

    def total_bytes(self) -> int:
        """Of answers unread and answers being made."""
        return self._reserved + sum(self.bytes_of(connection) for connection in list(self._slow))

    def bytes_of(self, connection: Reading) -> int:
        """What a connection's unread answers take: all of them, as long as a part of the last is unread."""
        unread_bytes = connection.unread_bytes
        if not unread_bytes:
            self._slow.pop(connection, None)
            return 0
        return max(unread_bytes, self._slow.get(connection, 0))

    def gather(self, connection: Reading, size_bytes: int = 0) -> None:
        """Answers gather behind a client: a large one of that size, or small ones."""
        self._slow[connection] = self._slow.get(connection, 0) + size_bytes

    def read_on(self, connection: Reading) -> None:
        """A client has read its answers."""
        self._slow.pop(connection, None)
        self._release_soon()

    def closed(self, connection: Reading) -> None:
        """A client is gone: it has nothing unread and waits for nothing."""
        self._held.pop(connection, None)
        self.read_on(connection)

    def admit(self, connection: Reading, operation: str) -> int | None:
        """The bytes reserved for the answer of an operation, to be given back with :meth:`answered`.

        None if there is no room: the connection is told to go on when there is."""
        expected = self.sizes.get(operation, 0)
        if not expected:
            return 0
        total = self.total_bytes()
        if total and total + expected > UNREAD_BYTES_MAX:
            self._held[connection] = expected
            return None
        self._reserved += expected
        return expected

    def answered(self, operation: str, size_bytes: int, reserved_bytes: int) -> None:
        """An answer is written; its operation may have large ones."""
        before = self.sizes.pop(operation, 0)
        expected = max(size_bytes, before // 2)  # after one large answer, small ones wait for a while only
        if expected > _LARGE_BYTES:
            if len(self.sizes) >= _OPERATIONS_MAX:
                del self.sizes[next(iter(self.sizes))]
            self.sizes[operation] = expected
        self.give_back(reserved_bytes)

    def give_back(self, reserved_bytes: int) -> None:
        """An answer that was being made is written, or will never be."""
        self._reserved -= reserved_bytes
        self._release_soon()

    def _release_soon(self) -> None:
        """Once for all that happens meanwhile: each look for room takes time in proportion to the slow clients."""
        if self._held and not self._releases_soon:
            self._releases_soon = True
            self._call_soon(self.release)

    def release(self) -> None:
        """Let go on whose answers have room now."""
        self._releases_soon = False
        if not self._held:
            return
        total = self.total_bytes()
        for _ in range(_RELEASED_MAX):
            if not self._held or (total and total + self.wanted_bytes > UNREAD_BYTES_MAX):
                return
            connection = next(iter(self._held))
            total += self._held.pop(connection)
            connection.go_on()


def name_operation(method: str, headers: dict[str, str]) -> str:
    """What tells apart operations with large answers and others: the target, or the service and the method."""
    target = headers.get("x-amz-target")
    if target is None:
        scope = headers.get("authorization", "").partition(",")[0].rsplit("/", 2)
        target = f"{method} {scope[1] if len(scope) > 1 else ''}"
    return target[:_NAME_CHARACTERS_MAX]
