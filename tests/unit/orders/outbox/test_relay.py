"""Goal: the relay's loop on a SQLite file: it tells what is wrong, waits with jitter, goes on, ends when it should."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from orders.errors import OperatorError, OrderUnavailable
from orders.outbox import add
from orders.outbox.database import Database, open_database
from orders.outbox.refused import RefusedRows
from orders.outbox.relay import ATTEMPTS_MAX, FAILURES_BEFORE_RECONNECT, Options, Relay
from orders.outbox.report import Progress
from orders.outbox.status import read_status
from orders.outbox.store import OutboxStore
from orders.outbox.table import as_ddl, creation_sql, make_tables
from orders.publishing.message import Message
from orders.publishing.ports import Rejection, Topic
from tests.unit.orders.fakes import FakeClock

TABLES = make_tables()


class FakeTopic:
    """Accepts all; before that ``faults`` are raised or answered, one a call."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.batches: list[int] = []
        self.faults: list[Exception | Rejection] = []

    def publish(self, messages: Sequence[Message]) -> list[Rejection | None]:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return [fault] * len(messages)
        self.batches.append(len(messages))
        self.texts += [message.text for message in messages]
        return [None] * len(messages)

    @property
    def ids(self) -> list[str]:
        return [json.loads(text)["orderId"] for text in self.texts]


class FakeWaking:
    """Time passes by waiting. ``steps`` are called one by one instead of waiting for rows; then the relay must stop."""

    def __init__(self, clock: FakeClock, steps: Sequence[Callable[[], None]] = ()) -> None:
        self.is_stopped = False
        self.pauses: list[float] = []
        self._clock = clock
        self._steps = list(steps)

    def pause_ms(self, duration_ms: float) -> None:
        self.pauses.append(duration_ms)
        self._clock.wait_ms(duration_ms)

    def wait_for_rows(self) -> None:
        self._clock.wait_ms(100)
        if self._steps:
            self._steps.pop(0)()
        else:
            self.is_stopped = True

    def close(self) -> None:
        return


