"""Goal: an archive is stored in pieces and seen as a whole or not at all; nothing is left of one that nobody took; a
database of an earlier version keeps its archives byte for byte."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from onebox.services.lambda_.archives import Archives
from onebox.services.lambda_.package import Package
from onebox.services.lambda_.store.code import CodeStore
from onebox.services.pieces import PIECE_BYTES, Pieces
from onebox.storage.database import Storage
from onebox.storage.migrate import load_scripts, migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

LARGE = Package(Pieces.of(bytes(range(251)) * 12_000), "large", 5_000_000)
SMALL = Package(Pieces.of(b"PK small"), "small", 8)
BEFORE_PIECES = 53


class Bench:
    """Archives on a database of their own."""

    def __init__(self) -> None:
        connection = open_connection(None)
        migrate(connection)
        self.storage = Storage(connection, lambda _: None)
        self.store = CodeStore(self.storage)
        self.archives = Archives(self.store, self.storage, ManualClock(), logging.getLogger("test"))

    async def put(self, package: Package) -> None:
        async with self.archives.stored_ahead(package) as ahead:
            await self.storage.write(lambda: self.store.save(package, ahead))

    def rows(self) -> tuple[int, int, int]:
        """How many archives, pieces and hashes there are."""
        tables = ("lambda_archive", "lambda_archive_piece", "lambda_code")
        counts = [self.storage.first(f"SELECT count(*) FROM {table}") for table in tables]
        return tuple(count[0] for count in counts if count)

    async def settle(self) -> None:
        await self.archives.swept()


def run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        bench = Bench()
        bench.archives.start()
        await bench.settle()
        await scenario(bench)
        await bench.archives.stop()

    asyncio.run(whole())


@pytest.mark.parametrize("package", [LARGE, SMALL], ids=lambda package: package.sha256)
def test_archive_comes_back_and_is_stored_once(package: Package) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.put(package)
        await bench.put(package)
        await bench.settle()

        assert await bench.archives.read(package.sha256) == package.archive
        assert bench.rows() == (1, -(-len(package.archive) // PIECE_BYTES), 1)
        assert bench.store.sum_unzipped_bytes([package.sha256]) == package.unzipped_bytes

    run(scenario)


def test_archive_is_seen_only_after_the_write_that_takes_it() -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.archives.stored_ahead(LARGE) as ahead:
            assert bench.rows() == (1, 3, 0)
            assert await bench.archives.read(LARGE.sha256) is None
            bench.archives.start()  # a sweep meanwhile
            await bench.settle()
            await bench.storage.write(lambda: bench.store.save(LARGE, ahead))
        await bench.settle()
        assert await bench.archives.read(LARGE.sha256) == LARGE.archive

    run(scenario)


def test_nothing_is_left_of_an_archive_that_was_not_taken() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(RuntimeError, match="refused"):
            async with bench.archives.stored_ahead(LARGE):
                raise RuntimeError("refused")
        await bench.settle()
        assert bench.rows() == (0, 0, 0)

    run(scenario)


def test_what_a_crash_left_is_deleted_at_the_next_start() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.put(SMALL)

        def left() -> None:
            archive_id = bench.store.insert_empty(3 * PIECE_BYTES)
            for position in range(2):
                bench.store.add_piece(archive_id, position, b"x" * PIECE_BYTES)

        bench.storage.run(left)
        assert bench.rows() == (2, 3, 1)

        again = Archives(bench.store, bench.storage, ManualClock(), logging.getLogger("test"))
        again.start()
        await again.swept()

        assert bench.rows() == (1, 1, 1)
        await again.stop()

    run(scenario)


def test_unused_archive_is_deleted_and_a_reader_gets_nothing_of_it() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.put(LARGE)
        reading = asyncio.create_task(bench.archives.read(LARGE.sha256))
        await asyncio.sleep(0)
        await bench.storage.write(lambda: bench.store.delete_if_unused(LARGE.sha256))
        await bench.settle()

        assert await reading in (None, LARGE.archive)
        assert await bench.archives.read(LARGE.sha256) is None
        await asyncio.sleep(0.01)
        await bench.settle()
        assert bench.rows() == (0, 0, 0)

    run(scenario)


def test_archives_of_an_earlier_version_are_kept() -> None:
    connection = open_connection(None)
    for number, script in sorted(load_scripts().items()):
        if number <= BEFORE_PIECES:
            connection.execute(f"BEGIN;\n{script}\n;PRAGMA user_version = {number}; COMMIT;").fetchall()
    whole = bytes(range(256)) * 4096
    archives = {"large": bytes(LARGE.archive), "one piece": whole, "small": bytes(SMALL.archive)}
    assert len(whole) == PIECE_BYTES
    connection.executemany("INSERT INTO lambda_code VALUES (?, ?, ?)", [(*one, 7) for one in archives.items()])
    connection.execute("INSERT INTO lambda_code VALUES ('without size', x'00', NULL)")
    connection.execute("INSERT INTO lambda_functions (account, region, name) VALUES ('1', 'r', 'f')")
    connection.execute("INSERT INTO lambda_versions VALUES ('1', 'r', 'f', 0, '{}', 'rev', 'large', 3, 0)")
    connection.execute("INSERT INTO lambda_policies VALUES ('1', 'r', 'f', '', '[]', 'rev')")
    connection.execute("DELETE FROM lambda_code WHERE sha256 = 'small'")

    migrate(connection)

    async def read() -> None:
        storage = Storage(connection, lambda _: None)
        store = CodeStore(storage)
        reader = Archives(store, storage, ManualClock(), logging.getLogger("test"))
        assert {name: await reader.read(name) for name in ("large", "one piece")} == {
            "large": LARGE.archive,
            "one piece": Pieces.of(whole),
        }
        assert store.sum_unzipped_bytes(["large", "without size"]) == 8
        assert storage.all("PRAGMA foreign_key_check") == []

    asyncio.run(read())
