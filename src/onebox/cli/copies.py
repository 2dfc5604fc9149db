"""``onebox backup``, ``restore``, ``check`` and ``compact``: the database as a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from onebox.cli.data_folder import data_option
from onebox.cli.failures import CommandFailed
from onebox.config import default_data_folder

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command(short_help="Copy the database to a file.")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@data_option
@_json_option
def backup(target: Path, data: Path | None, as_json: bool) -> None:
    """Copy the database to FILE. onebox may be running.

    The copy is consistent and contains everything acknowledged before the command began. FILE appears when it is
    complete and on disk. `onebox restore FILE` restores it.
    """
    from onebox.storage.copies import backup as copy
    from onebox.storage.database_file import require_database
    from onebox.storage.folder import DATABASE_NAME

    database = (data or default_data_folder()) / DATABASE_NAME
    with _refusals():
        require_database(database)
        size = copy(database, target, _progress("copied", as_json))
    _print(as_json, f"backed up to {target}: {size:,} bytes", file=str(target), bytes=size)


@click.command(short_help="Restore a backup into the data folder.")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@data_option
@click.option("--replace", is_flag=True, help="Replace the existing database; it is kept under another name.")
@_json_option
def restore(source: Path, data: Path | None, replace: bool, as_json: bool) -> None:
    """Restore a backup into the data folder. onebox must not be running on it.

    FILE is checked first. With --replace an existing database is kept beside the restored one.
    """
    from onebox.steady_clock import SystemClock
    from onebox.storage.copies import restore as put_back
    from onebox.storage.database_file import require_database
    from onebox.storage.folder import DataFolder

    folder = data or default_data_folder()
    with _refusals():
        require_database(source)  # first: a refused command makes no folder
        with DataFolder(folder):
            former = put_back(source, folder, _progress("checked", as_json), SystemClock().now_ms(), replace=replace)
    kept = f"; the former database is {former}" if former else ""
    _print(as_json, f"restored {source} to {folder}{kept}", folder=str(folder), former=str(former) if former else None)


@click.command(short_help="Verify every page of the database or of a backup.")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@data_option
@_json_option
def check(file: Path | None, data: Path | None, as_json: bool) -> None:
    """Verify every page, the log and the structure of the database, or of a backup FILE.

    Changes nothing; onebox may be running. Exit code 1 if anything is damaged, or if FILE is not a database.
    """
    from onebox.storage.copies import check as examine
    from onebox.storage.copies import summary
    from onebox.storage.database_file import require_database
    from onebox.storage.folder import DATABASE_NAME

    database = file or (data or default_data_folder()) / DATABASE_NAME
    with _refusals():
        require_database(database)
        health = examine(database, _progress("checked", as_json))
    note = "" if health.has_checksums else " (this file has no page checksums)"
    _print(
        as_json,
        f"{database}: {summary(health)}{note}",
        file=str(database),
        sound=health.is_sound,
        pages=health.pages,
        checksums=health.has_checksums,
        damaged_pages=list(health.damaged_pages),
        groups_missing=health.groups_missing,
        structure_errors=list(health.structure_errors),
    )
    if not health.is_sound:
        if not as_json:
            click.echo("Put a backup back with `onebox restore FILE --replace`.", err=True)
        sys.exit(1)


@click.command(short_help="Rewrite the database without free space.")
@data_option
@_json_option
def compact(data: Path | None, as_json: bool) -> None:
    """Rewrite the database without free space. onebox must not be running on it.

    A running onebox frees space in steps; this command frees all of it at once. It needs as much free disk space as
    the database uses. A crash leaves the old file intact.
    """
    from onebox.storage.copies import compact as rewrite
    from onebox.storage.database_file import require_database
    from onebox.storage.folder import DATABASE_NAME, DataFolder

    folder = data or default_data_folder()
    with _refusals():
        require_database(folder / DATABASE_NAME)  # first: a refused command makes no folder
        with DataFolder(folder):
            before, after = rewrite(folder)
    _print(as_json, f"compacted: {before:,} bytes before, {after:,} after", bytes_before=before, bytes_after=after)


@contextmanager
def _refusals() -> Iterator[None]:
    from onebox.storage.copies import CopyRefused
    from onebox.storage.database_file import NoDatabase
    from onebox.storage.folder import DataFolderUnusable

    try:
        yield
    except (CopyRefused, DataFolderUnusable, NoDatabase) as error:
        raise CommandFailed(str(error)) from None


def _progress(verb: str, as_json: bool) -> Callable[[int, int], None]:
    is_shown = not as_json and sys.stderr.isatty()

    def show(done: int, pages: int) -> None:
        if is_shown:
            click.echo(f"\r  {verb} {done:,} of {pages:,} pages", nl=done == pages, err=True)

    return show


def _print(as_json: bool, sentence: str, **facts: object) -> None:
    click.echo(json.dumps(facts) if as_json else sentence)