class World:
    """An outbox in a SQLite file, a topic, and what the relay told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.topic = FakeTopic()
        self.connect: Callable[[], Topic] = lambda: self.topic
        self.told: list[Progress] = []
        self.waking = FakeWaking(self.clock)
        with self.opened() as database, database.transaction() as connection:
            for statement in creation_sql(TABLES, database.engine.dialect, notify=True):
                connection.execute(as_ddl(statement))

    def opened(self) -> _Opened:
        return _Opened(open_database(str(self.path), create=True))

    def write(self, *order_ids: str) -> None:
        connection = sqlite3.connect(self.path)
        for order_id in order_ids:
            add(connection, {"orderId": order_id})
        connection.commit()
        connection.close()

    def insert(self, order_id: str, body: str) -> None:
        connection = sqlite3.connect(self.path)
        connection.execute("INSERT INTO orders_outbox (order_id, body) VALUES (?, ?)", (order_id, body))
        connection.commit()
        connection.close()

    def relay(self, *, keep_ms: int = 0, linger_ms: float = 0.0) -> Relay:
        store = OutboxStore(open_database(str(self.path)), TABLES)
        options = Options("relay-1", connections=1, keep_ms=keep_ms, linger_ms=linger_ms)
        return Relay(store, self.connect, self.waking, self.clock, options, self.told.append)

    def states(self) -> list[tuple[str, str]]:
        connection = sqlite3.connect(self.path)
        rows = connection.execute("SELECT order_id, state FROM orders_outbox ORDER BY id").fetchall()
        connection.close()
        return rows


class _Opened:
    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Database:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "shop.db")


def test_once_publishes_what_waits_in_order_and_deletes_it(world: World) -> None:
    world.write("a", "b", "a", "c", "a")
    progress = world.relay().run(once=True)
    assert world.topic.ids == ["a", "b", "c", "a", "a"]
    assert (progress.sent, progress.problem, world.states()) == (5, None, [])


def test_rows_that_come_while_it_waits_are_published(world: World) -> None:
    world.waking = FakeWaking(world.clock, [lambda: world.write("a"), lambda: world.write("b", "c")])
    assert world.relay().run().sent == 3
    assert world.topic.batches == [1, 2]


def test_linger_waits_for_fuller_batches(world: World) -> None:
    world.waking = FakeWaking(world.clock, [lambda: world.write("a")])
    world.relay(linger_ms=200).run()
    assert world.waking.pauses == [200, 200]


def test_sent_rows_are_kept_for_as_long_as_asked(world: World) -> None:
    world.write("a")
    world.relay(keep_ms=3_600_000).run(once=True)
    assert world.states() == [("a", "sent")]
    connection = sqlite3.connect(world.path)
    connection.execute("UPDATE orders_outbox SET done_at_ms = done_at_ms - 3600001")
    connection.commit()
    connection.close()
    world.relay(keep_ms=3_600_000).run(once=True)
    assert world.states() == []
    assert world.topic.ids == ["a"], "a sent row is not sent again"


def test_a_refused_row_is_parked_with_its_reason_and_others_go_on(world: World) -> None:
    world.insert("a", '{"orderId": "a", "total": "much"}')
    world.insert("x", '{"orderId": "a"}')
    world.write("a", "b")
    assert world.relay().run(once=True).refused == 2
    assert world.topic.ids == ["a", "b"]
    with world.opened() as database:
        status = read_status(database, TABLES)
    assert (status.waiting, status.refused) == (0, 2)
    assert [group.first_id for group in status.reasons] == [1, 2]
    assert status.reasons[0].reason.startswith("total: expected a number")


def test_a_refused_row_that_is_retried_goes_behind_all_that_wait(world: World) -> None:
    world.insert("a", '{"orderId": "a", "total": "much"}')
    world.relay().run(once=True)
    world.write("a")
    with world.opened() as database:
        rows = RefusedRows(database, TABLES)
        assert rows.get(1).body == '{"orderId": "a", "total": "much"}'
        rows.retry_with(1, '{"orderId": "a", "total": 5}')
        assert rows.find() == []
    world.waking = FakeWaking(world.clock)
    world.relay().run(once=True)
    assert world.topic.texts == ['{"orderId":"a"}', '{"orderId": "a", "total": 5}']


def test_retry_and_drop_change_nothing_if_one_row_is_not_refused(world: World) -> None:
    world.insert("a", "{}")
    world.relay().run(once=True)
    world.write("b")
    with world.opened() as database:
        rows = RefusedRows(database, TABLES)
        for change in (rows.retry, rows.drop):
            with pytest.raises(OperatorError, match="there is no refused row 2"):
                change([1, 2])
        assert world.states() == [("a", "refused"), ("b", "waiting")]
        assert rows.retry([1]) == 1
        assert world.states() == [("b", "waiting"), ("a", "waiting")]


def test_a_lost_endpoint_is_told_once_and_tried_again_with_growing_waits(world: World) -> None:
    world.write("a", "b")
    world.topic.faults = [OrderUnavailable("connection refused")] * 5
    progress = world.relay().run(once=True)
    assert world.topic.ids == ["a", "b"]
    problems = [one.problem for one in world.told]
    assert problems[:5] == ["connection refused"] * 5
    assert problems[5] is None
    assert progress.problem is None
    waits = world.waking.pauses
    assert waits == sorted(waits)
    assert waits[0] == 50, "half of the limit after one failure"


def test_after_failures_the_topic_is_looked_up_anew(world: World) -> None:
    connected = []

    def connect() -> Topic:
        connected.append(world.clock.now_ms())
        return world.topic

    world.connect = connect
    world.write("a")
    world.topic.faults = [OrderUnavailable("the token expired")] * FAILURES_BEFORE_RECONNECT
    world.relay().run(once=True)
    assert len(connected) == 2


def test_one_row_that_is_throttled_holds_up_its_own_order_only(world: World) -> None:
    world.write("a", "a")
    world.topic.faults = [Rejection("Throttled", "slow down", retryable=True)]
    world.waking = FakeWaking(world.clock)
    progress = world.relay().run(once=True)
    assert world.topic.ids == ["a", "a"]
    assert (progress.sent, world.told[0].problem) == (2, "Throttled: slow down")


def test_once_ends_with_the_problem_when_trying_brought_nothing(world: World) -> None:
    world.write("a")
    world.topic.faults = [OrderUnavailable("connection refused")] * 100
    progress = world.relay().run(once=True)
    assert (progress.problem, len(world.waking.pauses)) == ("connection refused", ATTEMPTS_MAX - 1)
    assert world.states() == [("a", "waiting")]


def test_once_ends_at_once_where_only_the_operator_can_help(world: World) -> None:
    def connect() -> Topic:
        raise OperatorError("there is no topic OrderTopic", "Set the system up with `orders deploy`.")

    world.connect = connect
    progress = world.relay().run(once=True)
    assert progress.problem == "there is no topic OrderTopic. Set the system up with `orders deploy`."
    assert world.waking.pauses == []


def test_without_the_table_it_ends_and_names_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    sqlite3.connect(path).close()
    path.touch()
    clock = FakeClock()
    relay = Relay(OutboxStore(open_database(str(path)), TABLES), FakeTopic, FakeWaking(clock), clock, Options("r"))
    with pytest.raises(OperatorError, match="there is no table orders_outbox") as raised:
        relay.run()
    assert "orders relay init" in raised.value.advice


def test_a_table_with_a_column_missing_is_named(world: World) -> None:
    connection = sqlite3.connect(world.path)
    connection.execute("ALTER TABLE orders_outbox DROP COLUMN refusal")
    connection.close()
    with pytest.raises(OperatorError, match="has no column refusal"):
        world.relay().run()


def test_on_sqlite_a_second_relay_stands_by_until_the_first_ends(world: World) -> None:
    world.write("a")
    second = World(world.path)

    def look() -> None:
        progress = second.relay().run(once=True)
        assert progress.problem is not None
        assert "another relay works on" in progress.problem

    world.waking = FakeWaking(world.clock, [look])
    assert world.relay().run().sent == 1
    second.write("b")
    second.waking = FakeWaking(second.clock)
    assert second.relay().run(once=True).sent == 1


def test_a_relay_is_seen_in_the_status_while_it_works(world: World) -> None:
    world.write("a", "b")
    seen = []

    def look() -> None:
        world.clock.wait_ms(2_000)

    def read() -> None:
        with world.opened() as database:
            seen.append(read_status(database, TABLES))

    world.waking = FakeWaking(world.clock, [look, read])
    world.relay().run()
    (relay,) = seen[0].relays
    assert (relay.name, relay.sent, relay.problem, relay.is_silent) == ("relay-1", 2, None, False)
    assert seen[0].sent_per_minute == 2
    with world.opened() as database:
        assert read_status(database, TABLES).relays == (), "an ended relay takes its row away"
