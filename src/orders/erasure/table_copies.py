"""A person's orders in the table Orders, and their events in OrderEvents.

Promises: an erased order leaves an item that holds its id, when it was erased and, if they are to be kept, its fields
without the personal ones. That item keeps what arrives late or is replayed from bringing the person back, and makes the
stream of the table tell OrderHistory of an erasure instead of a removal with the order's last image. Until the whole
erasure is done, the item also holds a digest of the customer: by it a run after a crash finds the orders that no longer
name anybody, and so what is left of them elsewhere.
A customer's orders are found by a scan: the index holds no order without a timestamp.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.clock import Clock
from orders.domain.history import Happening, OrderEvent, from_attributes
from orders.domain.personal import is_kept
from orders.domain.stored_item import ERASED_ATTRIBUTE, ERASING_ATTRIBUTE
from orders.erasure.person import Person
from orders.errors import OperatorError
from orders.history.event_table import EventTable
from orders.json_text import to_json
from orders.processor.attribute_values import decode_item

ATTEMPTS_MAX = 10
_MARKS = frozenset({ERASED_ATTRIBUTE, ERASING_ATTRIBUTE})
HISTORY_PATIENCE_MS = 60_000.0
POLL_MS = 200.0
LINES = "items"


class OrderCopies:
    """The table Orders with its indexes."""

    what = "order"
    is_looked_at_first = True

    def __init__(self, aws: Aws, clock: Clock, *, keep_amounts: bool) -> None:
        """With ``keep_amounts`` an order too large for an item keeps the amounts of its head, but no order lines."""
        self.place = aws.names.table
        self._dynamodb = aws.client("dynamodb")
        self._clock = clock
        self._keep_amounts = keep_amounts
        self.marked: list[str] = []
        """The orders that this run erased, or an interrupted one before it."""

    def ids_of_user(self, user: str) -> Iterator[str]:
        """The orders of a customer."""
        request = {
            "FilterExpression": "userId = :user OR #erasing = :digest",
            "ExpressionAttributeNames": {"#erasing": ERASING_ATTRIBUTE},
            "ExpressionAttributeValues": {":user": {"S": user}, ":digest": {"S": _digest(user)}},
            "ProjectionExpression": "orderId",
            "ConsistentRead": True,
        }
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self.place, **request):
            yield from (item["orderId"]["S"] for item in page["Items"])

    def is_of_another(self, order_id: str) -> bool:
        """Whether the stored order names a customer. Asked for orders that no longer name the erased one."""
        return "userId" in (self._load(order_id) or {})

    def find(self, person: Person) -> Iterator[str | None]:
        for order_id in sorted(person.order_ids):
            item = self._load(order_id)
            if item is not None and not self._is_erased(item):
                yield order_id

    def erase(self, person: Person) -> int:
        return sum(self._mark(order_id, person.user) for order_id in sorted(person.order_ids))

    def finish(self) -> None:
        """Everything else is erased: take the customer's digest off the orders."""
        for order_id in self.marked:
            self._take_digest_off(order_id)

    def _take_digest_off(self, order_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self._dynamodb.update_item(
                TableName=self.place,
                Key={"orderId": {"S": order_id}},
                UpdateExpression="REMOVE #erasing",
                ConditionExpression="attribute_exists(#erasing)",
                ExpressionAttributeNames={"#erasing": ERASING_ATTRIBUTE},
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise

    def _is_erased(self, item: dict[str, Any]) -> bool:
        kept = is_kept if self._keep_amounts else {"orderId"}.__contains__
        return ERASED_ATTRIBUTE in item and all(name in _MARKS or kept(name) for name in item)

    def _mark(self, order_id: str, user: str | None) -> bool:
        """Put the item that stands for an erased order in place of the order; whether there was anything to erase."""
        from botocore.exceptions import ClientError

        for _ in range(ATTEMPTS_MAX):
            item = self._load(order_id)
            if item is not None and self._is_erased(item):
                if ERASING_ATTRIBUTE in item and order_id not in self.marked:
                    self.marked.append(order_id)
                return False
            try:
                self._put_mark(order_id, item, user)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                continue  # somebody changed the order meanwhile
            self.marked.append(order_id)
            return item is not None
        raise OperatorError(f"order {order_id} changed {ATTEMPTS_MAX} times meanwhile", "Run the same command again.")

    def _put_mark(self, order_id: str, seen: dict[str, Any] | None, user: str | None) -> None:
        now = datetime.fromtimestamp(self._clock.now_ms() // 1000, timezone.utc)
        mark = {"orderId": {"S": order_id}, ERASED_ATTRIBUTE: {"S": f"{now:%Y-%m-%dT%H:%M:%SZ}"}}
        if user is not None:
            mark[ERASING_ATTRIBUTE] = {"S": _digest(user)}
        kept = _without_personal(seen) if seen is not None and self._keep_amounts else {}
        request: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(orderId)"}
        if seen is not None:
            stamp = seen.get("timestamp")
            request["ConditionExpression"] = "attribute_exists(orderId) AND attribute_not_exists(#timestamp)"
            request["ExpressionAttributeNames"] = {"#timestamp": "timestamp"}
            if stamp is not None:
                request["ConditionExpression"] = "#timestamp = :seen"
                request["ExpressionAttributeValues"] = {":seen": stamp}
        self._dynamodb.put_item(TableName=self.place, Item={**kept, **mark}, **request)

    def _load(self, order_id: str) -> dict[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self.place, Key={"orderId": {"S": order_id}}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item


class EventCopies:
    """The table OrderEvents: all events of an erased order but the erasure, and others that name the customer."""

    what = "event"
    is_looked_at_first = True

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self.place = aws.names.events_table
        self._orders = aws.names.table
        self._dynamodb = aws.client("dynamodb")
        self._table = EventTable(aws)
        self._clock = clock

    def exists(self) -> bool:
        return self._table.exists()

    def wait_for_history(self, order_ids: Iterable[str]) -> bool:
        """Wait until OrderHistory has passed the erasure of these orders: it has then written whatever came before.

        False where it has not within HISTORY_PATIENCE_MS.
        """
        stream = self._dynamodb.describe_table(TableName=self._orders)["Table"].get("StreamSpecification", {})
        if not stream.get("StreamEnabled"):
            return True
        deadline_ms = self._clock.monotonic_ms() + HISTORY_PATIENCE_MS
        for order_id in order_ids:
            while not any(one.happening is Happening.ERASED for one in self._table.changes(order_id)):
                if self._clock.monotonic_ms() >= deadline_ms:
                    return False
                self._clock.wait_ms(POLL_MS)
        return True

    def find(self, person: Person) -> Iterator[str | None]:
        yield from (event.order_id for event in self._events(person))

    def erase(self, person: Person) -> int:
        erased = 0
        for event in list(self._events(person)):
            key = {"orderId": {"S": event.order_id}, "sequence": {"S": event.sequence}}
            self._dynamodb.delete_item(TableName=self.place, Key=key)
            erased += 1
        return erased

    def _events(self, person: Person) -> Iterator[OrderEvent]:
        for order_id in sorted(person.order_ids):
            for event in (*self._table.changes(order_id), *self._table.notices(order_id)):
                if event.happening is not Happening.ERASED:
                    yield event
        if person.user is not None:
            found = self._events_that_name(person.user)
            yield from (event for event in found if event.order_id not in person.order_ids)

    def _events_that_name(self, user: str) -> Iterator[OrderEvent]:
        """Events of an order that went from this customer to another, or the other way round."""
        named = to_json(user)
        request = {
            "FilterExpression": "contains(differences, :named)",
            "ExpressionAttributeValues": {":named": {"S": to_json(named)[1:-1]}},
        }
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self.place, **request):
            for event in map(from_attributes, map(decode_item, page["Items"])):
                if any(one.path == "userId" and named in (one.before, one.after) for one in event.differences.shown):
                    yield event


def _digest(user: str) -> str:
    """By which the same customer is recognised, and which names nobody to those who do not know him."""
    return sha256(b"orders erase\0" + user.encode("utf-8", "surrogatepass")).hexdigest()


def _without_personal(item: dict[str, Any]) -> dict[str, Any]:
    """The item's attribute values without the personal fields, those of order lines included."""
    kept = {name: value for name, value in item.items() if is_kept(name) and _is_plain(value)}
    lines = item.get(LINES, {}).get("L")
    if lines is not None:
        kept[LINES] = {"L": [{"M": _impersonal_line(one.get("M", {}))} for one in lines]}
    return kept


def _impersonal_line(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if is_kept(name, LINES) and _is_plain(value)}


def _is_plain(value: dict[str, Any]) -> bool:
    return not value.keys().isdisjoint(("S", "N", "BOOL", "NULL"))
