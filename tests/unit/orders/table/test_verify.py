"""Goal: every published order is told rightly as stored, newer, missing, different, waiting, dead or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.processor.consume import consume
from orders.processor.outcomes import Record
from orders.publishing.order_files import Entry
from orders.table.verify import (
    DeadLetter,
    Difference,
    Expectations,
    Report,
    State,
    Waiting,
    find_differences,
    verify_orders,
)
from tests.unit.orders.fakes import FakeClock, FakeOrderStore

EARLY, LATE = "2026-05-03T12:00:00Z", "2026-05-03T14:00:01+02:00"
EMPTY = Waiting(0, {})


class FakeTable:
    def __init__(self, *orders: dict[str, Any]) -> None:
        self.orders = {one["orderId"]: one for one in orders}

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {order_id: self.orders[order_id] for order_id in order_ids if order_id in self.orders}


def order(status: str, timestamp: str | None = EARLY) -> dict[str, Any]:
    return {"orderId": "A", "status": status} | ({} if timestamp is None else {"timestamp": timestamp})


def expect(*texts: dict[str, Any] | str) -> Expectations:
    expectations = Expectations()
    for number, text in enumerate(texts, 1):
        written = text if isinstance(text, str) else json.dumps(text)
        expectations.add(Entry("f.jsonl", number, number, written))
    return expectations


def letter(body: dict[str, Any] | str) -> DeadLetter:
    return DeadLetter("m-1", body if isinstance(body, str) else json.dumps(body), "because")


def verify(
    expectations: Expectations,
    *stored: dict[str, Any],
    letters: Sequence[DeadLetter] = (),
    waiting: Waiting = EMPTY,
) -> Report:
    return verify_orders(expectations, FakeTable(*stored), letters, waiting)


def state_of(report: Report) -> State:
    ((state, count),) = report.counts.items()
    assert count == 1
    assert report.is_clean == (state in (State.STORED, State.NEWER)), "only right orders are clean"
    return state


NEW, PAID = order("new"), order("paid", LATE)
CASES: dict[str, tuple[Report, State]] = {
    "stored": (verify(expect(NEW), NEW), State.STORED),
    "the newest of several": (verify(expect(PAID, NEW, NEW), PAID), State.STORED),
    "an older one stands": (verify(expect(NEW, PAID), NEW), State.DIFFERENT),
    "replaced by something newer": (verify(expect(NEW), PAID), State.NEWER),
    "missing": (verify(expect(NEW)), State.MISSING),
    "same moment, either stands": (verify(expect(NEW, order("paid")), order("paid")), State.STORED),
    "same moment, a third stands": (verify(expect(NEW, order("paid")), order("odd")), State.DIFFERENT),
    "without time the last counts": (
        verify(expect(order("a", None), order("b", None)), order("a", None)),
        State.DIFFERENT,
    ),
    "queue not empty": (verify(expect(NEW), waiting=Waiting(1, {})), State.WAITING),
    "an older one stands, queue not empty": (verify(expect(PAID), NEW, waiting=Waiting(2, {})), State.WAITING),
    "stored, queue not empty": (verify(expect(NEW), NEW, waiting=Waiting(2, {})), State.STORED),
    "other content of that moment, queue not empty": (
        verify(expect(NEW), order("odd"), waiting=Waiting(2, {})),
        State.DIFFERENT,
    ),
    "dead": (verify(expect(NEW), letters=[letter(NEW)]), State.DEAD),
    "dead conflict beside the stored": (verify(expect(NEW, order("x")), NEW, letters=[letter(order("x"))]), State.DEAD),
    "dead though stored by a repeat": (verify(expect(NEW), NEW, letters=[letter(NEW)]), State.STORED),
    "dead but overtaken": (verify(expect(NEW, PAID), PAID, letters=[letter(NEW)]), State.STORED),
    "no order": (verify(expect("oops")), State.REFUSED),
    "no order, dead": (verify(expect("oops"), letters=[letter("oops")]), State.DEAD),
}


@pytest.mark.parametrize(("report", "state"), CASES.values(), ids=CASES.keys())
def test_verify(report: Report, state: State) -> None:
    assert state_of(report) is state


def test_verify_of_a_dead_order_in_the_sns_envelope_tells_reason_and_message() -> None:
    envelope = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": json.dumps(NEW)})
    (finding,) = verify(expect(PAID), letters=[letter(envelope)]).findings
    assert (finding.order_id, finding.reason, finding.message_id, finding.place) == ("A", "because", "m-1", "f.jsonl:1")


def test_verify_of_an_order_that_was_given_back_tells_why() -> None:
    (finding,) = verify(expect(NEW), waiting=Waiting(1, {"A": "throttled"})).findings
    assert (finding.state, finding.reason) == (State.WAITING, "failed, to be retried: throttled")


def test_verify_names_the_fields_that_differ() -> None:
    stored = {**NEW, "items": [{"quantity": 2}], "extra": None}
    (finding,) = verify(expect({**NEW, "items": [{"quantity": 1}], "total": 5}), stored).findings
    assert finding.differences == (
        Difference("items[0].quantity", 1, 2),
        Difference("total", 5, None),
        Difference("extra", None, None),
    )
    assert finding.reason == "differs in items[0].quantity, total, extra"


def test_find_differences_takes_numbers_as_dynamodb_does() -> None:
    assert not list(find_differences({"a": [Decimal("22.20")]}, {"a": [Decimal("22.2")]}))
    assert [one.path for one in find_differences({"a": [1, 2]}, {"a": [1]})] == ["a"]


def test_verify_of_many_orders_keeps_the_files_order_and_counts_progress() -> None:
    orders = [{"orderId": str(number), "timestamp": EARLY} for number in range(250)]
    done: list[int] = []
    report = verify_orders(expect(*orders), FakeTable(*orders[::2]), [], EMPTY, on_progress=done.append)
    assert [finding.order_id for finding in report.findings] == [one["orderId"] for one in orders[1::2]]
    assert (sum(done), report.counts[State.STORED]) == (250, 125)


notifications = st.lists(
    st.builds(
        lambda order_id, second, status: {
            "orderId": order_id,
            "timestamp": f"2026-05-03T12:00:{second:02}Z",
            "status": status,
        },
        st.sampled_from("AB"),
        st.integers(0, 3),
        st.sampled_from(["new", "paid"]),
    ),
    max_size=8,
)


@given(notifications, st.randoms(use_true_random=False))
def test_verify_after_any_order_of_arrival_finds_at_most_conflicts(sent: list[dict[str, Any]], chance: Any) -> None:
    """What the processor stores and sets aside of a file, however it arrives, is what verify expects of it."""
    arriving = list(sent)
    chance.shuffle(arriving)
    store, clock = FakeOrderStore(), FakeClock()
    outcomes = consume([Record(str(n), json.dumps(one)) for n, one in enumerate(arriving)], store, clock, 1e12)
    letters = [letter(arriving[n]) for n, outcome in enumerate(outcomes) if outcome.is_given_back]
    table = FakeTable(*(one.attributes for one in store.orders.values()))
    report = verify_orders(expect(*sent), table, letters, EMPTY)
    assert {finding.state for finding in report.findings} <= {State.DEAD}
    assert report.is_clean or letters
