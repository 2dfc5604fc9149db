"""Goal: every record of a batch gets one right outcome, whatever its neighbours and the store do."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.consume import BACKOFF, consume
from orders.processor.outcomes import REJECTED, UNAVAILABLE, Outcome, Record
from tests.unit.orders.fakes import FakeClock, FakeOrderStore


def body(order_id: str, minute: int | None, content: int = 0) -> str:
    fields: dict[str, Any] = {"orderId": order_id, "total": content}
    if minute is not None:
        fields["timestamp"] = f"2026-05-03T12:{minute:02}:00Z"
    return json.dumps(fields)


def run(
    bodies: list[str], store: FakeOrderStore, clock: FakeClock | None = None, budget_ms: float = 60_000.0
) -> list[Outcome]:
    clock = clock or FakeClock()
    records = [Record(f"m-{index}", text) for index, text in enumerate(bodies)]
    return consume(records, store, clock, clock.monotonic_ms() + budget_ms)


def names(outcomes: list[Outcome]) -> list[str]:
    return [outcome.name for outcome in outcomes]


def test_consume_with_a_bad_record_stores_its_neighbours() -> None:
    store = FakeOrderStore()
    outcomes = run([body("A", 1), "no JSON", body("B", 1)], store)
    assert names(outcomes) == ["stored", REJECTED, "stored"]
    assert [outcome.message_id for outcome in outcomes if outcome.is_given_back] == ["m-1"]
    assert set(store.orders) == {"A", "B"}


def test_consume_of_new_orders_takes_one_call_and_one_write_each() -> None:
    store = FakeOrderStore()
    run([body(f"O-{number}", 1) for number in range(10)], store)
    assert (store.calls, store.writes) == (1, 10)


def test_consume_of_the_same_again_writes_nothing() -> None:
    store = FakeOrderStore()
    bodies = [body("A", 1), body("B", None)]
    run(bodies, store)
    writes = store.writes
    assert names(run(bodies, store)) == ["duplicate", "duplicate"]
    assert store.writes == writes


def test_consume_of_one_order_twice_in_a_batch_stores_the_newest() -> None:
    store = FakeOrderStore()
    outcomes = run([body("A", 2, 20), body("A", 1, 10), body("A", 3, 30), body("A", 3, 30)], store)
    assert names(outcomes) == ["stored", "stale", "stored", "duplicate"]
    assert store.orders["A"].attributes["total"] == 30


def test_consume_of_a_conflict_sets_it_aside_and_changes_nothing() -> None:
    store = FakeOrderStore()
    run([body("A", 1, 10)], store)
    (outcome,) = run([body("A", 1, 11)], store)
    assert (outcome.name, outcome.is_given_back, outcome.code) == ("conflict", True, "OrderConflict")
    assert store.orders["A"].attributes["total"] == 10


def test_consume_without_timestamps_follows_the_seed_the_last_wins() -> None:
    store = FakeOrderStore()
    run([body("A", None, 1), body("A", None, 2)], store)
    assert store.orders["A"].attributes["total"] == 2


def test_consume_when_throttled_retries_with_growing_waits_and_stores() -> None:
    store, clock = FakeOrderStore(), FakeClock()
    store.faults = [OrderUnavailable("slow down", "ThrottlingException") for _ in range(3)]
    (outcome,) = run([body("A", 1)], store, clock)
    assert outcome.name == "stored"
    assert clock.waits == [12.5, 25.0, 50.0]


def test_consume_when_throttled_until_the_deadline_gives_back_and_drops_nothing() -> None:
    store, clock = FakeOrderStore(), FakeClock()
    store.faults = [OrderUnavailable("slow down", "ThrottlingException") for _ in range(1000)]
    (outcome,) = run([body("A", 1)], store, clock, budget_ms=5_000)
    assert (outcome.name, outcome.code, outcome.is_given_back) == (UNAVAILABLE, "ThrottlingException", True)
    assert sum(clock.waits) < 5_000
    assert max(clock.waits) <= BACKOFF.cap_ms


def test_consume_when_throttled_retries_only_what_was_not_settled() -> None:
    store = FakeOrderStore()
    store.faults = [None, OrderUnavailable("slow down"), None]
    outcomes = run([body("A", 1), body("B", 1), body("C", 1)], store)
    assert names(outcomes) == ["stored"] * 3
    assert store.writes == 3


def test_consume_when_the_system_must_be_mended_gives_back_at_once() -> None:
    store, clock = FakeOrderStore(), FakeClock()
    store.faults = [OrderUnavailable("no table", "ResourceNotFoundException", transient=False)]
    (outcome,) = run([body("A", 1)], store, clock)
    assert (outcome.name, clock.waits) == (UNAVAILABLE, [])


def test_consume_when_the_store_refuses_one_order_rejects_it_alone() -> None:
    store = FakeOrderStore()
    store.faults = [OrderRejected("too large", code="ValidationException"), None]
    outcomes = run([body("A", 1), body("B", 1)], store)
    assert [(outcome.name, outcome.code) for outcome in outcomes] == [
        (REJECTED, "ValidationException"),
        ("stored", None),
    ]


def test_consume_when_a_replacement_is_throttled_resolves_it_anew() -> None:
    store = FakeOrderStore()
    run([body("A", 1)], store)
    store.faults = [None, OrderUnavailable("slow down")]  # the insertion finds the order, the replacement fails
    (outcome,) = run([body("A", 2, 7)], store)
    assert outcome.name == "stored"
    assert store.orders["A"].attributes["total"] == 7


# Notifications of two orders, each moment with one content: no conflicts.
notifications = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5)), min_size=1, max_size=8)


@given(st.data(), notifications)
def test_consume_of_any_interleaving_with_repeats_and_losses_ends_in_the_same_table(
    data: st.DataObject, life: list[tuple[str, int]]
) -> None:
    """Batches of any size, in any order, each message at least once, with faults that send messages back."""
    expected = {order_id: max(minute for one, minute in life if one == order_id) for order_id, _ in life}
    store, clock = FakeOrderStore(), FakeClock()
    repeated = life + data.draw(st.lists(st.sampled_from(life), max_size=6), label="sent again")
    queue = data.draw(st.permutations([body(order_id, minute, minute) for order_id, minute in repeated]), label="order")
    while queue:
        size = data.draw(st.integers(1, 4), label="batch")
        batch, queue = queue[:size], queue[size:]
        fault = OrderUnavailable("fault")
        store.faults = data.draw(st.lists(st.sampled_from([None, fault]), max_size=6), label="faults")
        # No time to try again: what meets a fault returns to its queue.
        outcomes = run(batch, store, clock, budget_ms=0)
        store.faults = []
        queue = queue + [text for text, outcome in zip(batch, outcomes, strict=True) if outcome.is_given_back]
    assert {order_id: order.attributes["total"] for order_id, order in store.orders.items()} == expected
