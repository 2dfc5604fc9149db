"""Stored orders whole: of an order that is too large for an item, the table holds the head and S3 the body."""

from __future__ import annotations

from typing import Any

from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.claims.reading import whole_order
from orders.table.order_table import OrderTable


class WholeOrders:
    """Safe for several threads. An order that its item holds whole costs no call of S3."""

    def __init__(self, aws: Aws) -> None:
        self._table = OrderTable(aws)
        self._claims = ClaimBucket(aws)

    def find(self, order_id: str) -> dict[str, Any] | None:
        """The stored order."""
        order = self._table.find(order_id)
        return None if order is None else self.whole(order)

    def whole(self, order: dict[str, Any]) -> dict[str, Any]:
        """The whole order whose stored fields these are. Raises OperatorError if its body is lost or damaged."""
        return whole_order(order, self._claims, self._table.find)
