"""Goal: a line about a failing order names it."""

from __future__ import annotations

import pytest

from orders.cli.failing_table import failing_line
from orders.function_log.failing import FailingOrder

ORDER = FailingOrder("b10c81c2-5222", "1001", "OrderRejected", "userId: empty", "userId", 1, 3, 0, 0, 5_000)


@pytest.mark.parametrize(
    ("order_id", "name"),
    [("1001", "1001"), (None, "message b10c81c2"), ("", "message b10c81c2"), (" ", "message b10c81c2")],
)
def test_an_order_without_a_visible_id_is_named_by_its_message(order_id: str | None, name: str) -> None:
    assert failing_line(ORDER._replace(order_id=order_id), 0).startswith(f"{name}: try 1 of 3")
