"""Goal: the metrics of a batch say what it did to the table, in as few lines and as few metrics as possible."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.consume import consume
from orders.processor.metrics import metric_lines, reason_of
from orders.processor.outcomes import Outcome, Record
from tests.unit.orders.fakes import FakeClock, FakeOrderStore


def lines_of(store: FakeOrderStore, *bodies: str | dict[str, Any]) -> list[dict[str, Any]]:
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    records = [Record(f"m-{index}", text) for index, text in enumerate(texts)]
    clock = FakeClock()
    outcomes = consume(records, store, clock, clock.monotonic_ms())
    return [json.loads(line) for line in metric_lines(outcomes, 1_700_000_000_000)]


def order(order_id: str, minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {"orderId": order_id, "timestamp": f"2026-05-03T12:{minute:02}:00Z", **fields}


def members(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "_aws"}


def test_metric_lines_of_a_usual_batch_are_one_line_in_the_embedded_metric_format() -> None:
    orders = [order(f"O-{number}", currency="GBP", total=2.5) for number in range(10)]
    (line,) = lines_of(FakeOrderStore(), *orders)
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {"Namespace": "Orders", "Dimensions": [[]], "Metrics": [{"Name": "OrdersStored", "Unit": "Count"}]},
                {
                    "Namespace": "Orders",
                    "Dimensions": [["Currency"]],
                    "Metrics": [{"Name": "OrderValue", "Unit": "None"}],
                },
            ],
        },
        "OrdersStored": 10,
        "Currency": "GBP",
        "OrderValue": 25.0,
    }


def test_metric_lines_count_duplicates_stale_and_unavailable() -> None:
    store = FakeOrderStore()
    lines_of(store, order("A", 1), order("B", 1))
    store.faults = [None, None, OrderUnavailable("slow down", "ThrottlingException")]
    (line,) = lines_of(store, order("A", 1), order("B", 0), order("C"))
    assert members(line) == {"OrdersDuplicate": 1, "OrdersStale": 1, "OrdersUnavailable": 1}


def test_metric_lines_with_several_currencies_and_reasons_are_as_many_lines_and_count_once() -> None:
    store = FakeOrderStore()
    lines_of(store, order("A", 0, total=1))
    bodies: list[str | dict[str, Any]] = [
        order("B", currency="GBP", total=1),
        order("C", currency="EUR", total=2),
        order("A", 0, total=9),  # a conflict
        "no JSON",
        order("D", items=[{"quantity": "x"}]),
        order("E", items=[{}, {"quantity": "x"}]),
    ]
    one, two, three = lines_of(store, *bodies)
    assert members(one) == {
        "OrdersStored": 2,
        "Reason": "OrderConflict",
        "OrdersRejected": 1,
        "Currency": "GBP",
        "OrderValue": 1.0,
    }
    assert members(two) == {"Reason": "OrderRejected", "OrdersRejected": 1, "Currency": "EUR", "OrderValue": 2.0}
    assert members(three) == {"Reason": "items[].quantity", "OrdersRejected": 2}


def test_metric_lines_of_no_records_are_none() -> None:
    assert metric_lines([], 0) == []


def test_metric_lines_leave_out_a_value_that_cloudwatch_refuses() -> None:
    body = '{"orderId":"A","currency":"GBP","total":1E+120}'
    assert [members(line) for line in lines_of(FakeOrderStore(), body)] == [{"OrdersStored": 1}]


def test_reason_of_a_field_that_only_the_sender_knows_makes_no_metric_of_its_own() -> None:
    error = OrderRejected("too many digits", "secret[3].x")
    outcome = Outcome(
        message_id="m", name="rejected", order_id="A", reason=error.reason, field=error.field, code=error.code
    )
    assert reason_of(outcome) == "unknown field"


totals = st.none() | st.decimals(-1000, 1000, places=2)
notifications = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 5), st.sampled_from(["GBP", "EUR", None]), totals), max_size=12
)


@given(notifications, st.integers(1, 5))
def test_order_value_of_any_notifications_sums_to_the_value_of_the_table(
    life: list[tuple[str, int, str | None, Decimal | None]], size: int
) -> None:
    store = FakeOrderStore()
    bodies = [
        json.dumps(order(order_id, minute, currency=currency, total=None if total is None else float(total)))
        for order_id, minute, currency, total in life
    ]
    told: dict[str, float] = {}
    for start in range(0, len(bodies), size):
        for line in lines_of(store, *bodies[start : start + size]):
            if "OrderValue" in line:
                told[line["Currency"]] = told.get(line["Currency"], 0.0) + line["OrderValue"]
    held: dict[str, float] = {}
    for stored in store.orders.values():
        if stored.attributes["total"] is not None:
            currency = stored.attributes["currency"] or "none"
            held[currency] = held.get(currency, 0.0) + float(stored.attributes["total"])
    assert {name: round(value, 2) for name, value in told.items() if round(value, 2)} == {
        name: round(value, 2) for name, value in held.items() if round(value, 2)
    }
