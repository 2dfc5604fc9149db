"""Goal: whatever the order and the size of the batches, the archive gives back each notification once, in order; and a
replay into an empty table gives the table that was.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.archive.choice import Choice
from orders.archive.notification import Notification, from_line, read_delivery, to_envelope, to_line
from orders.archive.objects import ObjectName, make_objects, read_name
from orders.archive.ports import Refused
from orders.archive.position import Position
from orders.archive.reading import read_notifications
from orders.archive.replay import ATTEMPTS_MAX, Progress, choose, replay
from orders.errors import OrderUnavailable
from orders.processor.consume import consume
from orders.processor.outcomes import Record
from tests.unit.orders.fakes import FakeClock, FakeOrderStore

HOUR_MS = 3_600_000
START_MS = 1_764_313_200_000  # 2025-11-28T07:00:00Z
TEXTS = st.text(max_size=30)
NOTIFICATIONS = st.builds(
    Notification,
    published_at_ms=st.integers(0, 4_000_000_000_000),
    id=st.text(min_size=1, max_size=20),
    message=TEXTS,
    attributes=st.dictionaries(TEXTS, st.fixed_dictionaries({"Type": TEXTS, "Value": TEXTS}), max_size=3),
    topic_arn=st.text(min_size=1, max_size=20),
    subject=st.none() | TEXTS,
)


class FakeArchive:
    """The archive in a dictionary; counts the objects that are open."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.open = self.open_max = 0

    def write(self, batch: Sequence[Notification]) -> None:
        for one in make_objects(batch):
            self.objects[one.key] = one.content

    def list_hour(self, prefix: str) -> Iterator[ObjectName]:
        for key in sorted(self.objects):
            name = read_name(key)
            if key.startswith(prefix) and name is not None:
                yield name

    def lines(self, key: str) -> Iterator[str]:
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        yield from gzip.decompress(self.objects[key]).decode().splitlines()
        self.open -= 1


class FakeTarget:
    name, bytes_max = "target", 1_000

    def __init__(self, *faults: OrderUnavailable | Refused) -> None:
        self.sent: list[str] = []
        self.faults = list(faults)

    def size_of(self, notification: Notification) -> int:
        return len(notification.message)

    def send(self, notifications: Sequence[Notification]) -> list[Refused | None]:
        answers: list[Refused | None] = []
        for one in notifications:
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, OrderUnavailable):
                raise fault
            answers.append(fault)
            if fault is None:
                self.sent.append(one.id)
        return answers


@given(NOTIFICATIONS)
def test_notification_is_the_same_after_a_line_and_after_an_envelope(notification: Notification) -> None:
    assert from_line(to_line(notification)) == notification
    assert to_line(notification).isascii()
    assert read_delivery(to_envelope(notification), "other", notification.published_at_ms) == notification


@given(st.text(), st.integers(0, 10**13))
def test_any_body_is_taken(body: str, sent_at_ms: int) -> None:
    taken = read_delivery(body, "sqs-id", sent_at_ms)
    assert from_line(to_line(taken)) == taken


def test_envelope_with_an_impossible_time_counts_from_its_sending() -> None:
    for timestamp in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", 7, None):
        body = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": "m", "Timestamp": timestamp})
        assert read_delivery(body, "id", START_MS).published_at_ms == START_MS


@given(st.data())
def test_archive_gives_back_each_notification_once_in_order(data: st.DataObject) -> None:
    moments = data.draw(st.lists(st.integers(0, 3 * HOUR_MS - 1), max_size=40))
    published = [Notification(START_MS + at, f"n{index}", "m") for index, at in enumerate(moments)]
    deliveries = data.draw(st.permutations(published + published[::2]))
    archive = FakeArchive()
    while deliveries:
        size = data.draw(st.integers(1, 10))
        archive.write(deliveries[:size])
        deliveries = deliveries[size:]
    since, until = sorted(data.draw(st.tuples(st.integers(0, 3 * HOUR_MS), st.integers(0, 3 * HOUR_MS))))
    found = list(read_notifications(archive, START_MS + since, START_MS + until))
    wanted = [one for one in published if START_MS + since <= one.published_at_ms < START_MS + until]
    assert found == sorted(wanted, key=lambda one: one.key)


def test_reading_opens_only_objects_that_overlap() -> None:
    archive = FakeArchive()
    for minute in range(60):
        archive.write([Notification(START_MS + minute * 60_000 + at, f"{minute}-{at}", "m") for at in range(20)])
    assert len(list(read_notifications(archive, START_MS, START_MS + HOUR_MS))) == 1_200
    assert archive.open_max <= 2


