"""Reads the table OrderEvents, and deletes it.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.aws.tables import delete_table, table_exists
from orders.domain.history import NOTICE_PREFIX, OrderEvent, from_attributes
from orders.errors import OperatorError
from orders.processor.attribute_values import decode_item

PAGE_ITEMS = 100
_ALL_CHANGES = ("0", "9~")
_ALL_NOTICES = (NOTICE_PREFIX, f"{NOTICE_PREFIX}~")


class NoHistory(OperatorError):
    """There is no table OrderEvents."""


class EventTable:
    """Safe for several threads."""

    def __init__(self, aws: Aws) -> None:
        self._dynamodb = aws.client("dynamodb")
        self._name = aws.names.events_table

    def exists(self) -> bool:
        """Whether the table exists, in a stack or retained by a deleted one."""
        return table_exists(self._dynamodb, self._name)

    def delete(self) -> None:
        """Delete the table with all events, and wait until it is deleted."""
        delete_table(self._dynamodb, self._name)

    # --- Events -------------------------------------------------------------------------------------------------------

    def changes(self, order_id: str) -> Iterator[OrderEvent]:
        """The changes of an order, newest first."""
        yield from self._query(order_id, _ALL_CHANGES)

    def notices(self, order_id: str) -> Iterator[OrderEvent]:
        """What arrived and changed nothing, by the time of sending, newest first."""
        yield from self._query(order_id, _ALL_NOTICES)

    def _query(self, order_id: str, bounds: tuple[str, str]) -> Iterator[OrderEvent]:
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "orderId = :id AND #sequence BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#sequence": "sequence"},
            "ExpressionAttributeValues": {
                ":id": {"S": order_id},
                ":first": {"S": bounds[0]},
                ":last": {"S": bounds[1]},
            },
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": PAGE_ITEMS,
        }
        while True:
            try:
                answer = self._dynamodb.query(**request)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    raise NoHistory("no history is kept", "`orders deploy -p History=Yes` starts it.") from error
                raise
            yield from (from_attributes(decode_item(item)) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
