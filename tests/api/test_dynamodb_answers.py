"""Goal: what is wrong with a request is told in AWS's words, and of several faults the one that AWS tells.

AWS looks at the JSON's types first, then at the model's constraints all together, then at what needs no table, then at
the table, then at what needs its schema. Requests go out as raw JSON: no SDK lets them through.
"""

# ruff: noqa: E501 - tables of requests: a case a line

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index

SERIALIZATION = "com.amazon.coral.service#SerializationException"
VALIDATION = "com.amazon.coral.validate#ValidationException"
VALUE = "com.amazonaws.dynamodb.v20120810.AttributeValue"
CAST = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class"
CONSTRAINT = "failed to satisfy constraint: Member must"
INVALID = "One or more parameter values were invalid: "
START = "The provided starting key is invalid"
S: dict[str, Any] = {"S": "a"}
N: dict[str, Any] = {"N": "1"}
Ask = Callable[[str, Any], tuple[str, str]]


@pytest.fixture(scope="module")
def ask() -> Any:
    """Sends a request to an engine with the tables Hash (a: S), Range (a: S, b: N) and Indexed; type and message."""
    with EngineThread() as engine:
        dynamodb = engine.client("dynamodb")
        create_table(dynamodb, "Hash", "a:S")
        create_table(
            dynamodb,
            "Range",
            "a:S",
            "b:N",
            attributes=["c:S", "d:S"],
            GlobalSecondaryIndexes=[index("byC", "c", "d", "KEYS_ONLY")],
        )
        yield lambda operation, request: send(engine, operation, request)


def send(engine: EngineThread, operation: str, request: Any) -> tuple[str, str]:
    connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc)
    scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", json.dumps(request), headers)
    answer = json.loads(connection.getresponse().read())
    return answer.get("__type", ""), answer.get("message", answer.get("Message", ""))


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


def test_every_answer_has_dynamodbs_headers() -> None:
    with EngineThread() as engine:
        dynamodb = engine.client("dynamodb")
        for call in (dynamodb.list_tables, lambda: dynamodb.get_item(TableName="absent", Key={"a": S})):
            try:
                answer = call()
            except ClientError as error:
                answer = error.response
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            assert re.fullmatch("[0-9A-Z]{52}", headers["x-amzn-requestid"])
            assert headers["server"] == "Server"
            assert headers["x-amz-crc32"].isdigit()
            assert headers["date"]


ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"
TAG = {"Key": "k", "Value": "v"}
CREATE_INDEX = {"Create": {**index("byE", "e")}}


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("TagResource", {}, "Invalid TableArn"),
        ("TagResource", {"ResourceArn": "x", "Tags": []}, f"{INVALID}ARNs must start with 'arn:': x"),
        (
            "TagResource",
            {"ResourceArn": f"{ARN}ab", "Tags": []},
            "Invalid TableArn: Invalid ResourceArn provided as input",
        ),
        ("TagResource", {"ResourceArn": f"{ARN}Hash/index/x", "Tags": [TAG]}, "Invalid TableArn: Invalid ResourceArn"),
        ("TagResource", {"ResourceArn": f"{ARN}Hash", "Tags": []}, "Atleast one Tag needs to be provided as Input."),
        ("TagResource", {"ResourceArn": f"{ARN}Hash"}, "1 validation error detected: Value null at 'tags'"),
        (
            "TagResource",
            {"ResourceArn": f"{ARN}Hash", "Tags": [{"Key": "a!", "Value": "v"}]},
            f"{INVALID}Tag keys and values hold",
        ),
        ("UntagResource", {"ResourceArn": f"{ARN}absent", "TagKeys": []}, "Atleast one Tag Key needs to be provided"),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": []},
            "At least one of ProvisionedThroughput",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "BillingMode": "PROVISIONED"},
            f"{INVALID}ProvisionedThroughput must be",
        ),
        (
            "UpdateTable",
            {
                "TableName": "absent",
                "ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1},
            },
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": [{}]},
            f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}] * 2},
            f"{INVALID}Only one global secondary index update per index is allowed simultaneously. Index: abc",
        ),
        (
            "UpdateTable",
            {"TableName": "Hash", "GlobalSecondaryIndexUpdates": [CREATE_INDEX]},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Hash",
                "AttributeDefinitions": [{"AttributeName": "f", "AttributeType": "S"}],
                "GlobalSecondaryIndexUpdates": [CREATE_INDEX],
            },
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [e], AttributeDefinitions: [f]",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Range",
                "AttributeDefinitions": [{"AttributeName": "c", "AttributeType": "S"}],
                "GlobalSecondaryIndexUpdates": [{"Create": index("byC", "c")}],
            },
            "Attempting to create an index which already exists",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Hash",
                "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "N"}],
                "TableClass": "STANDARD",
            },
            f"{INVALID}Attribute a cannot be redefined",
        ),
        # Updates of index keys.
        (
            "UpdateItem",
            {
                "TableName": "Range",
                "Key": {"a": S, "b": N},
                "UpdateExpression": "SET c = :v",
                "ExpressionAttributeValues": {":v": N},
            },
            f"{INVALID}Type mismatch for Index Key c Expected: S Actual: N IndexName: byC",
        ),
        (
            "UpdateItem",
            {
                "TableName": "Range",
                "Key": {"a": S, "b": N},
                "UpdateExpression": "SET c.x = :v",
                "ExpressionAttributeValues": {":v": N},
            },
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: c",
        ),
        # Transactions.
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "Hash", "Key": {"a": S}}}] * 2},
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            "ExecuteTransaction",
            {"TransactStatements": [{"Statement": "SELECT * FROM Hash WHERE a = 'x'"}] * 2},
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM Hash", "Parameters": []},
            "1 validation error detected: Value '[]' at 'parameters'",
        ),
    ],
)
def test_tables_tags_and_transactions_answer_as_aws(ask: Ask, operation: str, request_: Any, words: str) -> None:
    kind, message = ask(operation, request_)
    assert message[: len(words)] == words
    assert kind == VALIDATION


