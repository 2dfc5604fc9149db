"""Goal: Query and Scan give exactly the items asked for, in order, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import all_pages, make_client, make_table, message


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


@pytest.fixture(scope="module")
def table(dynamodb: Any, shared_unique: Unique, until: Any) -> str:
    """Readings of two devices, which no test changes."""
    table = make_table(dynamodb, until, shared_unique("Readings"), "device:S", sort="at:N")
    for device, moments in (("a", range(1, 6)), ("b", (-10, -2, 0, 3))):
        for at in moments:
            dynamodb.put_item(
                TableName=table, Item={"device": {"S": device}, "at": {"N": str(at)}, "odd": {"BOOL": at % 2 == 1}}
            )
    return table


def moments(answer: Any) -> list[int]:
    return [int(item["at"]["N"]) for item in answer["Items"]]


def query(dynamodb: Any, table: str, condition: str, values: dict[str, Any], **more: Any) -> Any:
    return dynamodb.query(TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)


A, B = {":d": {"S": "a"}}, {":d": {"S": "b"}}
N = {f":{n}": {"N": str(n)} for n in range(10)}


@pytest.mark.parametrize(
    ("condition", "used", "expected"),
    [
        ("device = :d", (), [1, 2, 3, 4, 5]),
        ("device = :d AND #at = :3", (3,), [3]),
        ("#at > :3 AND device = :d", (3,), [4, 5]),
        ("device = :d AND #at >= :3", (3,), [3, 4, 5]),
        ("device = :d AND #at < :3", (3,), [1, 2]),
        ("device = :d AND #at <= :3", (3,), [1, 2, 3]),
        ("(device = :d) AND (#at BETWEEN :2 AND :4)", (2, 4), [2, 3, 4]),
        (":d = device AND :3 < #at", (3,), [4, 5]),
    ],
)
def test_query_key_condition_gives_the_range(
    dynamodb: Any, condition: str, used: Any, expected: list[int], table: str
) -> None:
    values = {**A, **{f":{n}": N[f":{n}"] for n in used}}
    names = {"ExpressionAttributeNames": {"#at": "at"}} if "#at" in condition else {}
    answer = query(dynamodb, table, condition, values, **names)
    assert moments(answer) == expected
    assert (answer["Count"], answer["ScannedCount"]) == (len(expected), len(expected))
    assert moments(query(dynamodb, table, condition, values, ScanIndexForward=False, **names)) == expected[::-1]


def test_query_numbers_are_in_numeric_order(dynamodb: Any, table: str) -> None:
    assert moments(query(dynamodb, table, "device = :d", B)) == [-10, -2, 0, 3]


def test_query_begins_with_gives_the_prefix(dynamodb: Any, unique: Unique, until: Any) -> None:
    table = make_table(dynamodb, until, unique("Readings"), "device:S", sort="at:S")
    for at in ("a", "ab", "ab\uffff", "abc", "b", "aÿ"):
        dynamodb.put_item(TableName=table, Item={"device": {"S": "a"}, "at": {"S": at}})
    answer = query(
        dynamodb,
        table,
        "device = :d AND begins_with(#at, :p)",
        {**A, ":p": {"S": "ab"}},
        ExpressionAttributeNames={"#at": "at"},
    )
    assert [item["at"]["S"] for item in answer["Items"]] == ["ab", "abc", "ab\uffff"]


def test_query_filter_counts_what_it_scanned(dynamodb: Any, table: str) -> None:
    answer = query(dynamodb, table, "device = :d", {**A, ":t": {"BOOL": True}}, FilterExpression="odd = :t", Limit=4)
    assert moments(answer) == [1, 3]
    assert (answer["Count"], answer["ScannedCount"]) == (2, 4)
    assert answer["LastEvaluatedKey"] == {"device": {"S": "a"}, "at": {"N": "4"}}


def test_query_select_count_gives_no_items(dynamodb: Any, table: str) -> None:
    answer = query(dynamodb, table, "device = :d", A, Select="COUNT")
    assert "Items" not in answer
    assert answer["Count"] == 5


def test_query_page_ends_exactly_at_the_limit_and_the_next_is_empty(dynamodb: Any, table: str) -> None:
    first = query(dynamodb, table, "device = :d", A, Limit=5)
    assert moments(first) == [1, 2, 3, 4, 5]
    second = query(dynamodb, table, "device = :d", A, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert (second["Items"], "LastEvaluatedKey" in second) == ([], False)


def test_query_resumes_after_a_key_that_was_deleted(dynamodb: Any, unique: Unique, until: Any) -> None:
    table = make_table(dynamodb, until, unique("Readings"), "device:S", sort="at:N")
    for at in range(1, 6):
        dynamodb.put_item(TableName=table, Item={"device": {"S": "a"}, "at": {"N": str(at)}})
    first = query(dynamodb, table, "device = :d", A, Limit=2)
    dynamodb.delete_item(TableName=table, Key=first["LastEvaluatedKey"])
    assert moments(query(dynamodb, table, "device = :d", A, ExclusiveStartKey=first["LastEvaluatedKey"])) == [3, 4, 5]
    back = query(dynamodb, table, "device = :d", A, ExclusiveStartKey=first["LastEvaluatedKey"], ScanIndexForward=False)
    assert moments(back) == [1]


def test_query_page_ends_before_one_megabyte(dynamodb: Any, unique: Unique, until: Any) -> None:
    table = make_table(dynamodb, until, unique("Readings"), "device:S", sort="at:N")
    for at in range(6):
        dynamodb.put_item(
            TableName=table, Item={"device": {"S": "a"}, "at": {"N": str(at)}, "pad": {"S": "x" * 300_000}}
        )
    first = query(dynamodb, table, "device = :d", A)
    assert moments(first) == [0, 1, 2]
    pages = all_pages(
        dynamodb.query,
        TableName=table,
        KeyConditionExpression="device = :d",
        ExpressionAttributeValues=A,
    )
    assert [int(item["at"]["N"]) for item in pages] == list(range(6))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"KeyConditionExpression": "#at = :1"}, "Query condition missed key schema element: device"),
        ({"KeyConditionExpression": "device > :d"}, "Query key condition not supported"),
        ({"KeyConditionExpression": ""}, "Invalid KeyConditionExpression: The expression can not be empty;"),
        (
            {"KeyConditionExpression": "device = :d OR #at = :1"},
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            {"KeyConditionExpression": "device = :d AND #at <> :1"},
            "Invalid operator used in KeyConditionExpression: <>",
        ),
        (
            {"KeyConditionExpression": "device = :d AND attribute_exists(#at)"},
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        ({"KeyConditionExpression": "device = :d AND x = :1"}, "Query condition missed key schema element: at"),
        (
            {"KeyConditionExpression": "device = :d AND device = :d"},
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            {"KeyConditionExpression": "device = :1"},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditionExpression": "device = :e"},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
            "an empty "
            "string value. Key: device",
        ),
        (
            {"KeyConditionExpression": "device = :d", "FilterExpression": "#at = :1"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: at",
        ),
        (
            {"KeyConditionExpression": "device = :d", "FilterExpression": "#nix = :1"},
            "Invalid FilterExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #nix",
        ),
        (
            {},
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ),
        (
            {"KeyConditionExpression": "device = :d", "Select": "WRONG"},
            "1 validation error detected: Value 'WRONG' at 'select' failed to satisfy constraint: Member must satisfy "
            "enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
        ),
        (
            {"KeyConditionExpression": "device = :d", "ExclusiveStartKey": {"device": {"S": "b"}, "at": {"N": "1"}}},
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            {"KeyConditionExpression": "device = :d", "ExclusiveStartKey": {"device": {"S": "a"}}},
            "The provided starting key is invalid",
        ),
        (
            {"KeyConditionExpression": "device = :d", "IndexName": "nope"},
            "The table does not have the specified index: nope",
        ),
        (
            {"KeyConditionExpression": "device = :d", "ProjectionExpression": "x", "Select": "COUNT"},
            "Cannot specify the ProjectionExpression when choosing to get COUNT",
        ),
    ],
)
def test_query_invalid_request_is_refused_in_aws_words(
    dynamodb: Any, request_: dict[str, Any], words: str, table: str
) -> None:
    text = " ".join(str(value) for value in request_.values())
    values = {":d": {"S": "a"}, ":1": {"N": "1"}, ":e": {"S": ""}}
    used = {name: value for name, value in values.items() if name in text}
    names = {"#at": "at"} if "#at" in text else {}
    more: dict[str, Any] = {
        **({"ExpressionAttributeValues": used} if used else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    }
    assert message(dynamodb.query, TableName=table, **request_, **more) == words


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            {"Segment": 0},
            "The TotalSegments parameter is required but was not present in the request when Segment parameter "
            "is present",
        ),
        (
            {"TotalSegments": 4},
            "The Segment parameter is required but was not present in the request when parameter TotalSegments "
            "is present",
        ),
        (
            {"Segment": 5, "TotalSegments": 5},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: 5 is not less than TotalSegments: 5",
        ),
        (
            {"Limit": 0},
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"ExclusiveStartKey": {"device": {"S": "a"}}},
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
    ],
)
def test_scan_invalid_request_is_refused_in_aws_words(
    dynamodb: Any, request_: dict[str, Any], words: str, table: str
) -> None:
    assert message(dynamodb.scan, TableName=table, **request_) == words


def test_scan_filter_may_look_at_keys(dynamodb: Any, table: str) -> None:
    answer = dynamodb.scan(
        TableName=table, FilterExpression="device = :d", ExpressionAttributeValues={":d": {"S": "b"}}
    )
    assert (answer["Count"], answer["ScannedCount"]) == (4, 9)
