"""Reads the Orders table, CloudWatch Logs and OrderDLQ for a search (orders.tracking.search)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orders.aws.clients import Aws
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.reader import read_failed_orders
from orders.dead_letters.reasons import FailedOrder
from orders.function_log.reader import FunctionLogs
from orders.table.order_table import OrderTable


class SystemSources:
    """The sources of a search in the deployed system."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.indexes = OrderTable(aws)
        self.log = FunctionLogs(aws)

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        return self.indexes.find(order_id)

    def failed_orders(self, limit: int) -> Sequence[FailedOrder]:
        return read_failed_orders(self._aws, dead_letter_queue(self._aws), limit)
