"""The table of order events in DynamoDB, as the functions write it: appended to, never changed.

Events go in by BatchExecuteStatement, up to 25 INSERTs a call. An INSERT never overwrites: an event that is there
already is answered with DuplicateItem, which means that it is stored.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
Standard library only: this file travels with the functions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING

from orders.batches import split_batches
from orders.domain.history import OrderEvent, to_attributes
from orders.errors import OrderUnavailable
from orders.processor.attribute_values import encode_value
from orders.processor.dynamodb_client import TRANSIENT_CODES, DynamoDbEndpoint, DynamoDbRefusal

if TYPE_CHECKING:
    from orders.clock import Clock

STATEMENTS_MAX = 25
BATCH_BYTES_MAX = 1_000_000


class DynamoDbEvents:
    """The port Notices on one table."""

    def __init__(self, endpoint: DynamoDbEndpoint, table: str, clock: Clock) -> None:
        self._endpoint = endpoint
        self._table = table
        self._clock = clock

    def append(self, events: Sequence[OrderEvent]) -> list[OrderUnavailable | None]:
        answers: list[OrderUnavailable | None] = []
        statements = [self._insert_statement(event) for event in events]
        for batch in split_batches(statements, len, entries_max=STATEMENTS_MAX, bytes_max=BATCH_BYTES_MAX):
            answers += self._append_batch(batch)
        return answers

    def _insert_statement(self, event: OrderEvent) -> bytes:
        attributes = to_attributes(event)
        members = ",".join([f"'{name}':?" for name in attributes])
        statement = f'INSERT INTO "{self._table}" VALUE {{{members}}}'
        values = ",".join(map(encode_value, attributes.values()))
        return f'{{"Statement":{_quoted(statement)},"Parameters":[{values}]}}'.encode()

    def _append_batch(self, statements: Sequence[bytes]) -> list[OrderUnavailable | None]:
        body = b'{"Statements":[%b]}' % b",".join(statements)
        try:
            answer = json.loads(self._endpoint.call("BatchExecuteStatement", body, self._clock.now_ms()))
        except OrderUnavailable as error:
            return [error] * len(statements)
        except DynamoDbRefusal as refusal:
            return [OrderUnavailable(refusal.message, refusal.code, transient=False)] * len(statements)
        return [_read_error(response.get("Error")) for response in answer["Responses"]]


def _read_error(error: dict[str, str] | None) -> OrderUnavailable | None:
    if error is None or error["Code"] == "DuplicateItem":
        return None
    message = error.get("Message", "DynamoDB gave no reason")
    return OrderUnavailable(message, error["Code"], transient=error["Code"] in TRANSIENT_CODES)
