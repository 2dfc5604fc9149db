"""Copies of the database, and its health: backup while it runs, restore, check, compact.

A backup is one consistent moment: its reader pins a snapshot, the running onebox goes on writing behind it. All four
work on files, from a process of their own, and need no running onebox.
SQLite: https://www.sqlite.org/backup.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import apsw

from onebox.storage.faults import describe
from onebox.storage.folder import DATABASE_NAME
from onebox.storage.log_file import (
    LogState,
    count_missing,
    count_valid_frames,
    is_log_whole,
    log_path,
    mark_path,
    read_log,
)
from onebox.storage.opening import CHECKSUM_BYTES, DatabaseUnusable, load_checksums, open_connection, open_reader

PAGES_A_STEP = 2_000
READS_OF_A_PAGE_MAX = 5

Progress = Callable[[int, int], None]
"""Called with what is done and with all there is, in pages."""


class CopyRefused(Exception):
    """The copy cannot be made; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Health:
    """What :func:`check` found."""

    pages: int
    has_checksums: bool
    damaged_pages: tuple[int, ...]
    """Page numbers, from 1."""
    groups_missing: int
    """Acknowledged groups of changes behind the place where the log is damaged, as far as is known."""
    structure_errors: tuple[str, ...]
    """What SQLite's integrity check says; empty also when pages are damaged, for it would stop there."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.damaged_pages or self.groups_missing or self.structure_errors)


def backup(database: Path, target: Path, progress: Progress) -> int:
    """Copy the database, running or not, to a new file; its size in bytes.

    The file appears under its name when it is whole and on disk. Raises CopyRefused.
    """
    if not database.exists():
        raise CopyRefused(f"there is no database {database}. Name its folder with --data DIR.")
    if target.is_dir():
        raise CopyRefused(f"{target} is a folder. Name a file in it: `onebox backup {target / 'onebox.backup'}`.")
    if target.exists():
        raise CopyRefused(f"{target} exists. Choose another name, or remove it.")
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        _copy_pages(database, partial, progress)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    except (apsw.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise CopyRefused(f"cannot back up {database} to {target}: {describe(error)}.") from error
    return target.stat().st_size


def restore(source: Path, folder: Path, progress: Progress, now_ms: int, *, replace: bool) -> Path | None:
    """Put a backup into a data folder that this process holds; where the former database went, if there was one.

    Raises CopyRefused; the folder is then as it was.
    """
    health = check(source, progress)
    if not health.is_sound:
        raise CopyRefused(f"the backup {source} is damaged: {summary(health)}. Choose another one.")
    database = folder / DATABASE_NAME
    if database.exists() and not replace:
        raise CopyRefused(
            f"{database} exists. --replace keeps it beside the restored one, under a name of its own; "
            "or choose another folder with --data DIR."
        )
    incoming = database.with_name(DATABASE_NAME + ".restoring")
    try:
        incoming.unlink(missing_ok=True)
        incoming.touch(mode=0o600)
        shutil.copyfile(source, incoming)
        _sync(incoming)
        former = _set_aside(database, now_ms)
        incoming.rename(database)
        _sync(folder)
    except OSError as error:
        incoming.unlink(missing_ok=True)
        raise CopyRefused(f"cannot restore {source} to {folder}: {error}.") from error
    return former


def check(database: Path, progress: Progress) -> Health:
    """Verify the checksum of every page, the log, and the structure. Changes nothing. Raises CopyRefused."""
    if not database.exists():
        raise CopyRefused(f"there is no database {database}. Name its folder with --data DIR.")
    has_checksums, pages, damaged = _check_pages(database, progress)
    state = read_log(database)
    try:
        reader = open_reader(database)
    except apsw.Error as error:
        raise CopyRefused(f"cannot read {database}: {describe(error)}.") from error
    try:
        errors = () if damaged else _check_structure(reader)
        missing = 0 if damaged else _count_missing(database, state, reader)
    finally:
        reader.close()
    return Health(pages, has_checksums, damaged, missing, errors)


def compact(folder: Path) -> tuple[int, int]:
    """Rewrite the database of a data folder that this process holds; its size before and after, in bytes.

    A crash leaves the old file whole. Raises CopyRefused.
    """
    database = folder / DATABASE_NAME
    if not database.exists():
        raise CopyRefused(f"there is no database {database}. Name its folder with --data DIR.")
    before = database.stat().st_size
    try:
        connection = open_connection(database)
        try:
            missing = count_missing(read_log(database), count_valid_frames(connection))
            if missing:
                raise CopyRefused(f"the log of {database} is damaged; run `onebox check` first.")
            connection.execute("VACUUM").fetchall()
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        finally:
            connection.close()
    except (apsw.Error, DatabaseUnusable) as error:
        raise CopyRefused(f"cannot compact {database}: {describe(error)}.") from error
    mark_path(database).unlink(missing_ok=True)
    return before, database.stat().st_size


def summary(health: Health) -> str:
    """The health in one clause."""
    if health.damaged_pages:
        first = ", ".join(str(page) for page in health.damaged_pages[:5])
        more = ", …" if len(health.damaged_pages) > 5 else ""
        return f"{len(health.damaged_pages):,} of {health.pages:,} pages do not match their checksum ({first}{more})"
    if health.groups_missing:
        return f"the log is damaged; {health.groups_missing:,} or more acknowledged groups of changes are missing"
    if health.structure_errors:
        return f"the structure is damaged: {health.structure_errors[0]}"
    return f"{health.pages:,} {'page' if health.pages == 1 else 'pages'}, nothing wrong"


def _copy_pages(database: Path, target: Path, progress: Progress) -> None:
    source = open_reader(database)
    copy = apsw.Connection(str(target), vfs="cksmvfs" if load_checksums() else None)
    try:
        copy.reserve_bytes("main", CHECKSUM_BYTES)
        copy.execute(f"PRAGMA page_size = {source.pragma('page_size')}").fetchall()
        # The checksum layer works from the moment at which it has seen a header; so the header is written first.
        copy.execute("PRAGMA user_version = 1").fetchall()
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # pins the snapshot
        with copy.backup("main", source, "main") as work:
            while not work.done:
                work.step(PAGES_A_STEP)
                progress(work.page_count - work.remaining, work.page_count)
        # A log of its own would be left beside the copy.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        copy.close()
        source.close()


def _check_pages(database: Path, progress: Progress) -> tuple[bool, int, tuple[int, ...]]:
    with database.open("rb", buffering=0) as file:
        head = file.read(100)
        size = int.from_bytes(head[16:18], "big") if len(head) == 100 else 0
        if size < 512 and size != 1:
            return True, 1, (1,)
        page_size = 65_536 if size == 1 else size
        pages = file.seek(0, os.SEEK_END) // page_size
        if head[20] != CHECKSUM_BYTES or not load_checksums():
            return False, pages, ()
        return True, pages, tuple(_find_damaged(file, page_size, pages, progress))


def _find_damaged(file: FileIO, page_size: int, pages: int, progress: Progress) -> Iterator[int]:
    verifier = apsw.Connection(":memory:")
    try:
        for number in range(1, pages + 1):
            if not _is_page_whole(verifier, file, number, page_size):
                yield number
            if number % PAGES_A_STEP == 0 or number == pages:
                progress(number, pages)
    finally:
        verifier.close()


def _is_page_whole(verifier: apsw.Connection, file: FileIO, number: int, page_size: int) -> bool:
    # A running onebox may be writing the very page; then another look finds it whole.
    for _ in range(READS_OF_A_PAGE_MAX):
        file.seek((number - 1) * page_size)
        page = file.read(page_size)
        if verifier.execute("SELECT verify_checksum(?)", (page,)).fetchall() == [(1,)]:
            return True
    return not any(page)  # a page that was never used


def _count_missing(database: Path, state: LogState, reader: apsw.Connection) -> int:
    frames = count_valid_frames(reader)
    if frames and not is_log_whole(database, frames):
        # A running onebox may have restarted the log meanwhile, so it is read twice.
        frames = count_valid_frames(reader)
        if frames and not is_log_whole(database, frames):
            return max(1, count_missing(state, 0))
    return count_missing(state, frames)


def _check_structure(reader: apsw.Connection) -> tuple[str, ...]:
    try:
        rows = reader.execute("PRAGMA integrity_check(100)").fetchall()
    except apsw.Error as error:
        return (describe(error),)
    return tuple(str(row[0]) for row in rows if row != ("ok",))


def _set_aside(database: Path, now_ms: int) -> Path | None:
    former = database.with_name(f"{DATABASE_NAME}.before-restore-{now_ms}")
    for path, name in (
        (log_path(database), log_path(former)),
        (mark_path(database), mark_path(former)),
        (database, former),
    ):
        if path.exists():
            path.rename(name)
    database.with_name(DATABASE_NAME + "-shm").unlink(missing_ok=True)
    return former if former.exists() else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
