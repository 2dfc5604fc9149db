"""Row ids that grow with time and are never used twice, even by a row that is gone.

A receipt handle names a message by its row id for ever, so SQLite's own numbering (highest in the table plus one)
would not do: an emptied table starts again. Handing out numbers from memory is safe against rollbacks, which only
leave gaps; what a process may have handed out is reserved on disk.
"""

from __future__ import annotations

from onebox.storage.database import Storage
from onebox.storage.reserved_numbers import ReservedNumbers

_PER_MILLISECOND_BITS = 20
_RESERVED_MS = 60_000


class RowIds:
    """One sequence for queues, backlogs, revisions and messages."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._reserved = ReservedNumbers(storage, "sqs_row_ids", _RESERVED_MS << _PER_MILLISECOND_BITS)
        self._last: int | None = None

    def next(self, now_ms: int) -> int:
        """A number greater than all before. Inside the job that stores it, like :meth:`take`."""
        return self.take(1, now_ms)[0]

    def take(self, count: int, now_ms: int) -> range:
        """``count`` numbers, each greater than all before."""
        if self._last is None:
            self._last = self._find_last()
        first = max(self._last + 1, now_ms << _PER_MILLISECOND_BITS)
        self._last = first + count - 1
        self._reserved.use(self._last)
        return range(first, first + count)

    def _find_last(self) -> int:
        """The highest number given out: the clock may have been set back since. Databases of earlier versions have no
        reserved numbers."""
        row = self._storage.first(
            "SELECT max(coalesce((SELECT max(id) FROM sqs_message), 0),"
            " coalesce((SELECT max(backlog_id) FROM sqs_backlog), 0),"
            " coalesce((SELECT max(revision) FROM sqs_queue), 0))"
        )
        assert row is not None, "an aggregate always has a row"
        return max(int(row[0]), self._reserved.find_last())
