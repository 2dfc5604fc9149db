"""Goal: the group transaction: jobs are atomic, effects run after the commit, a lost disk acknowledges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from onebox.errors import StorageFault
from onebox.storage import commit_timer
from onebox.storage import migrate as migrate_module
from onebox.storage.database import Storage
from onebox.storage.folder import DataFolder, DataFolderUnusable
from onebox.storage.migrate import DatabaseNewer, load_scripts, migrate, run_migrations
from onebox.storage.opening import open_connection


def with_storage(work: Callable[[Storage], Awaitable[None]], faults: list[StorageFault] | None = None) -> None:
    async def run() -> None:
        connection = open_connection(None)
        connection.execute("CREATE TABLE t (n INTEGER CHECK (n < 100))")
        storage = Storage(connection, (faults if faults is not None else []).append)
        await work(storage)

    asyncio.run(run())


def numbers(storage: Storage) -> list[int]:
    return [n for (n,) in storage.all("SELECT n FROM t ORDER BY n")]


def test_run_failing_job_leaves_no_trace_and_spares_its_neighbours() -> None:
    async def work(storage: Storage) -> None:
        effects: list[str] = []

        def failing() -> None:
            storage.execute("INSERT INTO t VALUES (2)")
            storage.after_commit(lambda: effects.append("failed"))
            raise ValueError("no")

        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
        with pytest.raises(ValueError, match="no"):
            storage.run(failing)
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (3)"))
        await storage.durable()
        assert numbers(storage) == [1, 3]
        assert effects == []

    with_storage(work)


def test_a_group_whose_first_job_fails_is_given_up_and_the_next_one_is_as_any_other() -> None:
    async def work(storage: Storage) -> None:
        happened: list[str] = []

        def failing() -> None:
            storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
            storage.after_commit(lambda: happened.append("failed"))
            raise ValueError("no")

        for number in (2, 3):
            with pytest.raises(ValueError, match="no"):
                storage.run(failing)
            storage.after_commit(lambda: happened.append("at once, since nothing is pending"))
            storage.run(lambda number=number: storage.execute("INSERT INTO t VALUES (?)", (number,)))  # type: ignore[misc]
            storage.after_commit(lambda: happened.append("durable"))
            await storage.durable()
        assert numbers(storage) == [2, 3]
        assert happened == ["at once, since nothing is pending", "durable"] * 2

    with_storage(work)


def test_run_nested_job_that_fails_undoes_itself_alone() -> None:
    async def work(storage: Storage) -> None:
        def outer() -> None:
            storage.execute("INSERT INTO t VALUES (1)")
            with pytest.raises(apsw.ConstraintError):
                storage.run(lambda: storage.execute("INSERT INTO t VALUES (100)"))
            storage.execute("INSERT INTO t VALUES (2)")

        await storage.write(outer)
        assert numbers(storage) == [1, 2]

    with_storage(work)


def test_after_commit_waits_for_the_group_and_not_without_one() -> None:
    async def work(storage: Storage) -> None:
        happened: list[str] = []
        storage.after_commit(lambda: happened.append("at once"))
        assert happened == ["at once"]
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
        storage.after_commit(lambda: happened.append("later"))
        assert happened == ["at once"]
        await storage.durable()
        assert happened == ["at once", "later"]

    with_storage(work)


def test_a_group_nobody_waits_for_is_committed_with_the_next_that_somebody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit_timer, "UNAWAITED_COMMIT_S", 3600)

    async def work(storage: Storage) -> None:
        happened: list[str] = []
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
        storage.after_commit(lambda: happened.append("patient"), patient=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert happened == []
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (2)"))
        await storage.durable()
        assert happened == ["patient"]
        assert numbers(storage) == [1, 2]

    with_storage(work)


def test_a_group_nobody_waits_for_is_committed_all_the_same() -> None:
    async def work(storage: Storage) -> None:
        committed = asyncio.Event()
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
        storage.after_commit(committed.set, patient=True)
        await committed.wait()

    with_storage(work)


def test_commit_that_fails_acknowledges_nothing_and_refuses_all_that_follows(tmp_path: Path) -> None:
    faults: list[StorageFault] = []

    async def run() -> None:
        connection = open_connection(tmp_path / "t.db")
        connection.execute("CREATE TABLE t (n INTEGER)")
        storage = Storage(connection, faults.append)
        acknowledged: list[int] = []
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"))
        storage.after_commit(lambda: acknowledged.append(1))
        connection.set_commit_hook(lambda: True)  # SQLite turns the commit into a rollback
        with pytest.raises(StorageFault):
            storage.flush()
        with pytest.raises(StorageFault):
            storage.run(lambda: storage.execute("INSERT INTO t VALUES (2)"))
        assert acknowledged == []

    asyncio.run(run())
    assert len(faults) == 1


def test_those_who_wait_for_a_commit_learn_that_the_disk_failed() -> None:
    async def work(storage: Storage) -> None:
        writes = [
            asyncio.ensure_future(storage.write(lambda: storage.execute("INSERT INTO t VALUES (1)"))) for _ in range(2)
        ]
        await asyncio.sleep(0)  # both wait now
        writes[0].cancel()
        storage.fail(apsw.IOError("the disk failed"))
        with pytest.raises(asyncio.CancelledError):
            await writes[0]
        with pytest.raises(StorageFault):
            await writes[1]

    with_storage(work)


def test_migrate_brings_a_new_database_to_the_newest_version_and_is_idempotent() -> None:
    connection = open_connection(None)
    migrate(connection)
    migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchall() == [(max(load_scripts()),)]


def test_migrate_that_fails_half_way_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.db"
    monkeypatch.setattr(
        migrate_module, "load_scripts", lambda: {1: "CREATE TABLE first (n);", 2: "CREATE TABLE first (n)"}
    )
    connection = open_connection(path)
    with pytest.raises(apsw.SQLError, match="already exists"):
        run_migrations(connection)
    connection.close()
    again = open_connection(path)
    assert again.execute("PRAGMA user_version").fetchall() == [(0,)]
    assert again.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]
    again.close()


def test_migrate_newer_database_is_refused_untouched() -> None:
    connection = open_connection(None)
    connection.execute("PRAGMA user_version = 9999").fetchall()
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]


def test_data_folder_held_by_another_is_refused_until_released(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "d"), pytest.raises(DataFolderUnusable, match="another onebox"):
        DataFolder(tmp_path / "d")
    DataFolder(tmp_path / "d").release()


def test_data_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    with pytest.raises(DataFolderUnusable, match="--data"):
        DataFolder(tmp_path / "d")
