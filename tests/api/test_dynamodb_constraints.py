"""Goal: JSON of another type, and broken constraints of the model, are told in AWS's words: the types first, then all
constraints together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.dynamodb_raw import CAST, CONSTRAINT, SERIALIZATION, VALIDATION, VALUE, Ask, S, asking


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as ask:
        yield ask


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("GetItem", {"TableName": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ("GetItem", {"TableName": {}}, "Start of structure or map found where not expected"),
        ("GetItem", {"ConsistentRead": 1.5}, "DECIMAL_VALUE cannot be converted to Boolean"),
        ("GetItem", {"ConsistentRead": "x"}, "Unexpected token received from parser"),
        ("GetItem", {"Key": []}, f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>"),
        ("GetItem", {"Key": "x"}, "Unexpected field type"),
        ("GetItem", {"Key": {"a": "x"}}, "Unexpected value type in payload"),
        ("GetItem", {"Key": {"a": []}}, f"Unrecognized collection type class {VALUE}"),
        ("GetItem", {"Key": {"a": {"S": 1}}}, "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", {"Item": {"a": {"M": {"b": {"N": False}}}}}, "FALSE_VALUE cannot be converted to String"),
        ("PutItem", {"Item": {"a": {"L": ["x"]}}}, "Unexpected value type in payload"),
        ("PutItem", {"Item": {"a": {"L": {}}}}, "Start of structure or map found where not expected"),
        ("PutItem", {"Item": {"a": {"L": "x"}}}, "Unexpected field type"),
        (
            "PutItem",
            {"Item": {"a": {"M": []}}},
            f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>",
        ),
        ("PutItem", {"Item": {"a": {"B": []}}}, "Unrecognized collection type class java.nio.ByteBuffer"),
        ("PutItem", {"Item": {"a": {"SS": [1]}}}, "NUMBER_VALUE cannot be converted to String"),
        (
            "PutItem",
            {"Expected": []},
            "Unrecognized collection type java.util.Map<java.lang.String, "
            "com.amazonaws.dynamodb.v20120810.ExpectedAttributeValue>",
        ),
        ("PutItem", {"Expected": {"a": {"Value": "x"}}}, "Unexpected field type"),
        ("PutItem", {"Expected": {"a": {"AttributeValueList": ["x"]}}}, "Unexpected value type in payload"),
        (
            "UpdateItem",
            {"ExpressionAttributeNames": []},
            "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>",
        ),
        (
            "BatchWriteItem",
            {"RequestItems": []},
            "Unrecognized collection type java.util.Map<java.lang.String, "
            "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>",
        ),
        ("BatchWriteItem", {"RequestItems": {"a": "x"}}, CAST),
        ("BatchWriteItem", {"RequestItems": {"a": [{"PutRequest": "x"}]}}, "Unexpected field type"),
        ("BatchGetItem", {"RequestItems": {"a": {"Keys": ["x"]}}}, CAST),
        ("BatchGetItem", {"RequestItems": {"a": "x"}}, "Unexpected value type in payload"),
        (
            "CreateTable",
            {"ProvisionedThroughput": []},
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput",
        ),
        ("CreateTable", {"KeySchema": ["x"]}, "Unexpected value type in payload"),
    ],
)
def test_json_of_another_type_comes_before_everything_else(ask: Ask, operation: str, request_: Any, words: str) -> None:
    kind, message = ask(operation, request_)
    assert kind == SERIALIZATION
    assert message.startswith(words)


@pytest.mark.parametrize(
    ("operation", "request_", "faults"),
    [
        ("GetItem", {}, ["Value null at 'tableName' {c} not be null", "Value null at 'key' {c} not be null"]),
        (
            "GetItem",
            {"TableName": "a;", "ReturnConsumedCapacity": "x", "AttributesToGet": []},
            [
                "Value 'a;' at 'tableName' {c} satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                "Value 'a;' at 'tableName' {c} have length greater than or equal to 3",
                "Value null at 'key' {c} not be null",
                "Value 'x' at 'returnConsumedCapacity' {c} satisfy enum value set: [INDEXES, TOTAL, NONE]",
                "Value '[]' at 'attributesToGet' {c} have length greater than or equal to 1",
            ],
        ),
        (
            "PutItem",
            {"TableName": "", "Item": {}},
            ["Value '' at 'tableName' {c} have length greater than or equal to 1"],
        ),
        (
            "Query",
            {"TableName": "abc", "IndexName": "x", "Limit": 0, "ConditionalOperator": "XOR"},
            [
                "Value 'x' at 'indexName' {c} have length greater than or equal to 3",
                "Value '0' at 'limit' {c} have value greater than or equal to 1",
                "Value 'XOR' at 'conditionalOperator' {c} satisfy enum value set: [OR, AND]",
            ],
        ),
        (
            "CreateTable",
            {"TableName": "abc", "GlobalSecondaryIndexes": [{"IndexName": "abc", "KeySchema": []}]},
            [
                "Value null at 'attributeDefinitions' {c} not be null",
                "Value null at 'keySchema' {c} not be null",
                "Value '[]' at 'globalSecondaryIndexes.1.member.keySchema' {c} have length greater than or equal to 1",
                "Value null at 'globalSecondaryIndexes.1.member.projection' {c} not be null",
            ],
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {"abc": [{"PutRequest": {}}]}, "ReturnItemCollectionMetrics": "x"},
            [
                "Value null at 'requestItems.abc.member.1.member.putRequest.item' {c} not be null",
                "Value 'x' at 'returnItemCollectionMetrics' {c} satisfy enum value set: [SIZE, NONE]",
            ],
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"abc": {}}},
            ["Value null at 'requestItems.abc.member.keys' {c} not be null"],
        ),
    ],
)
def test_broken_constraints_are_told_together(ask: Ask, operation: str, request_: Any, faults: list[str]) -> None:
    kind, message = ask(operation, request_)
    count, _, found = message.partition(" detected: ")
    assert kind == VALIDATION
    assert count == f"{len(faults)} validation error{'s' if len(faults) > 1 else ''}"
    assert sorted(found.split("; ")) == sorted(fault.replace("{c}", CONSTRAINT) for fault in faults)


def test_names_of_tables_in_a_batch_are_one_constraint_on_the_map(ask: Ask) -> None:
    _, message = ask("BatchGetItem", {"RequestItems": {"a;": {"Keys": [{"a": S}]}, "b": {"Keys": [{"a": S}]}}})
    assert message.startswith("1 validation error detected: Value '{")
    assert message.endswith(
        "at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length "
        "less than or equal to 255, Member must have length greater than or equal to 3, "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
    )


def test_operations_on_tables_ask_for_the_name_first(ask: Ask) -> None:
    for operation in ("CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "DescribeTimeToLive"):
        words = "The parameter 'TableName' is required but was not present in the request"
        assert ask(operation, {"BillingMode": "x"}) == (VALIDATION, words), operation
