"""Goal: on a slow disk groups are synced beside the event loop, and nothing is told before its group is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from onebox.errors import StorageFault
from onebox.storage.database import Storage
from onebox.storage.log_file import mark_path
from onebox.storage.log_sync import LogSync
from onebox.storage.opening import open_connection
from onebox.storage.sync_pace import FAST_MS, SLOW_MS, SYNCS_LOOKED_AT, SyncPace
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import HeldSync, log_sync

Work = Callable[[Storage, HeldSync], Awaitable[None]]


def on_disk(path: Path, work: Work, *, slow: bool) -> list[StorageFault]:
    """Run ``work`` with a sync that it holds up, beside the event loop if the disk is ``slow``; the faults reported."""
    faults: list[StorageFault] = []

    async def run() -> None:
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER)")
        sync = HeldSync()
        storage = Storage(connection, faults.append, log_sync(path, connection, sync, slow=slow))
        await asyncio.wait_for(work(storage, sync), PATIENCE_S)
        storage.close()

    asyncio.run(run())
    return faults


def on_slow_disk(path: Path, work: Work) -> list[StorageFault]:
    return on_disk(path, work, slow=True)


def insert(storage: Storage, number: int) -> None:
    storage.run(lambda: storage.execute("INSERT INTO t VALUES (?)", (number,)))


def stored(path: Path) -> list[int]:
    connection = open_connection(path)
    found = [int(n) for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]
    connection.close()
    return found


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(happened: Callable[[], bool]) -> None:
    while not happened():
        await asyncio.sleep(0)


def test_the_next_group_gathers_while_one_is_synced_and_nothing_is_told_before(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.hold()
        insert(storage, 1)
        storage.after_commit(lambda: told.append("first"))
        await turns()
        sync.wait_until_begun()
        storage.after_commit(lambda: told.append("a read of the first"))
        insert(storage, 2)
        storage.after_commit(lambda: told.append("second"))
        await turns()
        assert storage.all("SELECT n FROM t ORDER BY n") == [(1,), (2,)], "the loop goes on"
        assert told == [], "told before it was on disk"
        sync.end()
        await until(lambda: len(told) == 3)
        assert told == ["first", "a read of the first", "second"]

    assert on_slow_disk(tmp_path / "t.db", work) == []
    assert stored(tmp_path / "t.db") == [1, 2]


def test_a_group_is_not_in_the_log_before_the_one_before_it_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work(storage: Storage, sync: HeldSync) -> None:
        sync.hold()
        insert(storage, 1)
        storage.after_commit(lambda: None)
        await turns()
        sync.wait_until_begun()
        insert(storage, 2)
        storage.after_commit(lambda: None)
        await turns()
        assert stored(path) == [1], "another program sees what is committed: the second group is not"
        sync.end()
        await storage.durable()
        assert stored(path) == [1, 2]

    on_slow_disk(path, work)


def test_a_sync_that_fails_beside_the_loop_is_a_fault_and_tells_nothing(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.hold()
        insert(storage, 1)
        storage.after_commit(lambda: told.append("first"))
        await turns()
        sync.wait_until_begun()
        insert(storage, 2)
        storage.after_commit(lambda: told.append("second"))
        sync.end(OSError(5, "Input/output error"))
        await until(lambda: storage.has_failed)
        await turns()
        storage.after_commit(lambda: told.append("later"))
        with pytest.raises(StorageFault, match="Check the disk"):
            insert(storage, 3)
        assert told == []

    assert len(on_slow_disk(tmp_path / "t.db", work)) == 1


def test_a_sync_that_fails_on_the_loop_is_a_fault_and_tells_nothing(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.end(OSError(28, "No space left on device"))
        insert(storage, 1)
        storage.after_commit(lambda: told.append("first"))
        with pytest.raises(StorageFault, match="Free some space"):
            storage.flush()
        assert told == []

    assert len(on_disk(tmp_path / "t.db", work, slow=False)) == 1


def test_when_durable_waits_for_its_group_alone(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        insert(storage, 1)
        await storage.durable()
        first = storage.group
        sync.hold()
        insert(storage, 2)
        second = storage.group
        storage.after_commit(lambda: None)
        await turns()
        sync.wait_until_begun()
        insert(storage, 3)
        third = storage.group
        storage.when_durable(first, lambda: told.append("first"))
        storage.when_durable(second, lambda: told.append("second"))
        storage.when_durable(third, lambda: told.append("third"))
        await turns()
        assert told == ["first"]
        sync.end()
        await until(lambda: len(told) == 3)
        assert told == ["first", "second", "third"]

    on_slow_disk(tmp_path / "t.db", work)


def test_a_reader_waits_for_what_it_may_have_seen_and_for_nothing_else(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.hold()
        storage.run(lambda: storage.execute("INSERT INTO t VALUES (1)"), of="sqs")
        storage.after_read(lambda: told.append("items"), "dynamodb")
        assert told == ["items"], "it waited for messages that it cannot have seen"
        storage.after_read(lambda: told.append("messages"), "sqs")
        await turns()
        sync.wait_until_begun()
        storage.after_read(lambda: told.append("items again"), "dynamodb")
        storage.after_read(lambda: told.append("messages again"), "sqs")
        insert(storage, 2)
        storage.after_read(lambda: told.append("new items"), "dynamodb")
        await turns()
        assert told == ["items", "items again"], "told before it was on disk"
        sync.end()
        await until(lambda: len(told) == 5)
        assert told[2:] == ["messages", "messages again", "new items"]

    on_slow_disk(tmp_path / "t.db", work)


def test_a_group_that_is_given_up_beside_a_sync_tells_nothing_of_it(tmp_path: Path) -> None:
    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.hold()
        insert(storage, 1)
        first = storage.group
        storage.after_commit(lambda: told.append("first"))
        await turns()
        sync.wait_until_begun()
        with pytest.raises(ZeroDivisionError):
            storage.run(lambda: 1 // 0)
        storage.when_durable(first, lambda: told.append("by its number"))
        storage.after_commit(lambda: told.append("a read of it"))
        await turns()
        assert told == []
        sync.end()
        await until(lambda: len(told) == 3)
        insert(storage, 2)
        await storage.durable()

    on_slow_disk(tmp_path / "t.db", work)
    assert stored(tmp_path / "t.db") == [1, 2]


def test_groups_are_told_in_order_when_the_disk_becomes_fast(tmp_path: Path) -> None:
    """The sync that ends makes the disk a fast one, so that the group that waits for it is synced on the loop."""
    path, step_ms, now_ms = tmp_path / "t.db", 10.0, 0.0
    told: list[str] = []

    def read_clock() -> float:
        nonlocal now_ms
        now_ms += step_ms
        return now_ms

    async def run() -> None:
        nonlocal step_ms
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER)")
        sync = HeldSync()
        log = LogSync(path, connection, read_clock, sync)
        storage = Storage(connection, lambda _: None, log)
        for _ in range(SYNCS_LOOKED_AT):
            log.sync_here()
        step_ms = 0.0
        for _ in range(SYNCS_LOOKED_AT // 4 - 1):
            log.sync_here()
        assert log.is_slow
        sync.hold()
        insert(storage, 1)
        storage.after_commit(lambda: told.append("first"))
        await turns()
        sync.wait_until_begun()
        insert(storage, 2)
        storage.after_commit(lambda: told.append("second"))
        await turns()
        sync.end()
        await until(lambda: len(told) == 2)
        assert told == ["first", "second"]
        assert not log.is_slow
        storage.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert stored(path) == [1, 2]


def test_an_effect_that_fails_takes_no_other_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(storage: Storage, _: HeldSync) -> None:
        told: list[str] = []
        insert(storage, 1)
        storage.after_commit(lambda: told.append("before"))
        storage.after_commit(lambda: told.append(str(1 // 0)))
        storage.after_commit(lambda: told.append("after"))
        await storage.durable()
        assert told == ["before", "after"]

    for slow in (False, True):
        assert on_disk(tmp_path / f"{slow}.db", work, slow=slow) == []
    assert caplog.text.count("ZeroDivisionError") == 2


@pytest.mark.parametrize("is_due", [False, True])
def test_a_flush_and_a_close_wait_for_the_sync_under_way(tmp_path: Path, is_due: bool) -> None:
    """``is_due``: the second group's commit waits for the end of that sync already."""

    async def work(storage: Storage, sync: HeldSync) -> None:
        told: list[str] = []
        sync.hold()
        insert(storage, 1)
        storage.after_commit(lambda: told.append("first"))
        await turns()
        sync.wait_until_begun()
        insert(storage, 2)
        storage.after_commit(lambda: told.append("second"))
        await turns(20 if is_due else 0)
        sync.end()
        storage.flush()
        assert told == ["first", "second"]
        await turns()
        insert(storage, 3)

    on_slow_disk(tmp_path / "t.db", work)
    assert stored(tmp_path / "t.db") == [1, 2, 3]


