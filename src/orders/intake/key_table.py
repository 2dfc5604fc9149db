"""The table OrderIntakeKeys, as OrderIntake uses it: idempotency keys, and counts of requests; DynamoDB deletes both by
their time to live.

A record is created by a conditional PutItem, whose refusal brings the record that is there; so a new key costs two
writes. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orders.clock import Clock
from orders.domain.bodies import DamagedBody, body_key, read_body
from orders.domain.stored_item import BODY_ATTRIBUTE, split_arrival
from orders.errors import OrderRejected, OrderUnavailable
from orders.intake.idempotency import KeyRecord, decode_outcomes, digest_key, encode_outcomes
from orders.processor.attribute_values import decode_item
from orders.processor.dynamodb_client import DynamoDbEndpoint, DynamoDbRefusal
from orders.processor.ports import Claims

MINUTE_MS = 60_000
COUNT_TTL_S = 300
_REFUSED = "ConditionalCheckFailedException"


class KeyTable:
    """The port Keys."""

    def __init__(self, endpoint: DynamoDbEndpoint, table: str, clock: Clock) -> None:
        self._endpoint = endpoint
        self._table = table
        self._clock = clock

    def start(self, record: KeyRecord, now_ms: int) -> KeyRecord | None:
        request = {
            "Item": _encode(record),
            "ConditionExpression": "attribute_not_exists(#key) OR expiresAt <= :now",
            "ExpressionAttributeNames": {"#key": "key"},
            "ExpressionAttributeValues": {":now": {"N": str(now_ms // 1_000)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._call("PutItem", request)
        except DynamoDbRefusal as refusal:
            found = refusal.answer.get("Item")
            if refusal.code != _REFUSED or not isinstance(found, dict):
                raise _unavailable(refusal) from refusal
            return _decode(decode_item(found))
        return None

    def take_over(self, found: KeyRecord, record: KeyRecord) -> bool:
        request = {
            "Item": _encode(record._replace(outcomes=found.outcomes)),
            "ConditionExpression": "#owner = :owner AND lockedUntil = :locked AND isDone = :no",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {
                ":owner": {"S": found.owner},
                ":locked": {"N": str(found.locked_until_ms)},
                ":no": {"BOOL": False},
            },
        }
        return self._put(request)

    def finish(self, record: KeyRecord) -> None:
        """Only the owner finishes: who was too slow leaves the record to the one who took it over."""
        request = {
            "Item": _encode(record),
            "ConditionExpression": "#owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": record.owner}},
        }
        self._put(request)

    def count_request(self, caller: str, now_ms: int) -> int:
        minute = now_ms // MINUTE_MS
        request = {
            "Key": {"key": {"S": digest_key(caller, f"\n{minute}")}},
            "UpdateExpression": "ADD requests :one SET expiresAt = :end",
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":end": {"N": str(now_ms // 1_000 + COUNT_TTL_S)},
            },
            "ReturnValues": "UPDATED_NEW",
        }
        try:
            answer = self._call("UpdateItem", request)
        except DynamoDbRefusal as refusal:
            raise _unavailable(refusal) from refusal
        return int(answer["Attributes"]["requests"]["N"])

    def _put(self, request: dict[str, Any]) -> bool:
        try:
            self._call("PutItem", request)
        except DynamoDbRefusal as refusal:
            if refusal.code != _REFUSED:
                raise _unavailable(refusal) from refusal
            return False
        return True

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        body = json.dumps({"TableName": self._table, **request}, separators=(",", ":")).encode()
        return json.loads(self._endpoint.call(operation, body, self._clock.now_ms()))


class OrderReader:
    """The port StoredOrders on the table Orders, and on the bucket of large orders, if there is one."""

    def __init__(self, endpoint: DynamoDbEndpoint, table: str, clock: Clock, claims: Claims | None = None) -> None:
        self._claims = claims
        self._endpoint = endpoint
        self._table = table
        self._clock = clock

    def find(self, order_id: str) -> dict[str, Any] | None:
        request = {"TableName": self._table, "Key": {"orderId": {"S": order_id}}, "ConsistentRead": True}
        try:
            answer = json.loads(self._endpoint.call("GetItem", json.dumps(request).encode(), self._clock.now_ms()))
        except DynamoDbRefusal as refusal:
            raise _unavailable(refusal) from refusal
        item = answer.get("Item")
        return None if item is None else split_arrival(decode_item(item))[0]

    def read_body(self, order: Mapping[str, Any]) -> str | None:
        key = body_key(order) if BODY_ATTRIBUTE in order else None
        if key is None or self._claims is None:
            return None
        try:
            content = self._claims.load(key)
            read_body(order, content)
        except (OrderRejected, DamagedBody) as error:
            raise OrderUnavailable(f"the body of the order cannot be read: {error}") from error
        return content.decode()


def _unavailable(refusal: DynamoDbRefusal) -> OrderUnavailable:
    return OrderUnavailable(str(refusal), refusal.code, transient=False)


def _encode(record: KeyRecord) -> dict[str, Any]:
    item: dict[str, Any] = {
        "key": {"S": record.key},
        "body": {"S": record.body},
        "owner": {"S": record.owner},
        "isDone": {"BOOL": record.is_done},
        "lockedUntil": {"N": str(record.locked_until_ms)},
        "expiresAt": {"N": str(record.expires_at_s)},
    }
    return {**item, "outcomes": {"S": encode_outcomes(record.outcomes)}} if record.outcomes else item


def _decode(item: dict[str, Any]) -> KeyRecord:
    outcomes = item.get("outcomes")
    return KeyRecord(
        key=item["key"],
        body=item["body"],
        owner=item["owner"],
        is_done=item["isDone"],
        locked_until_ms=int(item["lockedUntil"]),
        expires_at_s=int(item["expiresAt"]),
        outcomes=decode_outcomes(outcomes) if outcomes else (),
    )