def test_same_batch_written_twice_is_one_object() -> None:
    archive = FakeArchive()
    batch = [Notification(START_MS, "a", "1"), Notification(START_MS + 1, "b", "2")]
    archive.write(batch)
    archive.write(batch[::-1])
    assert len(archive.objects) == 1
    assert next(iter(archive.objects)).startswith("archive/2025/11/28/07/")


ORDERS = st.fixed_dictionaries(
    {"orderId": st.sampled_from("abc"), "status": st.sampled_from(["new", "paid", "sent"])},
    optional={"timestamp": st.sampled_from([f"2026-05-0{day}" for day in range(1, 5)]), "total": st.integers(0, 3)},
)


@given(st.lists(ORDERS | st.just({"total": 1}), max_size=25), st.randoms(use_true_random=False), st.integers(1, 9))
def test_replay_into_an_empty_table_gives_the_same_table(orders: list[object], chance: object, size: int) -> None:
    """Processed in order of publishing, archived in any order and twice: also orders without timestamp, conflicts and
    what is invalid.
    """
    published = [
        Notification(START_MS + number * 700_000, f"n{number:03}", json.dumps(order))
        for number, order in enumerate(orders)
    ]
    before, after, archive, clock = FakeOrderStore(), FakeOrderStore(), FakeArchive(), FakeClock()
    process = [Record(one.id, to_envelope(one)) for one in published]
    consume(process, before, clock, clock.monotonic_ms() + 1_000)
    deliveries = published * 2
    chance.shuffle(deliveries)  # type: ignore[attr-defined]
    for start in range(0, len(deliveries), size):
        archive.write(deliveries[start : start + size])
    read = read_notifications(archive, START_MS, START_MS + 100 * HOUR_MS)
    consume([Record(one.id, to_envelope(one)) for one in read], after, clock, clock.monotonic_ms() + 1_000)
    assert after.orders == before.orders


# --- Replay ---------------------------------------------------------------------------------------------------------


MANY = [Notification(START_MS + number, f"n{number:02}", f'{{"orderId": "{number}"}}') for number in range(35)]


def run(target: FakeTarget, position: Position, notifications: Sequence[Notification] = MANY) -> Progress:
    progress = Progress()
    replay(choose(notifications, Choice(), position, progress), target, position, FakeClock(), progress)
    return progress


@pytest.fixture
def position(tmp_path: object) -> Position:
    return Position.of_replay(tmp_path, {"to": "target"}, FakeClock(), resume=False)  # type: ignore[arg-type]


def test_throttled_notifications_are_sent_again_and_refused_ones_are_named(position: Position) -> None:
    throttled = Refused("Throttled", "slow down", retryable=True)
    refused = Refused("InvalidMessageContents", "a character", retryable=False)
    target = FakeTarget(OrderUnavailable("down"), throttled, refused)
    progress = run(target, position)
    assert (progress.sent, progress.refused, len(set(target.sent))) == (34, 1, 34)
    assert progress.refusals == [("n01", refused)]


def test_replay_stops_at_a_target_that_stays_away_and_resumes_there(position: Position, tmp_path: object) -> None:
    target = FakeTarget()
    assert run(target, position, MANY[:20]).sent == 20
    target.faults = [OrderUnavailable("down")] * ATTEMPTS_MAX
    with pytest.raises(OrderUnavailable, match="down"):
        run(target, position)
    position.save()
    resumed = Position.of_replay(tmp_path, {"to": "target"}, FakeClock(), resume=True)  # type: ignore[arg-type]
    progress = run(target, resumed)
    assert (progress.skipped, progress.sent) == (20, 15)
    assert target.sent == [one.id for one in MANY]


def test_notification_that_is_too_large_for_the_target_is_named(position: Position) -> None:
    large = Notification(START_MS, "large", "x" * 1_001)
    progress = run(FakeTarget(), position, [large, *MANY])
    assert (progress.sent, progress.refusals[0][0]) == (35, "large")


def test_choice_reads_orders_in_any_wrapping_and_takes_nothing_else() -> None:
    order = {"orderId": "1", "userId": "ada", "status": "new"}
    wrapped = Notification(0, "n", json.dumps(json.dumps(order)))
    assert Choice("1", "ada", "new").takes(wrapped)
    assert not Choice("1", "eve").takes(wrapped)
    for text in ("no JSON", "[1]", "null", '{"orderId": 1}', "[" * 100_000):
        assert not Choice("1").takes(Notification(0, "n", text))
        assert Choice().takes(Notification(0, "n", text))