def test_the_mark_names_what_is_on_disk_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "t.db"

    async def work(storage: Storage, sync: HeldSync) -> None:
        connection = open_connection(path)
        log = log_sync(path, connection, sync)
        connection.execute("INSERT INTO t VALUES (1)")
        before = mark_path(path).read_bytes()
        log.committed(7)
        assert mark_path(path).read_bytes() == before
        log.sync_here()
        assert mark_path(path).read_bytes()[8:] == (7).to_bytes(8, "little")
        log.stop(is_clean=True)
        assert mark_path(path).read_bytes() == bytes(16)
        connection.close()

    on_slow_disk(path, work)


def test_pace_follows_the_disk_and_not_single_slow_syncs() -> None:
    pace = SyncPace()
    for number in range(10 * SYNCS_LOOKED_AT):
        pace.add(40 * SLOW_MS if number % 3 == 0 else FAST_MS)
        assert not pace.is_slow, "every third sync is slow: the disk is not"
    for _ in range(SYNCS_LOOKED_AT):
        pace.add(2 * SLOW_MS)
    assert pace.is_slow
    for _ in range(3):
        pace.add(FAST_MS / 2)
        assert pace.is_slow, "a few fast ones do not lead back"
    for number in range(SYNCS_LOOKED_AT):
        pace.add(2 * SLOW_MS if number % 2 else FAST_MS / 2)
    assert not pace.is_slow, "the others were measured while Python's lock was taken"
