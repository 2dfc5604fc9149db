"""The outbox of the shop's database, which only a console that was given its URL can read."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from orders.errors import OperatorError

if TYPE_CHECKING:
    from orders.outbox.database import Database
    from orders.outbox.status import OutboxStatus


class OutboxReport(NamedTuple):
    """What the database says."""

    database: str
    """Its address without a password."""
    status: OutboxStatus | None
    problem: str
    """Why there is no status, and what to do; empty if there is one."""


class OutboxReader:
    """Opens the database at the first read. Safe for several threads."""

    def __init__(self, url: str | None, table: str) -> None:
        self._url = url
        self._table = table
        self._database: Database | None = None
        self._lock = Lock()

    @property
    def is_known(self) -> bool:
        """Whether this console was given a database."""
        return self._url is not None

    def read(self) -> OutboxReport:
        """The state of the outbox, or why it cannot be read."""
        try:
            database = self._open()
        except OperatorError as error:
            return OutboxReport("", None, f"{error.reason}. {error.advice}".strip())
        from orders.outbox.database import DatabaseUnavailable
        from orders.outbox.status import read_status
        from orders.outbox.table import make_tables

        try:
            return OutboxReport(database.shown, read_status(database, make_tables(self._table)), "")
        except DatabaseUnavailable as error:
            advice = "Check --database, and that `orders relay init` made the table."
            return OutboxReport(database.shown, None, f"{error.reason}. {advice}")

    def close(self) -> None:
        if self._database is not None:
            self._database.close()

    def _open(self) -> Database:
        from orders.outbox.database import open_database

        assert self._url is not None
        with self._lock:
            if self._database is None:
                self._database = open_database(self._url)
            return self._database
