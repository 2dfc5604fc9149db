"""Goal: what `orders find` prints of an order."""

from __future__ import annotations

from decimal import Decimal

from orders.cli.find import _describe


def test_a_total_has_the_decimals_of_its_currency_as_elsewhere() -> None:
    """DynamoDB gives 19.9 for 19.90."""
    order = {"orderId": "1", "status": "new", "total": Decimal("19.9"), "currency": "GBP"}
    assert _describe(order) == "new  19.90  GBP"
