"""Goal: the adapter sends what DynamoDB documents and reads every answer that DynamoDB may give."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from orders.domain.order import Order, parse_attributes
from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.dynamodb_client import DynamoDbEndpoint, DynamoDbRefusal
from orders.processor.dynamodb_store import STATEMENT_CHARACTERS_MAX, STATEMENTS_MAX, DynamoDbOrders
from tests.unit.orders.fakes import FakeClock


class ScriptedEndpoint:
    """Answers call by call from a list; keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Any]] = []

    def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
        self.asked.append((operation, json.loads(body)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()


def orders_on(endpoint: ScriptedEndpoint) -> DynamoDbOrders:
    return DynamoDbOrders(cast("DynamoDbEndpoint", endpoint), "Orders", FakeClock())


def order(order_id: str, **fields: Any) -> Order:
    return parse_attributes({"orderId": order_id, **fields})


STORED = {"TableName": "Orders"}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "said DynamoDB", **more}}


def test_insert_sends_one_statement_for_each_order_with_its_values_as_parameters() -> None:
    endpoint = ScriptedEndpoint({"Responses": [STORED, STORED]})
    answers = orders_on(endpoint).insert([order("A", total=2), order("B", **{"it's": None})])
    assert answers == [None, None]
    ((operation, body),) = endpoint.asked
    assert operation == "BatchExecuteStatement"
    assert body["Statements"] == [
        {
            "Statement": "INSERT INTO \"Orders\" VALUE {'orderId':?,'total':?}",
            "Parameters": [{"S": "A"}, {"N": "2"}],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
        {
            "Statement": "INSERT INTO \"Orders\" VALUE {'orderId':?,'it''s':?}",
            "Parameters": [{"S": "B"}, {"NULL": True}],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ]


def test_insert_of_many_orders_takes_calls_of_25_and_of_a_megabyte() -> None:
    endpoint = ScriptedEndpoint({"Responses": [STORED] * STATEMENTS_MAX}, {"Responses": [STORED] * 5})
    assert orders_on(endpoint).insert([order(str(number)) for number in range(30)]) == [None] * 30
    large = ScriptedEndpoint({"Responses": [STORED] * 2}, {"Responses": [STORED]})
    assert orders_on(large).insert([order(str(number), note="x" * 400_000) for number in range(3)]) == [None] * 3


def test_insert_of_an_id_that_is_there_answers_with_the_stored_order() -> None:
    item = {"orderId": {"S": "A"}, "total": {"N": "2"}}
    endpoint = ScriptedEndpoint({"Responses": [error("DuplicateItem", Item=item)]})
    assert orders_on(endpoint).insert([order("A", total=3)]) == [order("A", total=2)]


def test_insert_of_an_id_that_is_there_without_the_item_asks_for_it() -> None:
    refusal = DynamoDbRefusal("ConditionalCheckFailedException", "no", {"Item": {"orderId": {"S": "A"}}})
    endpoint = ScriptedEndpoint({"Responses": [error("DuplicateItem")]}, refusal)
    assert orders_on(endpoint).insert([order("A", total=3)]) == [order("A")]
    assert [operation for operation, _ in endpoint.asked] == ["BatchExecuteStatement", "PutItem"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottlingError", "transient"),
        ("ProvisionedThroughputExceeded", "transient"),
        ("InternalServerError", "transient"),
        ("AccessDenied", "unmended"),
        ("ResourceNotFound", "unmended"),
        ("ValidationError", "rejected"),
        ("ItemCollectionSizeLimitExceeded", "rejected"),
    ],
)
def test_insert_tells_for_each_statement_what_helps(code: str, kind: str) -> None:
    alone = DynamoDbRefusal("ValidationException", "said DynamoDB", {})
    endpoint = ScriptedEndpoint({"Responses": [STORED, error(code)]}, alone)
    first, second = orders_on(endpoint).insert([order("A"), order("B")])
    assert first is None
    if kind == "rejected":
        assert isinstance(second, OrderRejected)
    else:
        assert isinstance(second, OrderUnavailable)
        assert second.transient is (kind == "transient")


def test_insert_of_a_batch_that_is_refused_whole_tries_each_alone() -> None:
    refusal = DynamoDbRefusal("ValidationException", "one is bad", {})
    endpoint = ScriptedEndpoint(refusal, {}, DynamoDbRefusal("ValidationException", "this one", {}))
    first, second = orders_on(endpoint).insert([order("A"), order("B")])
    assert first is None
    assert isinstance(second, OrderRejected)
    assert (second.code, second.reason) == ("ValidationException", "this one")


def test_insert_of_an_order_that_no_statement_can_hold_is_a_conditional_put_of_its_own() -> None:
    endpoint = ScriptedEndpoint({}, {"Responses": [STORED]})
    wide = order("A", **{f"field-{number:015}": number for number in range(450)})
    assert orders_on(endpoint).insert([wide, order("B")]) == [None, None]
    (put, item), (batch, statements) = endpoint.asked
    assert (put, batch) == ("PutItem", "BatchExecuteStatement")
    assert item["ConditionExpression"] == "attribute_not_exists(orderId)"
    assert len(item["Item"]) == 451
    assert len(statements["Statements"]) == 1


@pytest.mark.parametrize("length", [8140, 8160, 8192, 60_000])
def test_insert_sends_no_statement_above_partiqls_limit(length: int) -> None:
    class Endpoint(ScriptedEndpoint):
        def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
            self.answers = [{"Responses": [STORED]}] if operation == "BatchExecuteStatement" else [{}]
            return super().call(operation, body, now_ms)

    endpoint = Endpoint()
    assert orders_on(endpoint).insert([order("A", **{"n" * length: 1})]) == [None]
    for _, body in endpoint.asked:
        assert all(len(one["Statement"]) <= STATEMENT_CHARACTERS_MAX for one in body.get("Statements", []))


def test_insert_of_what_partiql_refuses_is_put_alone() -> None:
    endpoint = ScriptedEndpoint({"Responses": [error("ValidationError")]}, {})
    assert orders_on(endpoint).insert([order("A")]) == [None]
    assert [operation for operation, _ in endpoint.asked] == ["BatchExecuteStatement", "PutItem"]


def test_replace_writes_only_over_what_was_seen() -> None:
    endpoint = ScriptedEndpoint({})
    seen = order("A", timestamp="2026-05-03T12:00:00Z")
    assert orders_on(endpoint).replace(order("A", timestamp="2026-05-03T13:00:00Z"), seen) is None
    ((operation, body),) = endpoint.asked
    assert operation == "PutItem"
    assert (
        body["ConditionExpression"]
        == "(attribute_not_exists(orderId) OR #timestamp = :seen) AND attribute_not_exists(#erased)"
    )
    assert body["ExpressionAttributeValues"] == {":seen": {"S": "2026-05-03T12:00:00Z"}}


def test_replace_of_what_changed_meanwhile_answers_with_what_stands_there() -> None:
    item = {"orderId": {"S": "A"}, "timestamp": {"S": "2026-05-03T14:00:00Z"}}
    endpoint = ScriptedEndpoint(DynamoDbRefusal("ConditionalCheckFailedException", "no", {"Item": item}))
    standing = orders_on(endpoint).replace(order("A", timestamp="2026-05-03T13:00:00Z"), order("A"))
    assert standing == order("A", timestamp="2026-05-03T14:00:00Z")
    assert (
        endpoint.asked[0][1]["ConditionExpression"]
        == "attribute_not_exists(#timestamp) AND attribute_not_exists(#erased)"
    )


def test_insert_over_what_others_wrote_and_we_would_refuse_counts_it_as_oldest() -> None:
    item = {"orderId": {"S": "A"}, "timestamp": {"N": "7"}}
    endpoint = ScriptedEndpoint({"Responses": [error("DuplicateItem", Item=item)]})
    (stored,) = orders_on(endpoint).insert([order("A")])
    assert isinstance(stored, Order)
    assert stored.moment_ns is None
