"""Reads the Orders table: orders by id, or pages of orders from an index. Never scans.

BatchGetItem responses are decoded here: botocore walks its model for each of an order's hundred values, which takes
ten times as long as parsing the JSON. boto3 still signs, sends, retries and raises errors; botocore's before-parse
event provides the body.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.aws.names import INDEX_BY_STATUS, INDEX_BY_USER
from orders.aws.tables import delete_table, table_exists
from orders.clock import Clock, SystemClock
from orders.domain.stored_item import split_arrival
from orders.errors import MISSING_PART_ADVICE, OperatorError
from orders.processor.attribute_values import decode_item
from orders.retry import Backoff
from orders.table.query import Position

PAGE_ITEMS_MAX = 1000
# As template.yaml sets it where the stack has the table.
STREAM_VIEW = "NEW_AND_OLD_IMAGES"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
BATCH_KEYS_MAX = 100
BACKOFF = Backoff(base_ms=50.0, cap_ms=5_000.0)

_DECODED = "_orders_decoded"


class OrderTable:
    """Safe for several threads."""

    def __init__(self, aws: Aws, clock: Clock | None = None) -> None:
        self._name = aws.names.table
        self._dynamodb = aws.client("dynamodb")
        self._clock = clock or SystemClock()
        self._dynamodb.meta.events.register("before-parse.dynamodb.BatchGetItem", _decode_batch, unique_id=_DECODED)

    def find(self, order_id: str) -> dict[str, Any] | None:
        """The stored order."""
        answer = self._call("get_item", Key={"orderId": {"S": order_id}}, ConsistentRead=True)
        return _read_order(answer["Item"]) if "Item" in answer else None

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The stored orders among the given ids, by id. The ids must be unique."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(order_ids), BATCH_KEYS_MAX):
            pending: Sequence[str] = order_ids[start : start + BATCH_KEYS_MAX]
            attempts = 0
            while pending:
                orders, unprocessed = self._get_batch(pending)
                found.update((order["orderId"], order) for order in orders)
                if unprocessed and not orders:  # throttled, not limited by the 16 MB response size
                    self._clock.wait_ms(BACKOFF.wait_ms(attempts, self._clock))
                    attempts += 1
                pending = unprocessed
        return found

    def exists(self) -> bool:
        """Whether the table exists, in a stack or retained by a deleted one."""
        return table_exists(self._dynamodb, self._name)

    def delete(self) -> None:
        """Delete the table with all orders, and wait until it is deleted."""
        delete_table(self._dynamodb, self._name)

    def ensure_stream(self) -> str:
        """Enable the table's stream of old and new images unless it is; the stream's ARN. Raises OperatorError."""
        table = self._dynamodb.describe_table(TableName=self._name)["Table"]
        stream = table.get("StreamSpecification", {})
        if stream.get("StreamEnabled"):
            if stream["StreamViewType"] != STREAM_VIEW:
                raise OperatorError(
                    f"the stream of {self._name} holds {stream['StreamViewType']}", f"The history needs {STREAM_VIEW}."
                )
            return str(table["LatestStreamArn"])
        self._dynamodb.update_table(
            TableName=self._name, StreamSpecification={"StreamEnabled": True, "StreamViewType": STREAM_VIEW}
        )
        self._dynamodb.get_waiter("table_exists").wait(TableName=self._name, WaiterConfig={"Delay": 2})
        return str(self._dynamodb.describe_table(TableName=self._name)["Table"]["LatestStreamArn"])

    # --- OrderIndexes -----------------------------------------------------------------------------------------------

    def orders_of_user(
        self,
        user: str,
        statuses: Sequence[str],
        bounds: tuple[str | None, str | None],
        *,
        newest_first: bool,
        page_items: int,
        after: Position | None = None,
    ) -> Iterator[dict[str, Any]]:
        """A user's orders of these statuses, or of any if none is named, by the text of their timestamps."""
        request = _query(
            index=INDEX_BY_USER, key="userId", value=user, bounds=bounds, newest_first=newest_first, after=after
        )
        if statuses:
            places = {f":status{number}": {"S": status} for number, status in enumerate(statuses)}
            request["FilterExpression"] = f"#status IN ({', '.join(places)})"
            request["ExpressionAttributeNames"]["#status"] = "status"
            request["ExpressionAttributeValues"] |= places
            page_items = PAGE_ITEMS_MAX  # DynamoDB filters after it has read, so a small page may hold nothing
        yield from self._pages(request, page_items)

    def orders_of_status(
        self,
        status: str,
        bounds: tuple[str | None, str | None],
        *,
        newest_first: bool,
        page_items: int,
        after: Position | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The orders of a status, by the text of their timestamps."""
        yield from self._pages(
            _query(
                index=INDEX_BY_STATUS, key="status", value=status, bounds=bounds, newest_first=newest_first, after=after
            ),
            page_items,
        )

    # --- Calls ------------------------------------------------------------------------------------------------------

    def _pages(self, request: dict[str, Any], page_items: int) -> Iterator[dict[str, Any]]:
        """Reads pages lazily, so a few orders cost little even in a large table."""
        while True:
            answer = self._call("query", Limit=page_items, **request)
            yield from map(_read_order, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _get_batch(self, order_ids: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
        """The orders found, and the unprocessed ids."""
        keys = [{"orderId": {"S": order_id}} for order_id in order_ids]
        try:
            answer = self._dynamodb.batch_get_item(RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}})
        except Exception as error:
            _raise_operator_error(self._name, error)
            raise
        decoded: tuple[list[dict[str, Any]], list[str]] = answer[_DECODED]
        return decoded

    def _call(self, operation: str, **request: Any) -> Any:
        try:
            return getattr(self._dynamodb, operation)(TableName=self._name, **request)
        except Exception as error:
            _raise_operator_error(self._name, error)
            raise


def _query(
    index: str,
    key: str,
    value: str,
    bounds: tuple[str | None, str | None],
    newest_first: bool,
    after: Position | None,
) -> dict[str, Any]:
    condition = "#key = :key"
    names = {"#key": key}
    values = {":key": {"S": value}}
    first, last = bounds
    if first is not None or last is not None:
        condition += {
            (True, True): " AND #timestamp BETWEEN :first AND :last",
            (True, False): " AND #timestamp >= :first",
            (False, True): " AND #timestamp <= :last",
        }[first is not None, last is not None]
        names["#timestamp"] = "timestamp"
        values |= {":first": {"S": first}} if first is not None else {}
        values |= {":last": {"S": last}} if last is not None else {}
    request: dict[str, Any] = {
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not newest_first,
    }
    if after is not None:
        # A start key is a position, not an item: the order may have been deleted or changed.
        start = {key: value, "timestamp": after.timestamp, "orderId": after.order_id}
        request["ExclusiveStartKey"] = {name: {"S": text} for name, text in start.items()}
    return request


def _read_order(item: dict[str, Any]) -> dict[str, Any]:
    return split_arrival(decode_item(item))[0]


def _decode_batch(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    if response_dict["status_code"] >= 300:
        return
    answer = json.loads(response_dict["body"], parse_float=Decimal)
    # A request names one table, so both answers do.
    orders = [_read_order(item) for items in answer.get("Responses", {}).values() for item in items]
    left = [key for one in answer.get("UnprocessedKeys", {}).values() for key in one["Keys"]]
    customized_response_dict[_DECODED] = (orders, [key["orderId"]["S"] for key in left])
    response_dict["body"] = b"{}"


def _raise_operator_error(table: str, error: Exception) -> None:
    """Raise an OperatorError for errors that an operator can fix."""
    if error_code(error) == "ResourceNotFoundException":
        raise OperatorError(f"there is no table {table}", MISSING_PART_ADVICE) from error
    if error_code(error) == "ValidationException" and "index" in str(error):
        raise OperatorError(
            f"the table {table} has no index {INDEX_BY_USER} or {INDEX_BY_STATUS}: `orders deploy` did not create it",
            "`orders get ID` reads single orders. To list orders, add both indexes of template.yaml.",
        ) from error
