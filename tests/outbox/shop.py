"""A shop: concurrent transactions that write an order and its outbox row. ``python -m tests.outbox.shop`` runs one.

A task is one notification of an order. Its transaction locks the order's row, counts its version up, notes the task,
and adds the order with that version to the outbox; then it commits, or rolls back if the task says so. So the shop's
own tables tell afterwards what was committed, and in which order. The process may be killed at any moment: the next one
does what is not noted. Each task that is done prints a line.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, MetaData, String, Table, event, select, update
from sqlalchemy.exc import DBAPIError

from orders.outbox import add
from orders.outbox.database import open_database

THREADS = 4
ROLLED_BACK_OF = 10
# Every fifth order is notified of three times.
SEVERAL_OF, SEVERAL = 5, 3
PAUSE_S = 0.05

metadata = MetaData()
shop_orders = Table(
    "shop_orders",
    metadata,
    Column("order_id", String(200), primary_key=True),
    Column("version", Integer, nullable=False),
)
shop_writes = Table(
    "shop_writes",
    metadata,
    Column("task", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", String(200), nullable=False),
    Column("version", Integer, nullable=False),
)


class Task(NamedTuple):
    """One notification to write."""

    number: int
    order_id: str
    text: str
    is_rolled_back: bool


def make_tasks(orders: Sequence[tuple[str, str]], seed: int) -> list[Task]:
    """The tasks of these orders (id, JSON), in a random order that the seed gives; a tenth is rolled back."""
    chance = random.Random(seed)
    chosen = [order for number, order in enumerate(orders) for _ in range(SEVERAL if number % SEVERAL_OF == 0 else 1)]
    chance.shuffle(chosen)
    rolled_back = set(chance.sample(range(len(chosen)), len(chosen) // ROLLED_BACK_OF))
    return [Task(number, *order, number in rolled_back) for number, order in enumerate(chosen)]


def open_shop(url: str) -> Engine:
    """The shop's engine; a SQLite database is in WAL mode, as a shop with several writers would have it."""
    engine = open_database(url, create=True).engine
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def use_wal(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA journal_mode = WAL")

    return engine


def write(connection: Connection, task: Task) -> None:
    """The body of a task's transaction."""
    mine = shop_orders.c.order_id == task.order_id
    if connection.execute(update(shop_orders).where(mine).values(version=shop_orders.c.version + 1)).rowcount == 0:
        connection.execute(shop_orders.insert().values(order_id=task.order_id, version=1))
    version = connection.execute(select(shop_orders.c.version).where(mine)).scalar_one()
    connection.execute(shop_writes.insert().values(task=task.number, order_id=task.order_id, version=version))
    add(connection, with_version(task, version))


def with_version(task: Task, version: int) -> dict[str, Any]:
    """The order as of this version; each version is newer by its timestamp."""
    order: dict[str, Any] = json.loads(task.text, parse_float=Decimal)
    minutes, seconds = divmod(version, 60)
    return {
        **order,
        "timestamp": f"2026-01-05T09:{minutes:02}:{seconds:02}Z",
        "version": version,
        "rolledBack": task.is_rolled_back,
    }


def do_task(engine: Engine, task: Task) -> None:
    """Write the task, whatever happens to the database meanwhile."""
    while not _try_task(engine, task):
        engine.dispose()
        threading.Event().wait(PAUSE_S)


def _try_task(engine: Engine, task: Task) -> bool:
    """Whether the task is done. If not, the server is away, another transaction was first, or nobody knows whether the
    commit was done.
    """
    try:
        if not _is_written(engine, task):
            with engine.connect() as connection:
                write(connection, task)
                connection.rollback() if task.is_rolled_back else connection.commit()
    except DBAPIError:
        return False
    return True


def _is_written(engine: Engine, task: Task) -> bool:
    with engine.connect() as connection:
        found = connection.execute(select(shop_writes.c.task).where(shop_writes.c.task == task.number))
        return found.first() is not None


def committed(engine: Engine) -> set[tuple[str, int]]:
    """What the shop committed: (order id, version)."""
    with engine.connect() as connection:
        rows = connection.execute(select(shop_writes.c.order_id, shop_writes.c.version))
        return {(str(order_id), int(version)) for order_id, version in rows}


def main() -> None:
    url, path = sys.argv[1:]
    tasks = [Task(*row) for row in json.loads(Path(path).read_text("utf-8"))]
    engine = open_shop(url)
    lock = threading.Lock()
    waiting = iter(tasks)

    def work() -> None:
        while True:
            with lock:
                task = next(waiting, None)
            if task is None:
                return
            do_task(engine, task)
            with lock:
                print(task.number, flush=True)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
