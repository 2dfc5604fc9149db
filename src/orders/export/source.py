"""All orders of the table, and the orders that OrderProcessor's log says were stored in a time window.

A scan reads every order once, those without a timestamp too, which no index holds.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orders.aws.clients import Aws
from orders.domain.stored_item import split_arrival
from orders.errors import MISSING_PART_ADVICE, OperatorError
from orders.function_log.lines import parse_line
from orders.function_log.reader import OVERLAP_MS, FunctionLogs
from orders.processor.attribute_values import decode_item
from orders.table.order_table import OrderTable

STORED = '{ $.outcome = "stored" }'


class OrderSource:
    """The port Source."""

    def __init__(self, aws: Aws) -> None:
        self._name = aws.names.table
        self._dynamodb = aws.client("dynamodb")
        self._table = OrderTable(aws)
        self._logs = FunctionLogs(aws)

    def scan(self, user: str | None, statuses: Sequence[str]) -> Iterator[dict[str, Any]]:
        if not self._table.exists():
            raise OperatorError(f"there is no table {self._name}", MISSING_PART_ADVICE)
        request = _filter(user, statuses)
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True, **request):
            yield from (split_arrival(decode_item(item))[0] for item in page["Items"])

    def stored_ids(self, since_ms: int, until_ms: int | None) -> Iterator[str]:
        self._logs.check_is_there()
        for line in self._logs.lines(since_ms, STORED):
            if until_ms is not None and line.at_ms >= until_ms + OVERLAP_MS:
                return  # lines may arrive slightly out of order
            order_id = parse_line(line.text).get("orderId")
            if isinstance(order_id, str) and (until_ms is None or line.at_ms < until_ms):
                yield order_id

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return self._table.find_all(order_ids)


def _filter(user: str | None, statuses: Sequence[str]) -> dict[str, Any]:
    conditions, names, values = [], {}, {}
    if user is not None:
        conditions.append("userId = :user")
        values[":user"] = {"S": user}
    if statuses:
        places = {f":status{number}": {"S": status} for number, status in enumerate(statuses)}
        conditions.append(f"#status IN ({', '.join(places)})")
        names["#status"] = "status"
        values |= places
    if not conditions:
        return {}
    request: dict[str, Any] = {"FilterExpression": " AND ".join(conditions), "ExpressionAttributeValues": values}
    return {**request, "ExpressionAttributeNames": names} if names else request
