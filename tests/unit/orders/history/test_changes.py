"""Goal: a record of the stream becomes an event and a message that fits SNS, whatever the item holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.history import Happening
from orders.history.changes import Change, make_change_message, read_change

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def record(name: str, old: dict[str, Any] | None, new: dict[str, Any] | None, order_id: str = "1") -> dict[str, Any]:
    content: dict[str, Any] = {
        "Keys": {"orderId": {"S": order_id}},
        "SequenceNumber": "111",
        "ApproximateCreationDateTime": 1_770_000_000,
    }
    if old is not None:
        content["OldImage"] = {"orderId": {"S": order_id}, **old}
    if new is not None:
        content["NewImage"] = {"orderId": {"S": order_id}, **new}
    return {"eventName": name, "dynamodb": content}


def changed(*arguments: Any) -> Change:
    change = read_change(record(*arguments))
    assert change is not None
    return change


def test_change_names_its_notification_and_message_carries_the_filters() -> None:
    old = {"status": {"S": "new"}, "orders:notification": {"S": "n1"}}
    new = {"status": {"S": "paid"}, "total": {"N": "19.90"}, "country": {"S": "FR"}, "orders:notification": {"S": "n2"}}
    new["orders:traceparent"] = {"S": TRACEPARENT}
    change = changed("MODIFY", old, new)
    assert (change.event.happening, change.event.notification, change.event.sequence) == (
        Happening.REPLACED,
        "n2",
        "111".zfill(40),
    )
    assert [one.path for one in change.event.differences.shown] == ["status", "total", "country"]
    message = make_change_message(change)
    assert {(one.name, one.value) for one in message.attributes} == {
        ("event", "replaced"),
        ("status", "paid"),
        ("country", "FR"),
        ("total", "19.90"),
        ("traceparent", TRACEPARENT),
    }
    told = json.loads(message.text)
    assert told["at"] == "2026-02-02T02:40:00.000Z"
    assert not {"orders:notification", "orders:traceparent"} & told["order"].keys()
    assert told["traceparent"] == TRACEPARENT


@pytest.mark.parametrize("value", [{"S": "x" * 100_000}, {"N": "1"}, {"S": f"{TRACEPARENT}\n"}])
def test_stored_value_that_is_no_trace_context_counts_as_none(value: dict[str, str]) -> None:
    change = changed("INSERT", None, {"orders:traceparent": value})
    assert change.event.traceparent is None
    assert "traceparent" not in {one.name for one in make_change_message(change).attributes}


def test_write_that_changes_no_field_and_test_orders_are_no_change() -> None:
    item = {"total": {"N": "1"}}
    assert read_change(record("MODIFY", item, {**item, "orders:notification": {"S": "n"}})) is None
    assert read_change(record("INSERT", None, item, "orders-doctor-1")) is None


def test_removed_order_is_told_as_it_was() -> None:
    change = changed("REMOVE", {"status": {"S": "new"}}, None)
    assert (change.event.happening, change.order["status"]) == (Happening.REMOVED, "new")


@given(st.integers(0, 390_000), st.sampled_from("x\u00e9\U0001f600\x07"))
def test_message_fits_sns_whatever_the_size(size: int, character: str) -> None:
    text = character * (size // len(character.encode()))
    change = changed("MODIFY", {"note": {"S": text}}, {f"field{n}": {"S": text[n:3_000]} for n in range(90)})
    message = make_change_message(change)
    assert message.size_bytes <= 262_144
    assert json.loads(message.text)["eventId"]
