"""Goal: the parameters that expressions replaced still do what they did."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import make_client, make_table, message, refused


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


def make_readings(dynamodb: Any, until: Any, name: str) -> str:
    make_table(dynamodb, until, name, "device:S", sort="at:N")
    for at in range(1, 5):
        dynamodb.put_item(TableName=name, Item={"device": {"S": "a"}, "at": {"N": str(at)}, "v": {"S": f"v{at}"}})
    return name


@pytest.fixture(scope="module")
def shared_table(dynamodb: Any, shared_unique: Unique, until: Any) -> str:
    """Four readings, which no test changes."""
    return make_readings(dynamodb, until, shared_unique("Readings"))


@pytest.fixture
def table(dynamodb: Any, unique: Unique, until: Any) -> str:
    return make_readings(dynamodb, until, unique("Readings"))


KEY = {"device": {"S": "a"}, "at": {"N": "1"}}


def condition(operator: str, *values: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, **({"AttributeValueList": list(values)} if values else {})}


def moments(answer: Any) -> list[int]:
    return sorted(int(item["at"]["N"]) for item in answer["Items"])


def test_query_key_conditions_and_query_filter(dynamodb: Any, shared_table: str) -> None:
    answer = dynamodb.query(
        TableName=shared_table,
        KeyConditions={"device": condition("EQ", {"S": "a"}), "at": condition("GT", {"N": "1"})},
        QueryFilter={"v": condition("NE", {"S": "v3"})},
    )
    assert moments(answer) == [2, 4]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"v": condition("BEGINS_WITH", {"S": "v"})}, [1, 2, 3, 4]),
        ({"v": condition("IN", {"S": "v1"}, {"S": "v4"})}, [1, 4]),
        ({"v": condition("BETWEEN", {"S": "v2"}, {"S": "v3"})}, [2, 3]),
        ({"v": condition("CONTAINS", {"S": "2"})}, [2]),
        ({"v": condition("NOT_CONTAINS", {"S": "2"})}, [1, 3, 4]),
        ({"v": condition("NULL")}, []),
        ({"v": condition("NOT_NULL"), "at": condition("LE", {"N": "2"})}, [1, 2]),
    ],
)
def test_scan_filter_selects(dynamodb: Any, filters: Any, expected: list[int], shared_table: str) -> None:
    assert moments(dynamodb.scan(TableName=shared_table, ScanFilter=filters)) == expected


def test_scan_filter_or_joins(dynamodb: Any, shared_table: str) -> None:
    filters = {"v": condition("EQ", {"S": "v1"}), "at": condition("EQ", {"N": "4"})}
    assert moments(dynamodb.scan(TableName=shared_table, ScanFilter=filters, ConditionalOperator="OR")) == [1, 4]


def test_put_item_expected_is_a_condition(dynamodb: Any, table: str) -> None:
    item = {**KEY, "v": {"S": "new"}}
    refused(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        TableName=table,
        Item=item,
        Expected={"v": {"Exists": False}},
    )
    dynamodb.put_item(TableName=table, Item=item, Expected={"v": {"Value": {"S": "v1"}}})
    assert dynamodb.get_item(TableName=table, Key=KEY, AttributesToGet=["v"])["Item"] == {"v": {"S": "new"}}


def test_update_item_attribute_updates_put_add_delete(dynamodb: Any, table: str) -> None:
    dynamodb.update_item(
        TableName=table,
        Key=KEY,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "2"}},
            "tags": {"Action": "PUT", "Value": {"SS": ["a", "b"]}},
            "v": {"Action": "DELETE"},
        },
    )
    dynamodb.update_item(
        TableName=table,
        Key=KEY,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "3"}},
            "tags": {"Action": "DELETE", "Value": {"SS": ["a"]}},
        },
    )
    expected = {**KEY, "n": {"N": "5"}, "tags": {"SS": ["b"]}}
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == expected


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (
            {"v": condition("EQ")},
            "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: v",
        ),
        (
            {"v": condition("BEGINS_WITH", {"N": "1"})},
            "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
        ({"v": {"Exists": True}}, "Value must be provided when Exists is true for Attribute: v"),
        ({"v": {"Exists": False, "Value": {"S": "x"}}}, "Value cannot be used when Exists is false for Attribute: v"),
    ],
)
def test_put_item_invalid_expected_is_refused(dynamodb: Any, expected: Any, words: str, shared_table: str) -> None:
    found = message(dynamodb.put_item, TableName=shared_table, Item=KEY, Expected=expected)
    assert found == f"One or more parameter values were invalid: {words}"
