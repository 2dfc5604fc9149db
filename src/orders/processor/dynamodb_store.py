"""The table of orders in DynamoDB, as the processor writes it.

New orders go in by BatchExecuteStatement, up to 25 INSERTs a call: one write unit and a twenty-fifth of a
round trip for an order. An INSERT never overwrites: for an id that is there DynamoDB answers DuplicateItem
for that statement alone, with the item that stands there. An order that no statement can hold, such as one of hundreds
of fields, goes in alone by a conditional PutItem: a limit of PartiQL is no limit of an order.
What wins is decided by orders.domain.precedence; a winner replaces what was seen by a conditional PutItem.
AWS:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, Any

from orders.batches import split_batches
from orders.domain.order import Order, read_stored
from orders.domain.stored_item import ERASED_ATTRIBUTE, Arrival, add_arrival
from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.attribute_values import decode_item, encode_members, encode_value
from orders.processor.dynamodb_client import (
    PERMANENT_CODES,
    TRANSIENT_CODES,
    DynamoDbEndpoint,
    DynamoDbRefusal,
)

if TYPE_CHECKING:
    from orders.clock import Clock
    from orders.processor.ports import Insertion

STATEMENTS_MAX = 25
STATEMENT_CHARACTERS_MAX = 8192
# DynamoDB states no limit for the bytes of a batch of statements; this keeps a call's memory and time small.
BATCH_BYTES_MAX = 1_000_000
# Orders of one shop have a handful of shapes; the cache is emptied should somebody send thousands.
SHAPES_MAX = 512
# An item that was erased after it was seen is not replaced.
NOT_ERASED = "attribute_not_exists(#erased)"
REPLACE_NAMES = f'"#timestamp":"timestamp","#erased":"{ERASED_ATTRIBUTE}"'


class DynamoDbOrders:
    """The port OrderStore on one table."""

    def __init__(self, endpoint: DynamoDbEndpoint, table: str, clock: Clock) -> None:
        self._endpoint = endpoint
        self._table = table
        self._clock = clock
        self._statements: dict[tuple[str, ...], str] = {}

    # --- OrderStore -----------------------------------------------------------------------------------------

    def insert(self, orders: Sequence[Order]) -> list[Insertion]:
        insertions: list[Insertion] = [None] * len(orders)
        statements = self._insert_statements(orders, insertions)
        lost: OrderUnavailable | None = None
        for batch in split_batches(statements, _statement_bytes, entries_max=STATEMENTS_MAX, bytes_max=BATCH_BYTES_MAX):
            positions, texts = zip(*batch, strict=True)
            if lost is None:
                lost = self._insert_batch(orders, positions, texts, insertions)
            if lost is not None:  # what one call of a table in trouble has cost, the next would cost too
                for position in positions:
                    insertions[position] = lost
        return insertions

    def limit_wait(self, timeout_s: float) -> None:
        """How long each of the next calls may wait for an answer."""
        self._endpoint.limit_wait(timeout_s)

    def look(self, order_id: str) -> Order | None:
        key = encode_members({"orderId": order_id})
        body = f'{{"TableName":{_quoted(self._table)},"Key":{key},"ConsistentRead":true}}'
        try:
            answer = self._call("GetItem", body.encode())
        except DynamoDbRefusal as refusal:
            raise OrderUnavailable(refusal.message, refusal.code, transient=False) from refusal
        item = answer.get("Item")
        return None if item is None else _stored_order(item)

    def replace(self, order: Order, seen: Order) -> Order | None:
        timestamp = seen.attributes.get("timestamp")
        if timestamp is None:
            return self._put(order, f"attribute_not_exists(#timestamp) AND {NOT_ERASED}", REPLACE_NAMES)
        return self._put(
            order,
            f"(attribute_not_exists(orderId) OR #timestamp = :seen) AND {NOT_ERASED}",
            REPLACE_NAMES,
            f'{{":seen":{encode_value(timestamp)}}}',
        )

    # --- Inserting ------------------------------------------------------------------------------------------

    def _insert_statements(self, orders: Sequence[Order], insertions: list[Insertion]) -> Iterator[tuple[int, bytes]]:
        """Each order's position and statement. An order that fits no statement is stored alone at once."""
        for position, order in enumerate(orders):
            statement = self._insert_statement(order)
            if statement is None:
                insertions[position] = self._insert_alone(order)
            else:
                yield position, statement

    def _insert_statement(self, order: Order) -> bytes | None:
        attributes = _item_of(order)
        shape = tuple(attributes)
        opening = self._statements.get(shape) or self._open_statement(shape)
        if opening is None:
            return None
        values = ",".join([encode_value(value) for value in attributes.values()])
        return f'{opening}{values}],"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}'.encode()

    def _open_statement(self, shape: tuple[str, ...]) -> str | None:
        """The statement that inserts orders of these fields, as JSON up to its parameters; None if it is too long."""
        quoted = [name.replace("'", "''") for name in shape]
        members = ",".join([f"'{name}':?" for name in quoted])
        statement = f'INSERT INTO "{self._table}" VALUE {{{members}}}'
        if len(statement) > STATEMENT_CHARACTERS_MAX:
            return None
        opening = f'{{"Statement":{_quoted(statement)},"Parameters":['
        if len(self._statements) >= SHAPES_MAX:
            self._statements.clear()
        self._statements[shape] = opening
        return opening

    def _insert_batch(
        self, orders: Sequence[Order], batch: Sequence[int], statements: Sequence[bytes], insertions: list[Insertion]
    ) -> OrderUnavailable | None:
        """Insert a batch; the error if the call as a whole found the table unavailable."""
        try:
            answer = self._call("BatchExecuteStatement", b'{"Statements":[%b]}' % b",".join(statements))
        except OrderUnavailable as error:
            return error
        except DynamoDbRefusal:
            # One statement that DynamoDB cannot read condemns its whole batch: each is tried alone.
            for position in batch:
                insertions[position] = self._insert_alone(orders[position])
            return None
        for position, response in zip(batch, answer["Responses"], strict=True):
            if "Error" in response:
                insertions[position] = self._read_statement_error(orders[position], response)
        return None

    def _read_statement_error(self, order: Order, response: Mapping[str, Any]) -> Insertion:
        error = response["Error"]
        code, message = error["Code"], error.get("Message", "DynamoDB gave no reason")
        if code == "DuplicateItem":
            item = error.get("Item") or response.get("Item")
            return _stored_order(item) if item else self._insert_alone(order)
        if code in TRANSIENT_CODES:
            return OrderUnavailable(message, code)
        if code in PERMANENT_CODES:
            return OrderUnavailable(message, code, transient=False)
        # What PartiQL refuses, PutItem may take: only what both refuse is the order's fault.
        return self._insert_alone(order)

    def _insert_alone(self, order: Order) -> Insertion:
        try:
            return self._put(order, "attribute_not_exists(orderId)")
        except (OrderRejected, OrderUnavailable) as error:
            return error

    # --- Calls ----------------------------------------------------------------------------------------------

    def _put(self, order: Order, condition: str, names: str = "", values: str = "") -> Order | None:
        """Store an order under a condition; the order that stands there if it does not hold."""
        item = encode_members(_item_of(order))
        body = (
            f'{{"TableName":{_quoted(self._table)},"Item":{item},"ConditionExpression":{_quoted(condition)},'
            + (f'"ExpressionAttributeNames":{{{names}}},' if names else "")
            + (f'"ExpressionAttributeValues":{values},' if values else "")
            + '"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}'
        ).encode()
        try:
            self._call("PutItem", body)
            return None
        except DynamoDbRefusal as refusal:
            if refusal.code != "ConditionalCheckFailedException":
                raise OrderRejected(refusal.message, code=refusal.code) from refusal
            item_there = refusal.answer.get("Item")
        return _stored_order(item_there) if isinstance(item_there, dict) else self._load(order.order_id)

    def _load(self, order_id: str) -> Order:
        found = self.look(order_id)
        if found is None:
            raise OrderUnavailable("the order was deleted by another writer", "TransactionConflict")
        return found

    def _call(self, operation: str, body: bytes) -> Any:
        return json.loads(self._endpoint.call(operation, body, self._clock.now_ms()), parse_float=Decimal)


def _statement_bytes(statement: tuple[int, bytes]) -> int:
    return len(statement[1])


def _item_of(order: Order) -> dict[str, Any]:
    return add_arrival(order.attributes, Arrival(order.notification, order.traceparent))


def _stored_order(item: Mapping[str, Any]) -> Order:
    return read_stored(decode_item(item))
