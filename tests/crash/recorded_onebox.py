"""onebox on a disk that records writes and syncs: ``python -m tests.crash.recorded_onebox DATA JOURNAL SYNC_MS``.

A sync of the log takes SYNC_MS at least, so that onebox takes the disk for a fast or for a slow one.

A process of its own, because the recording layer must lie below SQLite's checksum layer, which is loaded once. The
journal goes to a file; :func:`read_journal` reads it back. The first eight bytes of the file are the number of entries,
which a client reads after an answer: what the answer acknowledged was on the disk by then.
"""

from __future__ import annotations

import mmap
import pickle
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.crash.disk import Entry, RecordingDisk, RecordingSync, Sync, Write

_COUNT = struct.Struct("<Q")
_LENGTH = struct.Struct("<I")


class JournalFile:
    """A journal that survives the process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._file.write(_COUNT.pack(0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _COUNT.size)
        self._count = 0
        self._lock = threading.Lock()

    def append(self, entry: Entry) -> None:
        """Write an entry, then count it. From any thread."""
        content = pickle.dumps(entry)
        with self._lock:
            self._file.write(_LENGTH.pack(len(content)) + content)
            self._count += 1
            _COUNT.pack_into(self._map, 0, self._count)

    def __len__(self) -> int:
        return self._count


class JournalReader:
    """The number of entries so far, from outside of the process."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), _COUNT.size, access=mmap.ACCESS_READ)

    def count(self) -> int:
        """How many there are."""
        return int(_COUNT.unpack_from(self._map)[0])


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries that were counted."""
    with path.open("rb") as file:
        (count,) = _COUNT.unpack(file.read(_COUNT.size))
        for _ in range(count):
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            # Our own file, written a moment ago by the class above.
            yield pickle.loads(file.read(length))


def main(data: Path, journal_path: Path, sync_ms: float) -> int:
    """Serve until killed."""
    journal = JournalFile(journal_path)
    disk = RecordingDisk("recording", journal, is_default=True)
    from onebox.cli.serve import run
    from onebox.config import Settings
    from onebox.storage.log_file import LogMark
    from onebox.storage.log_sync import LogSync, SyncFile

    synced, clear, make = LogMark.synced, LogMark.clear, LogSync.__init__

    def make_recording(
        log: LogSync, database: Path, connection: Any, monotonic_ms: Callable[[], float], _sync: SyncFile
    ) -> None:
        make(log, database, connection, monotonic_ms, RecordingSync(journal, sync_ms / 1000))

    def record_mark(mark: LogMark) -> None:
        synced(mark)
        journal.append(Write("onebox.db-mark", 0, bytes(mark._map)))

    def record_clear(mark: LogMark) -> None:
        clear(mark)
        journal.append(Write("onebox.db-mark", 0, bytes(mark._map)))
        journal.append(Sync("onebox.db-mark", len(journal)))

    LogMark.synced, LogMark.clear = record_mark, record_clear  # type: ignore[method-assign, assignment]
    LogSync.__init__ = make_recording  # type: ignore[method-assign, assignment]
    try:
        return run(Settings(port=0, data=data))
    finally:
        disk.unregister()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
