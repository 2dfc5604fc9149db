"""The Orders table as operators read it: one order by its id, or pages of them through an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orders.adapters.attribute_values import decode_item
from orders.adapters.aws import Aws, error_code
from orders.errors import OperatorError
from orders.names import INDEX_BY_STATUS, INDEX_BY_USER, TABLE

PAGE_ITEMS_MAX = 1000


class OrderTable:
    def __init__(self, aws: Aws) -> None:
        self._dynamodb = aws.client("dynamodb")

    def find(self, order_id: str) -> dict[str, Any] | None:
        """The order as it is stored now."""
        answer = self._call("get_item", Key={"orderId": {"S": order_id}}, ConsistentRead=True)
        return decode_item(answer["Item"]) if "Item" in answer else None

    def exists(self) -> bool:
        """Whether the table is there, as part of a stack or left by one."""
        from botocore.exceptions import ClientError

        try:
            self._dynamodb.describe_table(TableName=TABLE)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return False
            raise
        return True

    def delete(self) -> None:
        """Delete the table with all orders, and wait until it is gone."""
        self._dynamodb.delete_table(TableName=TABLE)
        self._dynamodb.get_waiter("table_not_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 2})

    def list_orders(
        self, *, user: str | None, status: str | None, newest_first: bool = True
    ) -> Iterator[dict[str, Any]]:
        """The orders of a user or of a status, by time, through the index; without either, all, in no order.

        Of all orders a page is read when it is needed, so a few cost little however large the table.
        """
        if user is None and status is None:
            yield from self._pages("scan")
            return
        index, key, value = (INDEX_BY_USER, "userId", user) if user is not None else (INDEX_BY_STATUS, "status", status)
        request: dict[str, Any] = {
            "IndexName": index,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": key},
            "ExpressionAttributeValues": {":key": {"S": value}},
            "ScanIndexForward": not newest_first,
        }
        if user is not None and status is not None:
            request["FilterExpression"] = "#status = :status"
            request["ExpressionAttributeNames"]["#status"] = "status"
            request["ExpressionAttributeValues"][":status"] = {"S": status}
        yield from self._pages("query", **request)

    def _pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            answer = self._call(operation, Limit=PAGE_ITEMS_MAX, **request)
            yield from map(decode_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _call(self, operation: str, **request: Any) -> Any:
        from botocore.exceptions import ClientError

        try:
            return getattr(self._dynamodb, operation)(TableName=TABLE, **request)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise OperatorError(f"there is no table {TABLE}", "Set the system up with `orders deploy`.") from error
            if error_code(error) == "ValidationException" and "index" in str(error):
                raise OperatorError(
                    f"the table {TABLE} has no such index: it was not made by `orders deploy`",
                    "List all orders without --user and --status.",
                ) from error
            raise
