"""Goal: what arrives and changes nothing is written into the history, once, or its message is given back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from orders.domain.history import Happening, OrderEvent
from orders.errors import OrderUnavailable
from orders.processor.consume import consume
from orders.processor.outcomes import UNAVAILABLE, Outcome, Record
from orders.processor.record_notices import ATTEMPTS_MAX, record_notices
from tests.unit.orders.fakes import FakeClock, FakeOrderStore


class FakeNotices:
    """Notices in a dictionary. ``faults`` are answered one by one to the next events."""

    def __init__(self, *faults: OrderUnavailable) -> None:
        self.events: dict[tuple[str, str], OrderEvent] = {}
        self.faults = list(faults)
        self.calls = 0

    def append(self, events: Sequence[OrderEvent]) -> list[OrderUnavailable | None]:
        self.calls += 1
        assert len({(one.order_id, one.sequence) for one in events}) == len(events), "keys must differ in one call"
        answers: list[OrderUnavailable | None] = []
        for one in events:
            fault = self.faults.pop(0) if self.faults else None
            answers.append(fault)
            if fault is None:
                self.events.setdefault((one.order_id, one.sequence), one)
        return answers

    @property
    def happenings(self) -> list[Happening]:
        return [one.happening for one in self.events.values()]


def envelope(notification: str, **fields: Any) -> str:
    message = json.dumps({"orderId": "1", **fields})
    return json.dumps({"Type": "Notification", "MessageId": notification, "TopicArn": "t", "Message": message})


def run(notices: FakeNotices, store: FakeOrderStore, *records: Record) -> list[Outcome]:
    clock = FakeClock()
    deadline_ms = clock.monotonic_ms() + 10_000
    outcomes = consume(records, store, clock, deadline_ms, keeps_history=True)
    return record_notices(records, outcomes, notices, clock, deadline_ms)


FIRST = Record("m1", envelope("n1", timestamp="2026-05-03T12:00:00Z", status="new"), 100)
NEWER = Record("m2", envelope("n2", timestamp="2026-05-03T13:00:00Z", status="paid"), 200)


def test_changes_need_no_notice_and_carry_their_notification() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, FIRST, NEWER)
    assert notices.events == {}
    assert notices.calls == 0
    assert store.orders["1"].notification == "n2"
    assert "orders:notification" not in store.orders["1"].attributes


def test_redelivery_of_the_stored_notification_is_no_event() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, FIRST)
    run(notices, store, FIRST._replace(message_id="m9", sent_at_ms=900))
    assert notices.events == {}


def test_each_notice_is_written_once_however_often_it_comes() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, FIRST, NEWER)
    again = Record("m3", envelope("n3", timestamp="2026-05-03T13:00:00Z", status="paid"), 300)
    conflict = Record("m4", envelope("n4", timestamp="2026-05-03T13:00:00Z", status="sent"), 400)
    rejected = Record("m5", envelope("n5", timestamp="never"), 500)
    for _ in range(3):
        run(notices, store, FIRST, again, again, conflict, rejected)
    assert sorted(one.value for one in notices.happenings) == ["conflict", "duplicate", "late", "rejected"]
    late = next(one for one in notices.events.values() if one.happening is Happening.LATE)
    assert [one.path for one in late.differences.shown] == ["timestamp", "status"]
    assert late.notification == "n1"


def test_rejected_without_a_readable_id_has_no_history() -> None:
    notices = FakeNotices()
    run(notices, FakeOrderStore(), Record("m", "no JSON", 1), Record("n", '{"total": 1}', 1))
    assert notices.events == {}


def test_raw_delivery_is_told_by_the_message_id() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, Record("m1", '{"orderId": "1"}', 1))
    run(notices, store, Record("m2", '{"orderId": "1"}', 2))
    [event] = notices.events.values()
    assert (event.happening, event.notification) == (Happening.DUPLICATE, "m2")


def test_notice_that_is_throttled_is_tried_again() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, NEWER)
    notices.faults = [OrderUnavailable("slow down", "ThrottlingException")] * 2
    [outcome] = run(notices, store, FIRST)
    assert outcome.name == "stale"
    assert notices.happenings == [Happening.LATE]


def test_record_whose_notice_cannot_be_written_is_given_back_and_told_next_time() -> None:
    notices, store = FakeNotices(), FakeOrderStore()
    run(notices, store, NEWER)
    notices.faults = [OrderUnavailable("no right", "AccessDeniedException", transient=False)]
    [outcome] = run(notices, store, FIRST)
    assert (outcome.name, outcome.is_given_back, outcome.code) == (UNAVAILABLE, True, "AccessDeniedException")
    notices.faults = [OrderUnavailable("down", "ServiceUnavailable")] * ATTEMPTS_MAX
    assert run(notices, store, FIRST)[0].name == UNAVAILABLE
    assert run(notices, store, FIRST)[0].name == "stale"
    assert notices.happenings == [Happening.LATE]
