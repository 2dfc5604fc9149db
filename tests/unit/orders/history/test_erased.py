"""Goal: what OrderHistory tells of an erasure holds nothing of the order that was erased."""

from __future__ import annotations

from typing import Any

from orders.domain.history import Happening
from orders.history.changes import make_change_message, read_change

KEY = {"orderId": {"S": "1"}}
PERSON = {**KEY, "userId": {"S": "ada"}, "email": {"S": "ada@example.com"}, "status": {"S": "new"}}
MARK = {**KEY, "orders:erased": {"S": "2026-05-03T12:00:00Z"}}


def record(name: str, **images: Any) -> dict[str, Any]:
    moment = {"SequenceNumber": "7", "ApproximateCreationDateTime": 1}
    return {"eventName": name, "dynamodb": {"Keys": KEY, **moment, **images}}


def test_erasure_is_told_without_the_old_image() -> None:
    change = read_change(record("MODIFY", OldImage=PERSON, NewImage={**MARK, "status": {"S": "new"}}))
    assert change is not None
    assert change.event.happening is Happening.ERASED
    assert change.order == {"orderId": "1", "status": "new"}
    assert "ada" not in f"{change} {make_change_message(change)}"


def test_mark_of_an_order_that_was_never_stored_is_an_erasure_too() -> None:
    change = read_change(record("INSERT", NewImage=MARK))
    assert change is not None
    assert (change.event.happening, change.order) == (Happening.ERASED, {"orderId": "1"})