def test_tags_of_an_unknown_table_are_denied(ask: Ask) -> None:
    kind, _ = ask("ListTagsOfResource", {"ResourceArn": f"{ARN}absent"})
    assert kind.endswith("AccessDeniedException")
    assert ask("UntagResource", {"ResourceArn": f"{ARN}absent", "TagKeys": ["a"]})[1] == "Requested resource not found"


def test_table_descriptions_show_what_aws_shows(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    request = {
        "TableName": "Described",
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    assert "WarmThroughput" not in dynamodb.create_table(**request)["TableDescription"]
    assert dynamodb.describe_table(TableName="Described")["Table"]["WarmThroughput"]["Status"] == "ACTIVE"
    more = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 1}
    updated = dynamodb.update_table(TableName="Described", ProvisionedThroughput=more)["TableDescription"]
    assert (updated["TableStatus"], updated["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", 1)
    assert dynamodb.describe_table(TableName="Described")["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    insights = dynamodb.describe_contributor_insights(TableName="Described")
    assert insights["ContributorInsightsStatus"] == "DISABLED"
    destination = dynamodb.describe_kinesis_streaming_destination(TableName="Described")
    assert destination["KinesisDataStreamDestinations"] == []
    dynamodb.update_table(TableName="Described", BillingMode="PAY_PER_REQUEST")
    deleted = dynamodb.delete_table(TableName="Described")["TableDescription"]
    assert deleted["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_updates_that_only_take_away_make_no_item(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    create_table(dynamodb, "Taken", "a:S")
    key = {"TableName": "Taken", "Key": {"a": S}, "ReturnValues": "ALL_NEW"}
    for text in ("REMOVE x", "REMOVE x.y", "REMOVE x[0]", "DELETE s :s"):
        values = {"ExpressionAttributeValues": {":s": {"SS": ["a"]}}} if ":s" in text else {}
        assert "Attributes" not in dynamodb.update_item(**key, UpdateExpression=text, **values)
    assert dynamodb.scan(TableName="Taken")["Count"] == 0
    dynamodb.update_item(**key)
    assert dynamodb.scan(TableName="Taken")["Count"] == 1


def test_values_are_counted_and_compared_as_on_aws(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    create_table(dynamodb, "Counted", "a:S")
    item = {"a": S, "smile": {"S": "\U0001f600"}, "list": {"L": [N]}, "empty": {"SS": ["", "x"]}}
    dynamodb.put_item(TableName="Counted", Item=item)

    def holds(text: str, **values: Any) -> bool:
        request: dict[str, Any] = {"TableName": "Counted", "FilterExpression": text}
        if values:
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
        return bool(dynamodb.scan(**request)["Count"])

    assert holds("size(smile) = :n", n={"N": "2"})
    assert holds("nowhere <> elsewhere")
    dynamodb.update_item(
        TableName="Counted", Key={"a": S}, AttributeUpdates={"list": {"Action": "ADD", "Value": {"L": [S]}}}
    )
    assert dynamodb.get_item(TableName="Counted", Key={"a": S})["Item"]["list"] == {"L": [N, S]}
    get = {"Get": {"TableName": "Counted", "Key": {"a": S}, "ProjectionExpression": "nowhere"}}
    assert dynamodb.transact_get_items(TransactItems=[get])["Responses"] == [{}]
    statement = {"Statement": "DELETE FROM Counted WHERE a = 'a'"}
    assert dynamodb.execute_transaction(TransactStatements=[statement])["Responses"] == []


def test_first_invalid_action_alone_is_the_reason_of_a_cancelled_transaction(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb", parameter_validation=False)
    create_table(dynamodb, "Cancelled", "a:S")
    good = {"TableName": "Cancelled", "Item": {"a": S}}
    false = {**good, "Item": {"a": {"S": "b"}}, "ConditionExpression": "attribute_exists(a)"}
    wrong = {"TableName": "Cancelled", "Item": {"a": N}}
    with pytest.raises(ClientError) as caught:
        dynamodb.transact_write_items(TransactItems=[{"Put": good}, {"Put": false}, {"Put": wrong}, {"Put": wrong}])
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None", "ValidationError", "None"]
