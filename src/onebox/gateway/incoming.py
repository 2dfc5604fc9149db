"""The memory of request bodies that are being received or handled, of all connections together.

Promises: a body is read only as far as its first packet until there is room for the whole of it; the others wait
unread, in the order in which they came. Bodies up to 1 MiB have a room of their own, so that uploads never keep them
waiting. Sizes in bytes. Knows nothing of sockets.
"""

from __future__ import annotations

from typing import Protocol

from onebox.gateway.limits import (
    LARGE_BODIES_BYTES_MAX,
    MEDIUM_BODIES_BYTES_MAX,
    MEDIUM_BODY_BYTES,
    WAITING_BODIES_MAX,
)


class Receiving(Protocol):
    """A connection on which a body comes."""

    def room_found(self, size_bytes: int) -> None:
        """The body that waited may be read."""


class BodiesRefused(Exception):
    """Too many bodies wait already."""


class Room:
    """Memory for bodies of one kind."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.taken_bytes = 0
        self.most_bytes = 0
        """That were taken at once, since it was set to 0."""
        self._waiting: dict[Receiving, int] = {}
        """The longest waiting first."""

    @property
    def waiting(self) -> int:
        """How many bodies wait."""
        return len(self._waiting)

    def take(self, connection: Receiving, size_bytes: int) -> bool:
        """Whether the body has room. If not, the connection is told when it has. Raises BodiesRefused."""
        if not self._waiting and self._fits(size_bytes):
            self._add(size_bytes)
            return True
        if len(self._waiting) >= WAITING_BODIES_MAX:
            raise BodiesRefused
        self._waiting[connection] = size_bytes
        return False

    def give_back(self, size_bytes: int) -> None:
        """A body is no longer needed."""
        self.taken_bytes -= size_bytes
        self._release()

    def forget(self, connection: Receiving) -> None:
        """The connection is gone, and waits for nothing."""
        if self._waiting.pop(connection, None) is not None:
            self._release()

    def _add(self, size_bytes: int) -> None:
        self.taken_bytes += size_bytes
        self.most_bytes = max(self.most_bytes, self.taken_bytes)

    def _fits(self, size_bytes: int) -> bool:
        return not self.taken_bytes or self.taken_bytes + size_bytes <= self._bytes_max

    def _release(self) -> None:
        while self._waiting:
            connection, size_bytes = next(iter(self._waiting.items()))
            if not self._fits(size_bytes):
                return
            del self._waiting[connection]
            self._add(size_bytes)
            connection.room_found(size_bytes)


class IncomingBodies:
    """Both rooms: for bodies up to 1 MiB, and for larger ones."""

    def __init__(self) -> None:
        self._medium = Room(MEDIUM_BODIES_BYTES_MAX)
        self._large = Room(LARGE_BODIES_BYTES_MAX)

    @property
    def taken_bytes(self) -> int:
        """Of bodies that are being received or handled."""
        return self._medium.taken_bytes + self._large.taken_bytes

    def most_bytes(self) -> int:
        """That were taken at once since this was asked last."""
        rooms = (self._medium, self._large)
        most = sum(room.most_bytes for room in rooms)
        for room in rooms:
            room.most_bytes = room.taken_bytes
        return most

    @property
    def waiting(self) -> int:
        """How many bodies wait for room."""
        return self._medium.waiting + self._large.waiting

    def room_for(self, size_bytes: int) -> Room:
        """Where a body of that size belongs."""
        return self._medium if size_bytes <= MEDIUM_BODY_BYTES else self._large

    def forget(self, connection: Receiving) -> None:
        """The connection is gone, and waits for nothing."""
        self._medium.forget(connection)
        self._large.forget(connection)
