"""Open the database file with the settings that durability needs.

Every page carries a checksum that is verified whenever the page is read (SQLite's checksum VFS, which the wheels of
apsw bring along), so that a flipped bit on disk ends the process and never becomes an answer. Free pages can be given
back in slices (incremental vacuum, see space.py). A database that an earlier version made without them is rewritten
once.
SQLite: https://www.sqlite.org/cksumvfs.html, https://www.sqlite.org/pragma.html#pragma_auto_vacuum
"""

from __future__ import annotations

import logging
from pathlib import Path

import apsw
import apsw.sqlite_extra

from onebox.storage.faults import describe

CHECKSUM_BYTES = 8
PAGE_BYTES = 2048
"""Of new databases. A commit writes every page whole that it touches: with pages half as large a quarter less is
written for an order. A database of an earlier version keeps its 4,096: the checksums forbid a change."""
LOG_BYTES_KEPT = 16 * 1024 * 1024
"""The write-ahead log is cut to this size when it starts over after a peak."""
BUSY_TIMEOUT_MS = 25
"""How long the event loop waits for another program's lock; longer ones are tried again later."""
STATEMENTS_CACHED = 1_000
"""The services have a few hundred statements; apsw's default of 100 would compile hot ones again and again."""

_CHECKSUM_VFS = "cksmvfs"
_HEADER_BYTES = 100
_RESERVED_AT = 20
_AUTO_VACUUM = slice(52, 56)

_log = logging.getLogger("onebox.storage")


class DatabaseUnusable(Exception):
    """The file cannot be used; the message says why and what to do."""


def open_connection(path: Path | None, vfs: str | None = None) -> apsw.Connection:
    """Open the database file, or a private one in memory for ``None``.

    ``vfs`` names another file system layer of SQLite's; the power-loss tests put one in between.
    Raises DatabaseUnusable, or an error of apsw's.
    """
    if path is None:
        connection = apsw.Connection(":memory:", statementcachesize=STATEMENTS_CACHED)
    else:
        connection = _open_file(path, vfs)
    try:
        _configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open a database file for reading only, its checksums verified."""
    has_checksums = load_checksums()
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=_CHECKSUM_VFS if has_checksums else None
    )
    connection.set_busy_timeout(10_000)
    return connection


def load_checksums() -> bool:
    """Register SQLite's checksum VFS; False where this build of apsw has none."""
    if _CHECKSUM_VFS in apsw.vfs_names():
        return True
    loader = apsw.Connection(":memory:")
    try:
        apsw.sqlite_extra.load(loader, "cksumvfs")
    except (apsw.sqlite_extra.NotAvailable, LookupError, apsw.Error):
        return False
    finally:
        loader.close()
    return True


def _open_file(path: Path, vfs: str | None) -> apsw.Connection:
    has_checksums = load_checksums()
    header = _read_header(path)
    reserved = CHECKSUM_BYTES if has_checksums else 0
    if header and header[_RESERVED_AT] == CHECKSUM_BYTES and not has_checksums:
        raise DatabaseUnusable(
            f"the pages of {path} carry checksums, and this build of apsw cannot verify them. "
            "Install apsw from its wheel: pip install --only-binary apsw apsw"
        )
    if not has_checksums:
        _log.warning("page checksums are off: this build of apsw has no checksum VFS; its wheels on PyPI have it")
    layer = vfs or (_CHECKSUM_VFS if has_checksums else None)
    connection = apsw.Connection(str(path), vfs=layer, statementcachesize=STATEMENTS_CACHED)
    # A log that turns out to be damaged must not be emptied when the connection closes; see log_file.py.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    try:
        if has_checksums:
            connection.reserve_bytes("main", CHECKSUM_BYTES)
        if not header:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}").fetchall()
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall()
        elif header[_RESERVED_AT] != reserved or not any(header[_AUTO_VACUUM]):
            _rewrite(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    # A plan may depend on the value of a parameter otherwise, and is compiled again for each other value.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -4000",  # KiB; the operating system caches the rest, outside of our memory
        "wal_autocheckpoint = 0",  # the checkpointer does it beside the event loop, see checkpoint.py
        f"journal_size_limit = {LOG_BYTES_KEPT}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _read_header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return b""
    return header if len(header) == _HEADER_BYTES else b""


def _rewrite(connection: apsw.Connection, path: Path) -> None:
    """Add checksums and incremental vacuum to a database that has none. A crash leaves the old file whole."""
    _log.warning("adding checksums to the pages of %s, once; this needs as much free space as the file is large", path)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall()
        connection.execute("VACUUM").fetchall()
        # Pages that were written before the header have no checksum yet; the second pass gives one to each.
        connection.execute("PRAGMA checksum_verification = OFF").fetchall()
        connection.execute("VACUUM").fetchall()
        connection.execute("PRAGMA checksum_verification = ON").fetchall()
    except apsw.Error as error:
        raise DatabaseUnusable(f"cannot add checksums to {path}: {describe(error)}.") from error
