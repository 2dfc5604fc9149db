"""Goal: a number that was given is never given again by a later process, and few numbers cost a write."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import pytest

from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.storage.reserved_numbers import ReservedNumbers

AHEAD = 10


class Undo(Exception):
    """Makes a job fail after its work."""


def run(scenario: Callable[[Storage], Awaitable[None]]) -> None:
    async def whole() -> None:
        connection = open_connection(None)
        migrate(connection)
        storage = Storage(connection, lambda _: None)
        await scenario(storage)
        storage.close()

    asyncio.run(whole())


async def use(storage: Storage, reserved: ReservedNumbers, numbers: Iterable[int], *, undone: bool = False) -> int:
    """Use numbers in a job, and wait until it is on disk. How many rows were changed."""
    before = storage._connection.total_changes()

    def job() -> None:
        for number in numbers:
            reserved.use(number)
        if undone:
            raise Undo

    with contextlib.suppress(Undo):
        storage.run(job)
    await storage.durable()
    return storage._connection.total_changes() - before


def test_next_process_begins_behind_every_number_that_was_used() -> None:
    async def scenario(storage: Storage) -> None:
        last = ReservedNumbers(storage, "a", AHEAD).find_last()
        assert last == 0
        for _ in range(20):
            reserved = ReservedNumbers(storage, "a", AHEAD)
            assert reserved.find_last() >= last
            last = reserved.find_last() + 3
            await use(storage, reserved, [last])
        assert ReservedNumbers(storage, "another", AHEAD).find_last() == 0

    run(scenario)


def test_a_stretch_of_numbers_costs_one_write() -> None:
    async def scenario(storage: Storage) -> None:
        reserved = ReservedNumbers(storage, "a", AHEAD)
        writes = [await use(storage, reserved, [number]) for number in range(1, 2 * (AHEAD + 1) + 1)]
        assert writes == [1, *[0] * AHEAD, 1, *[0] * AHEAD]

    run(scenario)


@pytest.mark.parametrize("is_first", [True, False], ids=["group", "savepoint"])
def test_a_reservation_that_is_undone_is_made_again(is_first: bool) -> None:
    async def scenario(storage: Storage) -> None:
        reserved = ReservedNumbers(storage, "a", AHEAD)
        if not is_first:
            storage.run(lambda: None)
        await use(storage, reserved, [5], undone=True)
        assert ReservedNumbers(storage, "a", AHEAD).find_last() == 0
        await use(storage, reserved, [6])
        assert ReservedNumbers(storage, "a", AHEAD).find_last() == 6 + AHEAD

    run(scenario)
