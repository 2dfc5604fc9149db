"""From a file to a database that may be served: whole, of this version, on a disk that takes writes.

A start that cannot keep onebox's promises is refused with the reason and the next step; nothing is changed then.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import apsw

from onebox.storage.faults import DatabaseBusy, describe
from onebox.storage.log_file import LogState, count_missing, count_valid_frames, log_path, read_log, rewrite_frames
from onebox.storage.migrate import migrate
from onebox.storage.opening import BUSY_TIMEOUT_MS, DatabaseUnusable, open_connection

FREE_BYTES_MIN = 32 * 1024 * 1024
"""Below this a start is refused: the log alone may grow by half of it before it is copied."""
STARTS_KEPT = 100

_START_BUSY_TIMEOUT_MS = 5_000

_log = logging.getLogger("onebox.storage")


def open_database(path: Path | None, version: str, now_ms: int, *, accept_loss: bool = False) -> apsw.Connection:
    """Open, check and migrate the database; None is one in memory.

    ``accept_loss`` starts with a log that was cut short as well; a copy of it is kept. Raises DatabaseUnusable.
    """
    if path is None:
        connection = open_connection(None)
        migrate(connection)
        return connection
    _check_space(path)
    try:
        return _open(path, version, now_ms, accept_loss)
    except apsw.BusyError as error:
        raise DatabaseUnusable(f"cannot use the database {path}: {DatabaseBusy()}.") from error
    except apsw.Error as error:
        raise DatabaseUnusable(f"cannot use the database {path}: {describe(error)}.") from error


def _open(path: Path, version: str, now_ms: int, accept_loss: bool) -> apsw.Connection:
    state = read_log(path)
    connection = open_connection(path)
    try:
        connection.set_busy_timeout(_START_BUSY_TIMEOUT_MS)
        _check_log(path, state, connection, now_ms, accept_loss)
        migrate(connection)
        _note_start(connection, version, now_ms)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_space(path: Path) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < FREE_BYTES_MIN:
        raise DatabaseUnusable(
            f"the disk of {path.parent} is full: {free // 1024:,} KiB are free, "
            f"onebox needs {FREE_BYTES_MIN // 1024:,}. "
            "Free some space, or choose a folder on another disk with --data DIR."
        )


def _check_log(path: Path, state: LogState, connection: apsw.Connection, now_ms: int, accept_loss: bool) -> None:
    connection.execute("PRAGMA schema_version").fetchall()  # SQLite reads the log at the first statement
    valid = count_valid_frames(connection)
    missing = count_missing(state, valid)
    if missing:
        _accept_or_refuse(path, valid, missing, now_ms, accept_loss)
    if valid > state.promised_frames:
        _rewrite_unsynced(path, connection, after=state.promised_frames, up_to=valid)
    if any(frame > valid for frame in state.commit_frames):
        # What lies behind the valid part is rubbish from now on; the next start must not count it again.
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _rewrite_unsynced(path: Path, connection: apsw.Connection, *, after: int, up_to: int) -> None:
    """Bring to disk what an earlier process may have failed to sync, before anything is built on it."""
    connection.execute("BEGIN IMMEDIATE")  # no other program changes the log meanwhile
    try:
        rewrite_frames(path, after, up_to)
    finally:
        connection.execute("ROLLBACK")


def _accept_or_refuse(path: Path, valid: int, missing: int, now_ms: int, accept_loss: bool) -> None:
    log = log_path(path)
    lost = f"{missing:,} or more groups of changes that were acknowledged after it cannot be read"
    if not accept_loss:
        raise DatabaseUnusable(
            f"the write-ahead log {log} is damaged behind frame {valid:,}: {lost}. Nothing was changed. "
            "Restore a backup with `onebox restore`, or start without them: onebox serve --accept-loss."
        )
    kept = log.with_name(f"{log.name}.damaged-{now_ms}")
    if log.exists():
        shutil.copyfile(log, kept)
    _log.error(
        "the write-ahead log was damaged behind frame %s: %s; a copy of the log is kept as %s", valid, lost, kept
    )


def _note_start(connection: apsw.Connection, version: str, now_ms: int) -> None:
    """Commit a first change, so that a disk that takes none is found before onebox says that it is ready."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO storage_start (started_at_ms, version) VALUES (?, ?)", (now_ms, version))
    connection.execute("DELETE FROM storage_start WHERE id <= (SELECT max(id) FROM storage_start) - ?", (STARTS_KEPT,))
    connection.execute("COMMIT")
