"""Goal: however many contents are deleted together, one commit removes few bytes; the rest is left for later pieces."""

from __future__ import annotations

import asyncio

from onebox.services.s3.store.contents import ContentStore
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection

MIB = 1024 * 1024


def test_one_commit_removes_four_mebibytes_and_leaves_the_rest() -> None:
    connection = open_connection(None)
    migrate(connection)
    storage = Storage(connection, lambda _: None)
    store = ContentStore(storage)
    left: list[int] = []
    store.watch(left.extend)

    def stored() -> list[int]:
        return [row[0] for row in storage.all("SELECT content_id FROM s3_content ORDER BY content_id")]

    async def scenario() -> None:
        ids = storage.run(lambda: [store.insert(bytes(MIB)) for _ in range(9)])
        storage.flush()
        for one in ids[:6]:
            storage.run(lambda one=one: store.delete([one]))  # type: ignore[misc]
        storage.flush()
        assert (left, stored()) == (ids[4:6], ids[4:])

        storage.run(lambda: store.delete(ids[6:]))  # the next commit has room again
        storage.flush()
        assert (left, stored()) == (ids[4:6], ids[4:6])

    asyncio.run(scenario())


def test_one_commit_removes_a_thousand_small_contents_and_leaves_the_rest() -> None:
    connection = open_connection(None)
    migrate(connection)
    storage = Storage(connection, lambda _: None)
    store = ContentStore(storage)
    left: list[int] = []
    store.watch(left.extend)

    async def scenario() -> None:
        ids = storage.run(lambda: [store.insert(b"x") for _ in range(1_500)])
        storage.flush()
        storage.run(lambda: store.delete(ids))
        storage.flush()
        assert left == ids[1_000:]

    asyncio.run(scenario())


def test_a_content_that_is_read_stays_until_its_last_reader_is_done() -> None:
    connection = open_connection(None)
    migrate(connection)
    storage = Storage(connection, lambda _: None)
    store = ContentStore(storage)
    left: list[int] = []
    store.watch(left.extend)

    async def scenario() -> None:
        read, other = storage.run(lambda: [store.insert(b"x"), store.insert(b"y")])
        with store.held([read]):
            with store.held([read, other]):
                storage.run(lambda: store.delete([read]))
                storage.flush()
                assert (left, store.is_kept(read), store.is_kept(other)) == ([read], True, True)
                left.clear()
            assert left == [other]
        assert left == [other, read]
        assert not store.is_kept(read)

    asyncio.run(scenario())
