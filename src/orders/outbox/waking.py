"""Waits for new rows, for a time, or for the request to stop, whichever comes first.

PostgreSQL notifies of new rows (LISTEN) at the moment of their commit, if the table has its trigger; a slow poll finds
what it does not tell. The other databases are asked every poll_ms.
https://www.postgresql.org/docs/current/sql-listen.html
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from threading import Event
from typing import Any, Protocol

from sqlalchemy import Table

from orders.outbox.database import POSTGRESQL, Database, DatabaseUnavailable
from orders.outbox.table import notify_channel, notify_trigger

LISTENING_POLL_MS = 1_000
_HAS_TRIGGER = "SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s"


class Stop:
    """The request to stop, made by a signal or by another thread. It ends every wait."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._asked = Event()

    def set(self) -> None:
        """Ask. Safe in a signal handler."""
        if not self._asked.is_set():
            self._asked.set()
            os.write(self._write, b"\0")

    @property
    def is_set(self) -> bool:
        return self._asked.is_set()

    def wait_ms(self, duration_ms: float, *descriptors: int) -> list[int]:
        """Wait until the stop is asked for, a descriptor can be read, or the time is over; the readable ones."""
        ready, _, _ = select.select([self._read, *descriptors], [], [], max(0.0, duration_ms) / 1000)
        return [descriptor for descriptor in ready if descriptor != self._read]

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Waking(Protocol):
    """What the relay waits with."""

    @property
    def is_stopped(self) -> bool: ...

    def pause_ms(self, duration_ms: float) -> None:
        """Wait so long; returns early only to stop."""

    def wait_for_rows(self) -> None:
        """Return when there may be new rows, after the poll's time, or to stop."""

    def close(self) -> None: ...


class PollingWaking:
    """Looks again every ``poll_ms``."""

    def __init__(self, stop: Stop, poll_ms: float) -> None:
        self._stop = stop
        self._poll_ms = poll_ms

    @property
    def is_stopped(self) -> bool:
        return self._stop.is_set

    def pause_ms(self, duration_ms: float) -> None:
        self._stop.wait_ms(duration_ms)

    def wait_for_rows(self) -> None:
        self._stop.wait_ms(self._poll_ms)

    def close(self) -> None:
        return


class ListeningWaking(PollingWaking):
    """Listens on a connection of its own, and makes a new one when that is lost."""

    def __init__(self, stop: Stop, poll_ms: float, database: Database, outbox: Table) -> None:
        super().__init__(stop, poll_ms)
        self._listening_poll_ms = poll_ms
        self._database = database
        self._outbox = outbox
        self._connection: Any = None

    def wait_for_rows(self) -> None:
        if self._connection is None:
            # Nothing notifies of rows committed before the connection listens: look once more at once.
            with suppress(DatabaseUnavailable):
                self._listen()
                return
        if self._connection is None:
            super().wait_for_rows()
            return
        if self._stop.wait_ms(self._listening_poll_ms, self._connection.fileno()):
            self._take_notifications()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self) -> None:
        import psycopg

        with self._database.reporting():
            pooled = self._database.engine.raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()  # the pool neither keeps nor resets it
        try:
            connection.rollback()
            connection.autocommit = True
            connection.execute(f"LISTEN {notify_channel(self._outbox)}")
            trigger = (self._outbox.fullname, notify_trigger(self._outbox))
            has_trigger = connection.execute(_HAS_TRIGGER, trigger).fetchone() is not None
        except psycopg.Error as error:
            connection.close()
            raise DatabaseUnavailable(str(error)) from error
        self._connection = connection
        self._listening_poll_ms = max(self._poll_ms, LISTENING_POLL_MS) if has_trigger else self._poll_ms

    def _take_notifications(self) -> None:
        """Many notifications are one reason to look. A lost connection is one too: it may have missed some."""
        import psycopg

        try:
            for _ in self._connection.notifies(timeout=0):
                pass
        except psycopg.Error:
            self.close()


def make_waking(database: Database, outbox: Table, stop: Stop, poll_ms: float) -> PollingWaking:
    """The way of waiting that the database allows."""
    if database.kind == POSTGRESQL:
        return ListeningWaking(stop, poll_ms, database, outbox)
    return PollingWaking(stop, poll_ms)
