"""The group transaction over the one database, in which every write lives.

Promises: an effect registered with :meth:`Storage.after_commit` runs only when everything done before it is on disk;
a job that raises leaves no trace, and its neighbours in the same group are untouched. All SQL runs on the event loop's
thread: one connection, no locks (docs/decisions/0001-one-thread-one-transaction.md). On a slow disk a group is synced
beside the loop while the next one gathers (docs/decisions/0008-sync-beside-the-loop.md).
Knows nothing of services, HTTP or AWS.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import apsw

from onebox.errors import StorageFault
from onebox.storage.commit_timer import CommitTimer
from onebox.storage.effects import Effect, run_effects
from onebox.storage.faults import DatabaseBusy, describe, is_fault
from onebox.storage.foreign_lock import ForeignLock
from onebox.storage.log_sync import LogSync
from onebox.storage.opening import BUSY_TIMEOUT_MS

T = TypeVar("T")
Row = tuple[Any, ...]

_BUSY_S_MAX = 30.0

_log = logging.getLogger("onebox.storage")


class Storage:
    """The group transaction over one connection.

    The first job of a turn of the event loop opens it, the jobs that follow join it, and one commit at the start of
    the next turn makes all of them durable with a single sync. While a fast disk syncs, requests gather in the
    sockets; while a slow one does, they gather in the next group, whose commit waits for the end of that sync. So at
    most one group is committed and not on disk, and the slower the disk, the larger the groups. A group for whose
    commit nobody waits (a batch that a function has done with, log lines) stays open a few milliseconds longer, most
    often until the next group whose commit somebody waits for: their sync is the same.
    """

    def __init__(
        self, connection: apsw.Connection, on_fault: Callable[[StorageFault], None], log: LogSync | None = None
    ) -> None:
        """Without ``log`` the connection's own commits must be durable (``synchronous=FULL``)."""
        self._connection = connection
        self._on_fault = on_fault
        self._log_sync = log
        self._open = False
        self._depth = 0
        self._effects: list[Effect] = []
        self._syncing: list[Effect] | None = None
        """The effects of the group that is committed and not on disk yet."""
        self._group = 0
        """The number of the open group, or of the last one."""
        self._changed_in = 0
        """The last group with changes that any reader may see."""
        self._changed_of: dict[str, int] = {}
        """The last group with changes that only the readers of one service see."""
        self._timer = CommitTimer(self._commit_turn)
        self._is_commit_due = False
        """Whether the open group's commit waits for the sync under way."""
        self._fault: StorageFault | None = None
        self._waiting: dict[asyncio.Future[None], None] = {}
        """Of those who wait in :meth:`durable`, in their order."""
        self._foreign_lock = ForeignLock(self._try_begin)
        self._patient: set[asyncio.Task[object]] = set()
        self._connection_execute = connection.execute

    @property
    def has_failed(self) -> bool:
        """Whether the disk failed; nothing is acknowledged any more."""
        return self._fault is not None

    @property
    def is_disk_slow(self) -> bool:
        """Whether syncs take so long that they run beside the event loop."""
        return self._log_sync is not None and self._log_sync.is_slow

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> apsw.Cursor:
        """Run one statement. Writes belong inside :meth:`run`; reads may stand alone.

        This and the other readers raise StorageFault for a page that fails its check or a disk that fails.
        """
        try:
            return self._connection_execute(sql, parameters)
        except apsw.Error as error:
            raise self.fault_of(error) or error from None

    def first(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        try:
            row: Row | None = self._connection_execute(sql, parameters).fetchone()
        except apsw.Error as error:
            raise self.fault_of(error) or error from None
        return row

    def all(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows."""
        try:
            rows: list[Row] = self._connection_execute(sql, parameters).fetchall()
        except apsw.Error as error:
            raise self.fault_of(error) or error from None
        return rows

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        try:
            self._connection.executemany(sql, rows)
        except apsw.Error as error:
            raise self.fault_of(error) or error from None

    def changes(self) -> int:
        """How many rows the last INSERT, UPDATE or DELETE changed."""
        return self._connection.changes()

    def last_insert_id(self) -> int:
        """The rowid of the last INSERT."""
        return self._connection.last_insert_rowid()

    def run(self, job: Callable[[], T], of: str | None = None) -> T:
        """Run ``job`` as one atomic piece of the group; jobs may nest. Durable only after the group's commit.

        ``of`` names the service whose readers alone see what the job changes (see :meth:`after_read`). Raises what the
        job raises; DatabaseBusy, with nothing changed, while another program holds the write lock; StorageFault when
        the disk failed.
        """
        if self._fault is not None:
            raise self._fault
        is_first = not self._open
        if is_first:
            self._begin()
        if of is None:
            self._changed_in = self._group
        else:
            self._changed_of[of] = self._group
        name = f"job{self._depth}"
        effects = len(self._effects)
        self._depth += 1
        if not is_first:
            self._connection_execute(f"SAVEPOINT {name}")
        try:
            result = job()
        except BaseException as error:
            del self._effects[effects:]
            if self._fault is not None:
                raise self._fault from error
            if is_fault(error) or not self._connection.in_transaction:
                # SQLite itself ends the transaction then (disk full, I/O error): the whole group is lost.
                raise self._fail(error) from error
            if is_first:
                self._undo_group()
            else:
                self._connection_execute(f"ROLLBACK TO {name}")
                self._connection_execute(f"RELEASE {name}")
            raise
        else:
            if not is_first:
                self._connection_execute(f"RELEASE {name}")
            return result
        finally:
            self._depth -= 1

    def after_commit(self, effect: Effect, *, patient: bool = False) -> None:
        """Run ``effect`` when all that was done so far is durable: at once if nothing is pending.

        A ``patient`` effect does not hasten the commit.
        """
        if self._open:
            self._effects.append(effect)
            if not patient:
                self._timer.hasten()
        elif self._syncing is not None:
            self._syncing.append(effect)
        elif self._fault is None:
            effect()

    def after_read(self, effect: Effect, of: str) -> None:
        """Run ``effect``, which tells what the service ``of`` has read, when all that it may have read is durable. So
        what others changed for readers of their own does not keep a reader waiting, nor does it hasten the commit."""
        group = max(self._changed_in, self._changed_of.get(of, 0))
        if self._open and group == self._group:
            self.after_commit(effect)
        else:
            self.when_durable(group, effect)

    @property
    def group(self) -> int:
        """The number of the group that holds what was done last; see :meth:`when_durable`."""
        return self._group

    def when_durable(self, group: int, effect: Effect) -> None:
        """Run ``effect`` when the group of this number is durable: at once if it is. Does not hasten the commit."""
        if self._open and group >= self._group:
            self._effects.append(effect)
        elif self._syncing is not None and group >= self._group - self._open:
            self._syncing.append(effect)
        elif self._fault is None:
            effect()

    async def durable(self) -> None:
        """Wait until all that was done so far is durable. Raises StorageFault if it will never be."""
        if self._fault is not None:
            raise self._fault
        if not self._open and self._syncing is None:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.after_commit(lambda: None if future.done() else future.set_result(None))
        self._waiting[future] = None
        try:
            await future
        finally:
            del self._waiting[future]

    async def write(self, job: Callable[[], T]) -> T:
        """Run ``job`` and wait until it is durable; while another program holds the write lock, wait for that too."""
        result = await self.when_free(job)
        await self.durable()
        return result

    async def when_free(self, job: Callable[[], T]) -> T:
        """Run ``job``, at once or when the write lock is free; durable only after the group's commit.

        Raises DatabaseBusy if another program holds the lock for more than 30 seconds.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _BUSY_S_MAX
        while loop.time() < until_s:
            try:
                return self.run(job)
            except DatabaseBusy:  # noqa: PERF203 - one try each time is the point
                await self._foreign_lock.wait(until_s - loop.time())
        return self.run(job)

    def run_patiently(self, job: Callable[[], object], of: str | None = None) -> None:
        """Run ``job`` now or, while another program holds the write lock, when it lets go; nobody waits for it.

        ``of`` as in :meth:`run`. Raises what the job raises if it runs now; an error of a later run is logged.
        """
        try:
            self.run(job, of)
        except DatabaseBusy:
            task = asyncio.get_running_loop().create_task(self.when_free(job))
            self._patient.add(task)
            task.add_done_callback(self._end_patient)

    def _end_patient(self, task: asyncio.Task[object]) -> None:
        self._patient.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("a change that waited for the write lock failed: %s", error)

    def fail(self, error: BaseException) -> None:
        """Report a failure of the disk that was found outside of a job: nothing more is acknowledged."""
        self._fail(error)

    def fault_of(self, error: BaseException) -> StorageFault | None:
        """The fault that an error of SQLite's amounts to, reported to the engine; None for any other error."""
        if isinstance(error, StorageFault):
            return error
        return self._fail(error) if is_fault(error) else None

    def flush(self) -> None:
        """Make what is pending durable, now. Raises StorageFault."""
        if self._syncing is not None and self._log_sync is not None:
            self._is_commit_due = False  # the open group is synced below, and not beside the loop
            self._log_sync.wait()
        if self._fault is not None:
            raise self._fault
        if self._open:
            effects = self._end_group()
            self._sync_here()
            run_effects(effects)

    def close(self) -> None:
        """Commit and close; a clean close empties the log into the database file. Idempotent."""
        for task in self._patient:
            task.cancel()
        self._foreign_lock.stop()
        try:
            if self._fault is None:
                self.flush()
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        finally:
            if self._log_sync is not None:
                self._log_sync.stop(is_clean=self._fault is None)
            self._connection.close()

    def _end_group(self) -> list[Effect]:
        """Commit the open group; its effects, which must wait until it is on disk."""
        assert self._depth == 0, "commit inside a job"
        self._timer.cancel()
        self._is_commit_due = False
        try:
            self._connection_execute("COMMIT")
        except apsw.Error as error:
            raise self._fail(error) from error
        self._open = False
        effects, self._effects = self._effects, []
        return effects

    def _sync_here(self) -> None:
        if self._log_sync is not None:
            try:
                self._log_sync.sync_here()
            except Exception as error:
                raise self._fail(error) from error

    def _synced(self, error: Exception | None) -> None:
        """The sync beside the loop has ended: begin the next one, then tell those who wait for this one."""
        effects, self._syncing = self._syncing or [], None
        if error is not None:
            self._fail(error)
        if self._is_commit_due:
            effects += self._commit()  # synced on the loop, if the disk has just become fast
        if self._fault is None:
            run_effects(effects)

    def _begin(self) -> None:
        if self._foreign_lock.is_held:
            raise DatabaseBusy
        try:
            self._connection_execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._foreign_lock.found()
            raise DatabaseBusy from None
        except apsw.Error as error:
            raise self._fail(error) from error
        self._note_open()

    def _try_begin(self) -> bool:
        """Open a group without waiting for the lock; False if another program still holds it."""
        if self._open or self._fault is not None:
            return True
        self._connection.set_busy_timeout(0)
        try:
            self._connection_execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            return False
        except apsw.Error as error:
            self._fail(error)
            return True
        finally:
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        self._note_open()
        return True

    def _note_open(self) -> None:
        self._open = True
        self._group += 1
        self._timer.open()

    def _undo_group(self) -> None:
        """Give up a group whose first job failed: it holds nothing."""
        self._connection_execute("ROLLBACK")
        self._timer.cancel()
        self._open = False
        self._group -= 1

    def _commit_turn(self) -> None:
        run_effects(self._commit())

    def _commit(self) -> list[Effect]:
        """Commit the open group; the effects that may run now, which are none while it is synced beside the loop."""
        if self._syncing is not None:
            # Behind the sync under way, so that nothing is in the log whose predecessor is not on disk.
            self._is_commit_due = True
            return []
        if not self._open:
            return []  # the disk failed meanwhile
        try:
            effects = self._end_group()
            if self._log_sync is not None and self._log_sync.is_slow:
                self._syncing = effects
                self._log_sync.sync_beside(self._synced)
                return []
            self._sync_here()
        except StorageFault:
            # Reported by ``_fail``; those who wait are cut off when the engine closes their connections.
            return []
        return effects

    def _fail(self, error: BaseException) -> StorageFault:
        fault = StorageFault(describe(error))
        if self._fault is None:
            self._fault = fault
            self._open = False
            self._effects.clear()
            for future in self._waiting:
                if not future.done():
                    future.set_exception(fault)
            self._foreign_lock.stop()
            _log.critical("%s; stopping, nothing more is acknowledged", fault)
            self._on_fault(fault)
        return fault
