"""Goal: of several faults the one is told that AWS tells: first what needs no table, then the table, then what needs
its schema.
"""

# ruff: noqa: E501 - tables of requests: a case a line

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.dynamodb_raw import INVALID, START, VALIDATION, Ask, N, S, asking


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as ask:
        yield ask


ADD_ONE = {"TableName": "absent", "Key": {"a": S}, "UpdateExpression": "SET x = :v"}
EQUAL = {"ComparisonOperator": "EQ", "AttributeValueList": [S]}


def query(**members: Any) -> dict[str, Any]:
    return {"TableName": "absent", **members}


def by(**conditions: Any) -> dict[str, Any]:
    return {"TableName": "Range", "KeyConditions": {"a": EQUAL, **conditions}}


def compare(operator: str, *values: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        # One attribute value.
        ("PutItem", {"TableName": "absent", "Item": {"a": {}}}, "Supplied AttributeValue is empty"),
        (
            "PutItem",
            {"TableName": "absent", "Item": {"a": {"NULL": False}}},
            f"{INVALID}Null attribute value types must",
        ),
        ("PutItem", {"TableName": "absent", "Item": {"a": {"S": "x", "N": ""}}}, "The parameter cannot be converted"),
        (
            "PutItem",
            {"TableName": "absent", "Item": {"a": {"S": "x", "N": "1"}}},
            "Supplied AttributeValue has more than",
        ),
        ("PutItem", {"TableName": "absent", "Item": {"": S}}, f"{INVALID}Empty attribute name"),
        ("PutItem", {"TableName": "absent", "Item": {"a": {"S": "x" * 410_000}}}, "Item size has exceeded"),
        # Before the table.
        (
            "BatchGetItem",
            {"RequestItems": {"absent": {"Keys": [{"a": S}, {"a": S}]}}},
            "Provided list of item keys contains duplicates",
        ),
        (
            "GetItem",
            {"TableName": "absent", "Key": {"a": S}, "AttributesToGet": ["a", "a"]},
            f"{INVALID}Duplicate value in attribute name: a",
        ),
        # Styles of parameters.
        (
            "UpdateItem",
            {**ADD_ONE, "Expected": {}, "AttributeUpdates": {}, "ConditionExpression": "a"},
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributeUpdates, Expected} Expression parameters: {UpdateExpression, ConditionExpression}",
        ),
        (
            "UpdateItem",
            {"TableName": "absent", "Key": {"a": S}, "ExpressionAttributeValues": {}},
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and "
            "ConditionExpression are null",
        ),
        (
            "Scan",
            query(ExpressionAttributeValues={":a": S}),
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null",
        ),
        (
            "UpdateItem",
            {**ADD_ONE, "ExpressionAttributeNames": {"a": "b"}, "ExpressionAttributeValues": {}},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        (
            "UpdateItem",
            {**ADD_ONE, "ExpressionAttributeValues": {":v": {}, "b": S}},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"',
        ),
        # Scan and Query before the table.
        ("Scan", query(ExclusiveStartKey={"a": {}}), f"{START}: Supplied AttributeValue is empty"),
        ("Scan", query(ExclusiveStartKey={"a": {"N": "x"}}), "The parameter cannot be converted"),
        ("Scan", query(ExclusiveStartKey={"a": {}}, Segment=1), f"{START}: Supplied"),
        (
            "Scan",
            query(ScanFilter={"a": compare("EQ", S, S)}, ExclusiveStartKey={"a": {}}),
            f"{INVALID}Invalid number of",
        ),
        (
            "Scan",
            query(ScanFilter={"a": compare("IN", S, N)}),
            f"{INVALID}AttributeValues inside AttributeValueList must",
        ),
        (
            "Scan",
            query(ScanFilter={"a": compare("BETWEEN", {"N": "10"}, {"N": "9"})}),
            "The BETWEEN condition was provided",
        ),
        ("Query", query(ExclusiveStartKey={"a": {}}), f"{START}: Supplied"),
        ("Query", query(), "Either the KeyConditions or KeyConditionExpression"),
        ("Query", query(KeyConditions={}), "Conditions can be of length 1 or 2 only"),
        (
            "Query",
            query(KeyConditionExpression="begins_with(:a, b)", ExpressionAttributeValues={":a": S}),
            "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first",
        ),
        (
            "Query",
            query(KeyConditionExpression="a > size(b)"),
            "KeyConditionExpressions cannot contain nested operations",
        ),
        (
            "Query",
            query(KeyConditionExpression="b > a"),
            "Invalid condition in KeyConditionExpression: Multiple attribute",
        ),
        (
            "Query",
            query(KeyConditionExpression=":a > :b", ExpressionAttributeValues={":a": S, ":b": S}),
            "Invalid condition in KeyConditionExpression: No key attribute specified",
        ),
        ("Query", query(KeyConditionExpression="NOT a = b"), "Invalid operator used in KeyConditionExpression: NOT"),
        # With the schema.
        ("Query", by(b=compare("NE", N)), "Attempted conditional constraint is not an indexable operation"),
        ("Query", by(b=compare("EQ", S)), f"{INVALID}Condition parameter type does not match schema type"),
        ("Query", by(c=EQUAL), "Query condition missed key schema element: b"),
        (
            "Query",
            {**by(), "TableName": "Hash", "KeyConditions": {"a": EQUAL, "b": EQUAL}},
            "Query key condition not supported",
        ),
        ("Query", {**by(), "KeyConditions": {"a": compare("GT", S)}}, "Query key condition not supported"),
        ("Query", {**by(), "ExclusiveStartKey": {"a": S}}, START),
        (
            "Query",
            {**by(), "ExclusiveStartKey": {"a": S, "b": S}},
            "The provided key element does not match the schema",
        ),
        (
            "Query",
            {**by(), "ExclusiveStartKey": {"a": {"S": "b"}, "b": N}},
            "The provided starting key is outside query",
        ),
        (
            "Query",
            {**by(b=compare("GT", N)), "ExclusiveStartKey": {"a": S, "b": N}},
            "The provided starting key does not match",
        ),
        (
            "Query",
            {**by(b=compare("GE", N)), "ExclusiveStartKey": {"a": {"S": "b"}, "b": N}},
            "The query can return at most one row and cannot be restarted",
        ),
        (
            "Query",
            {
                "TableName": "Range",
                "IndexName": "byC",
                "KeyConditions": {"c": EQUAL},
                "ExclusiveStartKey": {"c": S, "d": S, "a": S, "b": S},
            },
            f"{START}: The provided key element does not match the schema",
        ),
        ("Scan", {"TableName": "Range", "ExclusiveStartKey": {"a": S}}, f"{START}: The provided key element"),
        ("Query", {**by(), "QueryFilter": {"b": compare("EQ", N)}}, "QueryFilter can only contain non-primary key"),
        (
            "Scan",
            {"TableName": "Range", "ProjectionExpression": "a.x"},
            "Key attributes must be scalars; list random access",
        ),
        (
            "Query",
            {
                "TableName": "Range",
                "IndexName": "byC",
                "KeyConditionExpression": "c = :c",
                "FilterExpression": "o = :c",
                "ExpressionAttributeValues": {":c": S},
            },
            f"{INVALID}Secondary index byC does not project one or more filter attributes: [o]",
        ),
        # Expected.
        (
            "PutItem",
            {
                "TableName": "absent",
                "Item": {"a": S},
                "Expected": {"a": {"Value": S, "AttributeValueList": [S], "Exists": True}},
            },
            f"{INVALID}Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            "PutItem",
            {"TableName": "absent", "Item": {"a": S}, "Expected": {"a": {"ComparisonOperator": "LT"}}},
            f"{INVALID}Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a",
        ),
        # Batches.
        (
            "BatchWriteItem",
            {"RequestItems": {"Hash": [{"PutRequest": {"Item": {"b": S}}}]}},
            "The provided key element does not match the schema",
        ),
        (
            "BatchGetItem",
            {
                "RequestItems": {
                    "Hash": {"Keys": [{"a": S}], "ProjectionExpression": "a"},
                    "Range": {"Keys": [{"a": S, "b": N}], "AttributesToGet": ["a"]},
                }
            },
            "Can not use both expression and non-expression parameters",
        ),
    ],
)
def test_of_several_faults_the_first_is_told(ask: Ask, operation: str, request_: Any, words: str) -> None:
    kind, message = ask(operation, request_)
    assert message[: len(words)] == words
    assert kind == VALIDATION


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = :a AND (", 'Syntax error; token: "<EOF>"'),
        ("((a = :a)) AND foo(a)", "The expression has redundant parentheses;"),
        ("foo(abort) AND size(a)", "Invalid function name; function: foo"),
        ("if_not_exists(a, :a)", "The function is not allowed in a condition expression; function: if_not_exists"),
        ("abort = :a AND size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        ("a > between", "Syntax error; "),
        ("(a)between(((b.c)).d)and(c)", "The expression has redundant parentheses;"),
        (
            "begins_with(things, size(a), b)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 3",
        ),
        (
            "attribute_type(a, size(a))",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "attribute_type(a.b, a.b)",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: attribute_type",
        ),
        ("abort = #x", "Attribute name is a reserved keyword; reserved keyword: abort"),
        ("_f = :a", "Syntax error; "),
        ("a = a AND b = :nix", "The first operand must be distinct"),
        (
            "contains(a) AND #x = :a",
            "Incorrect number of operands for operator or function; operator or function: contains",
        ),
        ("begins_with(:n)", "Incorrect operand type for operator or function; operator or function: begins_with"),
        (" OR ".join(["a = :a"] * 700), "Expression size has exceeded the maximum allowed size; expression size: 6996"),
    ],
)
def test_faults_of_conditions_come_in_their_order(ask: Ask, text: str, words: str) -> None:
    values = {":a": S, ":n": N}
    _, message = ask(
        "DeleteItem",
        {"TableName": "Hash", "Key": {"a": S}, "ConditionExpression": text, "ExpressionAttributeValues": values},
    )
    assert message[: len(words) + 29] == f"Invalid ConditionExpression: {words}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SET x=set", "Syntax error; "),
        ("ADD delete :a", "Syntax error; "),
        ("SET x = :a SET y = foo(:a) REMOVE abort", "Attribute name is a reserved keyword; reserved keyword: abort"),
        ("SET x = :a SET y = foo(:a)", "Invalid function name; function: foo"),
        ("SET x = :a SET #y = :a", 'The "SET" section can only be used once in an update expression;'),
        ("SET x = :nix, #y = :a", "An expression attribute name used in the document path is not defined"),
        ("SET x = :nix, x = :a", "An expression attribute value used in expression is not defined"),
        (
            "SET c.d = :a, e = :a, c = :a, c[1] = :a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [c, d], path two: [c]",
        ),
        ("SET c.d = :a, c[1] = :a ADD e :a", "Two document paths conflict with each other"),
        ("ADD e :a SET f = list_append(:a)", "Incorrect operand type for operator or function; operator: ADD"),
        ("SET f = list_append(:a)", "Incorrect number of operands"),
        ("SET f = if_not_exists(a, list_append(:a, :a))", "The function is not allowed to be used this way"),
    ],
)
def test_faults_of_updates_come_in_their_order(ask: Ask, text: str, words: str) -> None:
    request = {"TableName": "Hash", "Key": {"a": S}, "UpdateExpression": text, "ExpressionAttributeValues": {":a": S}}
    _, message = ask("UpdateItem", request)
    assert message[: len(words) + 26] == f"Invalid UpdateExpression: {words}"


