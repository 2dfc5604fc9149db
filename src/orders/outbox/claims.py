"""Claims waiting rows for one relay, so that no two relays send rows of one order at the same time.

On PostgreSQL, MySQL and MariaDB a claim is a transaction that holds the locks of the orders' first rows (FOR UPDATE
SKIP LOCKED); when the relay or its connection dies, the server releases them. Other relays take other orders.
SQLite has no row locks. There one relay works at a time: it holds the lock of a file beside the database, which the
kernel releases when the process ends; other relays stand by.
Neither keeps the shop from writing: locked rows are only those that were committed before, and SQLite's write lock is
held only while the outcome is recorded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orders.outbox.database import DatabaseUnavailable
from orders.outbox.planning import find_followers, find_heads
from orders.outbox.rows import Outcome, Row
from orders.outbox.store import OutboxStore

if sys.platform != "win32":
    import fcntl


@dataclass(slots=True)
class Claim:
    """Rows that this relay alone may send until the claim ends. ``outcome`` is recorded at the end."""

    rows: list[Row] = field(default_factory=list)
    waiting_elsewhere: bool = False
    """Whether rows wait that another relay holds."""
    outcome: Outcome = field(default_factory=Outcome)


class RowClaims:
    """Claims by row locks."""

    def __init__(self, store: OutboxStore, *, keep: bool) -> None:
        self._store = store
        self._keep = keep

    @contextmanager
    def claim(self, orders_max: int) -> Iterator[Claim]:
        """A claim on the rows of at most so many orders. Raises DatabaseUnavailable."""
        with self._store.database.transaction() as connection:
            window = self._store.read_window(connection)
            claim = Claim()
            if window:
                heads = self._store.lock_rows(connection, find_heads(window), orders_max)
                following = find_followers(window, [row.id for row in heads], orders_max)
                followers = self._store.read_rows(connection, following) if following else []
                claim = Claim(sorted([*heads, *followers]), waiting_elsewhere=not heads)
            yield claim
            self._store.record(connection, claim.outcome, keep=self._keep)

    def close(self) -> None:
        return


class FileClaims:
    """Claims by the lock of a file, for SQLite."""

    def __init__(self, store: OutboxStore, path: Path, *, keep: bool) -> None:
        self._store = store
        self._keep = keep
        self._path = path.with_name(f"{path.name}-relay")
        self._held: int | None = None

    @contextmanager
    def claim(self, orders_max: int) -> Iterator[Claim]:
        """As RowClaims.claim. Raises DatabaseUnavailable also while another relay holds the file."""
        self._hold()
        with self._store.database.transaction() as connection:
            window = self._store.read_window(connection)
            heads = find_heads(window)[:orders_max]
            followers = find_followers(window, heads, orders_max)
            rows = self._store.read_rows(connection, [*heads, *followers]) if heads else []
        claim = Claim(rows)
        yield claim
        if claim.outcome.done:
            with self._store.database.transaction() as connection:
                self._store.record(connection, claim.outcome, keep=self._keep)

    def close(self) -> None:
        """Let another relay work."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _hold(self) -> None:
        if self._held is not None or sys.platform == "win32":
            return
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise DatabaseUnavailable(
                f"another relay works on {self._store.database.shown}; this one stands by"
            ) from error
        self._held = handle


def make_claims(store: OutboxStore, *, keep: bool) -> RowClaims | FileClaims:
    """The claims that the store's database allows; ``keep`` marks sent rows instead of deleting them."""
    path = store.database.path
    return RowClaims(store, keep=keep) if path is None else FileClaims(store, path, keep=keep)
