"""The situations in which neighbours are measured. Each takes a filled box and returns what else there is to tell."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import apsw

from tests.long_life.growth import children
from tests.neighbours.box import LARGE, Box
from tests.polling import until

Disturb = Callable[[Box], str]


REPLACEMENTS = 4
SHRUNK_BYTES = 12_500_000
"""Less than this is left of a small database: onebox keeps 10 MB of free pages."""


@dataclass(frozen=True)
class Scenario:
    """A situation, and the neighbours that may not notice it."""

    name: str
    disturb: Disturb
    undisturbed: tuple[str, ...] = ("read", "write")
    kinds: tuple[str, ...] = ("read", "write")
    """The neighbours that are there, disturbed ones too."""


def quiet(box: Box) -> str:
    """Nothing else happens for a while: what the machine itself makes of the waits."""
    began = time.monotonic()
    until(lambda: time.monotonic() - began >= 1, "the end of the while")
    return ""


def copy_with_sqlite(box: Box) -> str:
    """``.backup`` of the SQLite shell, by its API: one long copy of the whole database."""
    target = box.data.parent / "copy.db"
    source, copy = apsw.Connection(str(box.database)), apsw.Connection(str(target))
    with copy.backup("main", source, "main") as backup:
        backup.step()
    copy.close()
    source.close()
    size = target.stat().st_size
    target.unlink()
    return f"{size / 1e6:.0f} MB"


def copy_with_onebox(box: Box) -> str:
    """``onebox backup``."""
    target = box.data.parent / "backup.db"
    command = [sys.executable, "-m", "onebox", "backup", str(target), "--data", str(box.data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    size = target.stat().st_size
    target.unlink()
    return f"{size / 1e6:.0f} MB"


def read_all(box: Box) -> str:
    """Another program reads everything, three times, in one read transaction, while the neighbours write."""
    reader = apsw.Connection(str(box.database))
    reader.execute("BEGIN")
    total = 0
    for _ in range(3):
        for (size,) in reader.execute("SELECT sum(length(item)) FROM dynamodb_items"):
            total += size
    reader.execute("COMMIT")
    reader.close()
    return f"{total / 1e6:.0f} MB read"


def hold_write_lock(box: Box, seconds: float) -> str:
    """Another program holds the write lock: ``BEGIN IMMEDIATE`` in a SQLite shell."""
    writer = apsw.Connection(str(box.database))
    writer.set_busy_timeout(10_000)
    began = time.monotonic()
    writer.execute("BEGIN IMMEDIATE")
    until(lambda: time.monotonic() - began >= seconds, "the lock's time")
    writer.execute("ROLLBACK")
    writer.close()
    return f"held for {time.monotonic() - began:.1f} s"


def delete_large_table(box: Box) -> str:
    """The large table is deleted; over when its items are gone and the file has shrunk."""
    before = box.database.stat().st_size
    box.client("dynamodb").delete_table(TableName=LARGE)
    began = time.monotonic()
    reader = apsw.Connection(str(box.database))

    def is_gone() -> bool:
        return not list(reader.execute("SELECT 1 FROM dynamodb_items WHERE size_bytes > 250 LIMIT 1"))

    until(is_gone, "the items to go")
    gone_s = time.monotonic() - began
    reader.close()
    until(lambda: box.database.stat().st_size < max(before / 3, SHRUNK_BYTES), "the file to shrink")
    after = box.database.stat().st_size
    shrunk_s = time.monotonic() - began
    return f"items gone in {gone_s:.1f} s; {before / 1e6:.0f} MB to {after / 1e6:.0f} MB in {shrunk_s:.1f} s"


def replace_processes(box: Box) -> str:
    """The function's process has served its number of calls and is replaced, several times."""
    seen = set(children(box.pid))
    first = len(seen)

    def is_replaced() -> bool:
        seen.update(children(box.pid))
        return len(seen) >= first + REPLACEMENTS

    until(is_replaced, "new processes of the function")
    return f"{len(seen) - first} new processes"


def scenarios(lock_s: float) -> list[Scenario]:
    """All of them, in an order in which one box can go through them; the large table is gone at the end."""
    return [
        Scenario("nothing else happens", quiet),
        Scenario("sqlite3 `.backup` of the database", copy_with_sqlite),
        Scenario("`onebox backup`", copy_with_onebox),
        Scenario("another program reads the whole database three times", read_all),
        Scenario("another program holds the write lock", lambda box: hold_write_lock(box, lock_s), ("read",)),
        Scenario(
            "a function's process is replaced",
            replace_processes,
            undisturbed=("read", "invoke"),
            kinds=("read", "invoke"),
        ),
        Scenario("the large table is deleted", delete_large_table),
    ]