def test_deep_parentheses_count_no_operators(ask: Ask) -> None:
    text = "a = :a"
    for _ in range(149):
        text = f"({text} OR a = :a)"
    request = {"TableName": "Hash", "Key": {"a": {"S": "none"}}, "ConditionExpression": text}
    kind, message = ask("DeleteItem", {**request, "ExpressionAttributeValues": {":a": S}})
    assert "operators" not in message
    assert kind in ("", "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException")


ITEM_KEY = {"TableName": "Range", "Key": {"a": S, "b": N}}
TWO_PATHS = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: d"
MISMATCH = f"{INVALID}Type mismatch for Index Key c Expected: S Actual: N IndexName: byC"


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ("SET d.x = :n ADD c :n", MISMATCH),
        ("SET e = c[1], c = e + :n", MISMATCH),
        ("ADD d.x :n", TWO_PATHS),
        ("SET e = list_append(e, f), f = d[1]", TWO_PATHS),
        ("SET d.x = :n, b = :n", f"{INVALID}Cannot update attribute b. This attribute is part of the key"),
    ],
)
def test_update_of_index_keys_is_judged_before_the_item_is_read(ask: Ask, update: str, words: str) -> None:
    values = {":n": N} if ":n" in update else {}
    request = {**ITEM_KEY, "UpdateExpression": update, **({"ExpressionAttributeValues": values} if values else {})}
    assert ask("UpdateItem", request) == (VALIDATION, words)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"KeyConditionExpression": "a > 4", "FilterExpression": ""}, "Invalid KeyConditionExpression: Syntax error"),
        (
            {"KeyConditionExpression": "a <> b", "FilterExpression": "", "ProjectionExpression": ""},
            "Invalid FilterExpression: The expression can not be empty;",
        ),
        (
            {"KeyConditionExpression": "a <> b", "FilterExpression": "a > b", "ProjectionExpression": ""},
            "Invalid ProjectionExpression: The expression can not be empty;",
        ),
        ({"KeyConditionExpression": "a <> b", "FilterExpression": "a > b"}, "Invalid operator used in KeyCondition"),
        (
            {
                "KeyConditionExpression": "a = :n AND b = :n AND c = :n",
                "ExpressionAttributeValues": {":n": N},
            },
            "Conditions can be of length 1 or 2 only",
        ),
        (
            {"KeyConditions": {name: {"ComparisonOperator": "NULL"} for name in "abc"}},
            "Conditions can be of length 1 or 2 only",
        ),
    ],
)
def test_expressions_of_a_query_are_judged_in_the_order_of_aws(ask: Ask, members: Any, words: str) -> None:
    kind, message = ask("Query", query(**members))
    assert (kind, message[: len(words)]) == (VALIDATION, words)
