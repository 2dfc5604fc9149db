"""Messages that were stored a moment ago, kept for the receive that takes them a moment later.

Most messages of a queue that somebody waits for are received within milliseconds: they need not be read and unpacked
from the rows that were just packed and written. The rows stay the truth. Which messages there are, and in which state,
is always asked of them, and only then is the text taken from here. A row id is never used twice, so what is left here
of a message that was undone, moved or deleted belongs to no row and is never asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import getsizeof

from onebox.services.sqs.model import StoredMessage

BYTES_MAX = 2 * 1024 * 1024
KEPT_MS_MAX = 10_000
"""What nobody has taken until then makes room for newer messages."""
_OVERHEAD_BYTES = 1_024
"""Of a message without its long texts."""


class Arrivals:
    """Messages as they were stored, by row id; each until it is taken. Where there is no room, newer ones are read from
    their rows: those that wait longest are received first."""

    def __init__(self) -> None:
        self._messages: dict[int, tuple[StoredMessage, int]] = {}
        """Each with the bytes that were counted for it. A later count may be higher: whatever reads a text as UTF-8,
        a message of another queue for example, makes Python keep that form beside it."""
        self._bytes = 0

    def add(self, message: StoredMessage) -> None:
        """Keep a message that is being stored now, if there is room."""
        size = _size(message)
        if self._bytes + size > BYTES_MAX:
            self._forget_older_than(message.arrived_at_ms - KEPT_MS_MAX)
            if self._bytes + size > BYTES_MAX:
                return
        self._messages[message.id] = message, size
        self._bytes += size

    def take(self, ids: Iterable[int]) -> dict[int, StoredMessage]:
        """Those of these messages that are here, by row id. They are not here any more afterwards: a message that was
        taken may change."""
        messages = self._messages
        taken: dict[int, StoredMessage] = {}
        for row_id in ids:
            if row_id in messages:
                taken[row_id], size = messages.pop(row_id)
                self._bytes -= size
        return taken

    def _forget_older_than(self, moment_ms: int) -> None:
        while self._messages:
            row_id, (oldest, size) = next(iter(self._messages.items()))
            if oldest.arrived_at_ms > moment_ms:
                return
            del self._messages[row_id]
            self._bytes -= size


def _size(message: StoredMessage) -> int:
    """The bytes of memory that a message takes, whatever its characters are."""
    size = _OVERHEAD_BYTES + getsizeof(message.body)
    if message.attributes:
        size += getsizeof(message.attributes)
    if message.trace_header:
        size += getsizeof(message.trace_header)
    return size
