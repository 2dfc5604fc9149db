"""Goal: single items are put, got, updated and deleted with DynamoDB's answers and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import make_client, make_table, message, refused

KEY = {"orderId": {"S": "1"}}


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


@pytest.fixture
def table(dynamodb: Any, unique: Unique, until: Any) -> str:
    return make_table(dynamodb, until, unique("Orders"))


@pytest.fixture(scope="module")
def shared_table(dynamodb: Any, shared_unique: Unique, until: Any) -> str:
    """For requests that are refused."""
    return make_table(dynamodb, until, shared_unique("Orders"))


def test_put_item_then_get_item_gives_every_kind_back(dynamodb: Any, table: str) -> None:
    item = {
        **KEY,
        "s": {"S": "Grüße £ 🎁"},
        "n": {"N": "-12.5"},
        "b": {"B": b"\x00\xff"},
        "yes": {"BOOL": True},
        "nothing": {"NULL": True},
        "empty": {"S": ""},
        "l": {"L": [{"N": "1"}, {"M": {"x": {"S": "y"}}}]},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2.5"]},
        "bs": {"BS": [b"a", b"b"]},
    }
    assert dynamodb.put_item(TableName=table, Item=item)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == item


def test_put_item_numbers_come_back_canonical(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "n": {"N": "+001.50E1"}, "l": {"L": [{"N": "1.0"}]}})
    item = dynamodb.get_item(TableName=table, Key=KEY)["Item"]
    assert (item["n"], item["l"]) == ({"N": "15"}, {"L": [{"N": "1"}]})


def test_get_item_absent_answers_without_item(dynamodb: Any, table: str) -> None:
    assert "Item" not in dynamodb.get_item(TableName=table, Key=KEY)


def test_get_item_projection_gives_only_the_paths(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(
        TableName=table, Item={**KEY, "a": {"M": {"b": {"L": [{"S": "x"}, {"S": "y"}]}, "c": {"N": "1"}}}}
    )
    answer = dynamodb.get_item(
        TableName=table, Key=KEY, ProjectionExpression="a.b[1], #o", ExpressionAttributeNames={"#o": "orderId"}
    )
    assert answer["Item"] == {**KEY, "a": {"M": {"b": {"L": [{"S": "y"}]}}}}


def test_put_item_return_values_all_old_gives_the_replaced_item(dynamodb: Any, table: str) -> None:
    old = {**KEY, "a": {"S": "old"}}
    assert "Attributes" not in dynamodb.put_item(TableName=table, Item=old, ReturnValues="ALL_OLD")
    answer = dynamodb.put_item(TableName=table, Item={**KEY, "b": {"S": "new"}}, ReturnValues="ALL_OLD")
    assert answer["Attributes"] == old
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "b": {"S": "new"}}


def test_put_item_condition_on_absent_item_stores_once(dynamodb: Any, table: str) -> None:
    request = {"TableName": table, "ConditionExpression": "attribute_not_exists(orderId)"}
    dynamodb.put_item(Item={**KEY, "n": {"N": "1"}}, **request)
    answer = refused(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        Item={**KEY, "n": {"N": "2"}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **request,
    )
    assert answer["Error"]["Message"] == "The conditional request failed"
    assert answer["Item"] == {**KEY, "n": {"N": "1"}}
    assert "Item" not in refused(dynamodb.put_item, "ConditionalCheckFailedException", Item=KEY, **request)
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "n": {"N": "1"}}


def test_put_item_condition_true_of_absent_and_present_replaces(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "v": {"N": "1"}})
    dynamodb.put_item(
        TableName=table,
        Item={**KEY, "v": {"N": "2"}},
        ConditionExpression="attribute_not_exists(v) OR v = :old",
        ExpressionAttributeValues={":old": {"N": "1"}},
    )
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"]["v"] == {"N": "2"}


@pytest.mark.parametrize(
    ("return_values", "expected"),
    [
        ("NONE", None),
        ("ALL_OLD", {"orderId": {"S": "1"}, "a": {"N": "1"}, "m": {"M": {"x": {"S": "x"}, "y": {"S": "y"}}}}),
        ("ALL_NEW", {"orderId": {"S": "1"}, "a": {"N": "2"}, "m": {"M": {"x": {"S": "z"}, "y": {"S": "y"}}}}),
        ("UPDATED_OLD", {"a": {"N": "1"}, "m": {"M": {"x": {"S": "x"}}}}),
        ("UPDATED_NEW", {"a": {"N": "2"}, "m": {"M": {"x": {"S": "z"}}}}),
    ],
)
def test_update_item_return_values_give_what_they_name(
    dynamodb: Any, return_values: str, expected: Any, table: str
) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "a": {"N": "1"}, "m": {"M": {"x": {"S": "x"}, "y": {"S": "y"}}}})
    answer = dynamodb.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="SET a = a + :one, m.x = :z",
        ExpressionAttributeValues={":one": {"N": "1"}, ":z": {"S": "z"}},
        ReturnValues=return_values,
    )
    assert answer.get("Attributes") == expected


def test_update_item_absent_item_is_made_from_its_key(dynamodb: Any, table: str) -> None:
    dynamodb.update_item(
        TableName=table, Key=KEY, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}}
    )
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "n": {"N": "1"}}
    dynamodb.update_item(TableName=table, Key={"orderId": {"S": "2"}})
    assert dynamodb.get_item(TableName=table, Key={"orderId": {"S": "2"}})["Item"] == {"orderId": {"S": "2"}}


def test_update_item_condition_false_changes_nothing(dynamodb: Any, table: str) -> None:
    refused(
        dynamodb.update_item,
        "ConditionalCheckFailedException",
        TableName=table,
        Key=KEY,
        UpdateExpression="SET a = :a",
        ConditionExpression="attribute_exists(orderId)",
        ExpressionAttributeValues={":a": {"S": "x"}},
    )
    assert "Item" not in dynamodb.get_item(TableName=table, Key=KEY)


def test_delete_item_gives_the_old_item_and_is_idempotent(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "a": {"S": "x"}})
    assert dynamodb.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")["Attributes"] == {
        **KEY,
        "a": {"S": "x"},
    }
    assert "Attributes" not in dynamodb.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")
    refused(
        dynamodb.delete_item,
        "ConditionalCheckFailedException",
        TableName=table,
        Key=KEY,
        ConditionExpression="attribute_exists(orderId)",
    )


def test_put_item_consumed_capacity_follows_the_larger_size(dynamodb: Any, table: str) -> None:
    big = {**KEY, "pad": {"S": "x" * 3000}}
    small = {**KEY, "pad": {"S": "x"}}
    units = [
        dynamodb.put_item(TableName=table, Item=item, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
        for item in (small, big, small)
    ]
    assert [unit["CapacityUnits"] for unit in units] == [1.0, 3.0, 3.0]
    assert units[0]["TableName"] == table


def test_get_item_consumed_capacity_is_half_unless_consistent(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "pad": {"S": "x" * 5000}})
    for consistent, units in ((False, 1.0), (True, 2.0)):
        answer = dynamodb.get_item(
            TableName=table, Key=KEY, ConsistentRead=consistent, ReturnConsumedCapacity="INDEXES"
        )
        assert answer["ConsumedCapacity"] == {
            "TableName": table,
            "CapacityUnits": units,
            "Table": {"CapacityUnits": units},
        }


@pytest.mark.differs("DynamoDB", "ItemCount and TableSizeBytes are always exact")
def test_describe_table_counts_items_and_bytes_exactly(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={**KEY, "é": {"S": "ü"}})
    dynamodb.put_item(TableName=table, Item={"orderId": {"S": "22"}, "n": {"N": "1"}})
    found = dynamodb.describe_table(TableName=table)["Table"]
    assert (found["ItemCount"], found["TableSizeBytes"]) == (2, (8 + 4) + (9 + 3))
    dynamodb.delete_item(TableName=table, Key=KEY)
    found = dynamodb.describe_table(TableName=table)["Table"]
    assert (found["ItemCount"], found["TableSizeBytes"]) == (1, 12)


PUT = "put_item"
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    (PUT, {"Item": {}}, "One or more parameter values were invalid: Missing the key orderId in the item"),
    (
        PUT,
        {"Item": {"x": {"S": "1"}}},
        "One or more parameter values were invalid: Missing the key orderId in the item",
    ),
    (
        PUT,
        {"Item": {"orderId": {"N": "1"}}},
        "One or more parameter values were invalid: Type mismatch for key orderId expected: S actual: N",
    ),
    (
        PUT,
        {"Item": {"orderId": {"S": ""}}},
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: orderId",
    ),
    (
        PUT,
        {"Item": {"orderId": {"S": "x" * 2049}}},
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
    (PUT, {"Item": {**KEY, "x": {"S": "x" * 409_600}}}, "Item size has exceeded the maximum allowed size"),
    (PUT, {"Item": {**KEY, "x": {"N": "1" * 39}}}, "Attempting to store more than 38 significant digits in a Number"),
    (
        PUT,
        {"Item": {**KEY, "x": {"SS": []}}},
        "One or more parameter values were invalid: An string set  may not be empty",
    ),
    (PUT, {"Item": KEY, "ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
    (
        PUT,
        {"Item": KEY, "ReturnValues": "WRONG"},
        "1 validation error detected: Value 'WRONG' at 'returnValues' failed to satisfy constraint: Member must "
        "satisfy "
        "enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
    ),
    (
        PUT,
        {"Item": KEY, "ExpressionAttributeValues": {":v": {"S": "x"}}},
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    ),
    (
        PUT,
        {"Item": KEY, "ExpressionAttributeNames": {"#n": "x"}},
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    (
        PUT,
        {
            "Item": KEY,
            "ConditionExpression": "a = :v",
            "ExpressionAttributeValues": {":v": {"S": "x"}, ":unused": {"S": "x"}},
        },
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}",
    ),
    (
        PUT,
        {"Item": KEY, "ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"#u": "x"}},
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#u}",
    ),
    (
        PUT,
        {"Item": KEY, "ConditionExpression": "a = :v", "ExpressionAttributeValues": {"v": {"S": "x"}}},
        'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
    ),
    (
        PUT,
        {"Item": KEY, "ConditionExpression": "a = :v", "ExpressionAttributeValues": {":v": {"N": "x"}}},
        "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x "
        "for key :v",
    ),
    (
        PUT,
        {"Item": KEY, "Expected": {"a": {"Exists": False}}, "ConditionExpression": "attribute_not_exists(a)"},
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
    ),
    ("get_item", {"Key": {}}, "The provided key element does not match the schema"),
    ("get_item", {"Key": {"orderId": {"N": "1"}}}, "The provided key element does not match the schema"),
    ("get_item", {"Key": {**KEY, "x": {"S": "1"}}}, "The provided key element does not match the schema"),
    (
        "get_item",
        {"Key": {"orderId": {"S": ""}}},
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: orderId",
    ),
    (
        "get_item",
        {"Key": KEY, "ProjectionExpression": "a, a.b"},
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these "
        "paths; path one: [a], path two: [a, b]",
    ),
    ("delete_item", {"Key": {"x": {"S": "1"}}}, "The provided key element does not match the schema"),
    (
        "update_item",
        {"Key": KEY, "UpdateExpression": "SET orderId = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
        "One or more parameter values were invalid: Cannot update attribute orderId. This attribute is part of the key",
    ),
    (
        "update_item",
        {
            "Key": KEY,
            "UpdateExpression": "SET status = :v",
            "ExpressionAttributeValues": {":v": {"S": "x"}},
        },
        "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status",
    ),
    (
        "update_item",
        {"Key": KEY, "UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": {"S": "x" * 409_600}}},
        "Item size to update has exceeded the maximum allowed size",
    ),
    (
        "update_item",
        {
            "Key": KEY,
            "UpdateExpression": "SET n = :a + :a",
            "ExpressionAttributeValues": {":a": {"N": "9.9e125"}},
        },
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "words"), REFUSALS)
def test_item_operation_invalid_request_is_refused_in_aws_words(
    dynamodb: Any, shared_table: str, operation: str, request_: dict[str, Any], words: str
) -> None:
    assert message(getattr(dynamodb, operation), TableName=shared_table, **request_) == words


@pytest.mark.differs("DynamoDB", "ItemCount and TableSizeBytes are always exact")
def test_put_item_at_the_size_limit_is_stored(dynamodb: Any, table: str) -> None:
    # orderId 7 + "1" 1 + "x" 1: the rest of 409,600 bytes is padding.
    dynamodb.put_item(TableName=table, Item={**KEY, "x": {"S": "x" * (409_600 - 9)}})
    assert dynamodb.describe_table(TableName=table)["Table"]["TableSizeBytes"] == 409_600


def test_put_item_empty_binary_key_is_refused(dynamodb: Any, unique: Unique, until: Any) -> None:
    table = make_table(dynamodb, until, unique("Binary"), "pk:B")
    assert message(dynamodb.put_item, TableName=table, Item={"pk": {"B": b""}}) == (
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "binary value. Key: pk"
    )


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_item", {"Item": KEY}),
        ("get_item", {"Key": KEY}),
        ("update_item", {"Key": KEY}),
        ("delete_item", {"Key": KEY}),
        ("scan", {}),
    ],
)
def test_item_operation_unknown_table_is_not_found(
    dynamodb: Any, operation: str, request_: dict[str, Any], unique: Unique
) -> None:
    words = message(getattr(dynamodb, operation), "ResourceNotFoundException", TableName=unique("Nowhere"), **request_)
    assert words == "Requested resource not found"


def test_put_item_bad_value_is_found_before_the_missing_table(dynamodb: Any, unique: Unique) -> None:
    assert "numeric value" in message(dynamodb.put_item, TableName=unique("Nowhere"), Item={**KEY, "n": {"N": "x"}})


def test_put_item_wrong_json_type_in_a_value_is_a_serialization_error(dynamodb: Any, table: str) -> None:
    words = message(dynamodb.put_item, "SerializationException", TableName=table, Item={**KEY, "n": {"N": 5}})
    assert words == "NUMBER_VALUE cannot be converted to String"


def test_put_item_by_table_arn_reaches_the_same_table(dynamodb: Any, table: str) -> None:
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    dynamodb.put_item(TableName=arn, Item=KEY)
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == KEY


def test_put_item_three_wrong_options_are_reported_together(dynamodb: Any, table: str) -> None:
    words = message(
        dynamodb.put_item,
        TableName=table,
        Item=KEY,
        ReturnConsumedCapacity="A",
        ReturnItemCollectionMetrics="B",
        ReturnValues="C",
    )
    assert words.startswith("3 validation errors detected: ")
