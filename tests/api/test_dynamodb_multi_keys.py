"""Goal: a global index may have up to four HASH and four RANGE attributes, and is read in the order of their values."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.api.dynamodb_support import all_pages, create_table, index, message

KINDS = {"h1": "S", "h2": "N", "r1": "S", "r2": "N", "r3": "B"}
SCHEMA = [
    *({"AttributeName": name, "KeyType": "HASH"} for name in ("h1", "h2")),
    *({"AttributeName": name, "KeyType": "RANGE"} for name in ("r1", "r2", "r3")),
]
DEFINITIONS = [f"{name}:{kind}" for name, kind in KINDS.items()]
NAMES = {"#h": "h1"}


def multi(schema: Any = SCHEMA) -> dict[str, Any]:
    return {"IndexName": "multi", "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}


@pytest.fixture
def dynamodb(client: Callable[..., Any]) -> Any:
    return client("dynamodb", parameter_validation=False)


@pytest.fixture
def table(dynamodb: Any) -> Any:
    create_table(dynamodb, attributes=DEFINITIONS, GlobalSecondaryIndexes=[multi()])
    return dynamodb


def item(order_id: str, h1: str, h2: str, r1: str, r2: str, r3: bytes) -> dict[str, Any]:
    return {
        "orderId": {"S": order_id},
        "h1": {"S": h1},
        "h2": {"N": h2},
        "r1": {"S": r1},
        "r2": {"N": r2},
        "r3": {"B": r3},
    }


def fill(dynamodb: Any, count: int = 150) -> list[dict[str, Any]]:
    draw = random.Random(5)
    texts = ["a", "a\x00", "a\x00b", "ab", "b", "\x01"]
    numbers = ["-10", "-1", "0", "1", "1.5", "10"]
    blobs = [b"\x00", b"\x00\x00", b"\x00\xff", b"\x01", b"\xff"]
    items = [
        item(
            str(number),
            draw.choice("xy"),
            draw.choice(["1", "2"]),
            draw.choice(texts),
            draw.choice(numbers),
            draw.choice(blobs),
        )
        for number in range(count)
    ]
    for start in range(0, count, 25):
        puts = [{"PutRequest": {"Item": entry}} for entry in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"Orders": puts})
    return items


def ranks(entry: dict[str, Any]) -> tuple[bytes, Decimal, bytes]:
    return entry["r1"]["S"].encode(), Decimal(entry["r2"]["N"]), entry["r3"]["B"]


def query(condition: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "TableName": "Orders",
        "IndexName": "multi",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {":h1": {"S": "x"}, ":h2": {"N": "1"}, **values},
        **more,
    }


HASH = "h2 = :h2 AND h1 = :h1"


@pytest.mark.parametrize(
    ("condition", "values", "meets"),
    [
        ("", {}, lambda _: True),
        ("r1 = :a", {":a": {"S": "a"}}, lambda r: r[0] == b"a"),
        ("r1 < :a", {":a": {"S": "ab"}}, lambda r: r[0] < b"ab"),
        ("r1 <= :a", {":a": {"S": "a\x00"}}, lambda r: r[0] <= b"a\x00"),
        ("r1 > :a", {":a": {"S": "a"}}, lambda r: r[0] > b"a"),
        ("r1 >= :a", {":a": {"S": "a\x00b"}}, lambda r: r[0] >= b"a\x00b"),
        ("begins_with(r1, :a)", {":a": {"S": "a\x00"}}, lambda r: r[0].startswith(b"a\x00")),
        ("r1 BETWEEN :a AND :b", {":a": {"S": "a\x00"}, ":b": {"S": "ab"}}, lambda r: b"a\x00" <= r[0] <= b"ab"),
        ("r1 = :a AND r2 > :n", {":a": {"S": "a"}, ":n": {"N": "-1"}}, lambda r: r[0] == b"a" and r[1] > -1),
        ("r2 <= :n AND r1 = :a", {":a": {"S": "ab"}, ":n": {"N": "1"}}, lambda r: r[0] == b"ab" and r[1] <= 1),
        (
            "r1 = :a AND r2 = :n AND begins_with(r3, :b)",
            {":a": {"S": "a"}, ":n": {"N": "1"}, ":b": {"B": b"\x00"}},
            lambda r: r[0] == b"a" and r[1] == 1 and r[2].startswith(b"\x00"),
        ),
    ],
)
def test_query_finds_what_the_conditions_say_in_order(table: Any, condition: str, values: Any, meets: Any) -> None:
    items = fill(table)
    own = [entry for entry in items if entry["h1"]["S"] == "x" and entry["h2"]["N"] == "1" and meets(ranks(entry))]
    text = f"{HASH} AND {condition}" if condition else HASH
    found = all_pages(table.query, **query(text, values, Limit=7))
    assert [ranks(entry) for entry in found] == sorted(map(ranks, own))
    assert {entry["orderId"]["S"] for entry in found} == {entry["orderId"]["S"] for entry in own}
    backwards = all_pages(table.query, **query(text, values, ScanIndexForward=False, Limit=5))
    assert backwards == found[::-1]


def test_entries_follow_each_attribute(table: Any) -> None:
    def count() -> int:
        return int(table.query(**query(HASH, {}))["Count"])

    whole = item("1", "x", "1", "a", "1", b"b")
    table.put_item(TableName="Orders", Item={name: value for name, value in whole.items() if name != "r2"})
    assert count() == 0
    key = {"TableName": "Orders", "Key": {"orderId": {"S": "1"}}}
    table.update_item(**key, UpdateExpression="SET r2 = :n", ExpressionAttributeValues={":n": {"N": "1"}})
    assert count() == 1
    table.update_item(**key, UpdateExpression="SET h2 = :n", ExpressionAttributeValues={":n": {"N": "2"}})
    assert count() == 0
    table.update_item(**key, UpdateExpression="SET h2 = :n", ExpressionAttributeValues={":n": {"N": "1"}})
    assert table.scan(TableName="Orders", IndexName="multi")["Count"] == 1
    table.update_item(**key, UpdateExpression="REMOVE r3")
    assert table.scan(TableName="Orders", IndexName="multi")["Count"] == 0
    assert "Type mismatch" in message(table.put_item, TableName="Orders", Item={**whole, "r2": {"S": "1"}})
    assert "empty" in message(table.put_item, TableName="Orders", Item={**whole, "r1": {"S": ""}})


def test_wrong_conditions_are_refused(table: Any) -> None:
    for condition, values, words in [
        ("h1 = :h1", {}, "HASH"),
        ("h1 = :h1 AND h2 > :h2", {}, "equality"),
        (f"{HASH} AND r2 = :n", {":n": {"N": "1"}}, "RANGE"),
        (f"{HASH} AND r1 > :a AND r2 = :n", {":a": {"S": "a"}, ":n": {"N": "1"}}, "equality"),
        (f"{HASH} AND r1 = :n", {":n": {"N": "1"}}, "type"),
    ]:
        used = {name: value for name, value in {":h1": {"S": "x"}, ":h2": {"N": "1"}}.items() if name in condition}
        request = query(condition, values)
        request["ExpressionAttributeValues"] = {**used, **values}
        assert words in message(table.query, **request), condition
    filtered = query(HASH, {":a": {"S": "a"}}, FilterExpression="r1 = :a")
    assert "key" in message(table.query, **filtered)
    start = {"orderId": {"S": "1"}, "h1": {"S": "x"}}
    assert "starting key" in message(table.query, **query(HASH, {}, ExclusiveStartKey=start))


def test_wrong_schemas_are_refused(dynamodb: Any) -> None:
    def attributes(*pairs: str) -> list[dict[str, str]]:
        return [dict(zip(("AttributeName", "KeyType"), pair.split(":"), strict=True)) for pair in pairs]

    letters = "abcdefgh"
    for pairs, words in [
        ([f"{name}:HASH" for name in "abcde"], "HASH"),
        (["a:HASH", *(f"{name}:RANGE" for name in "bcdef")], "RANGE"),
        (["a:HASH", "b:RANGE", "c:HASH"], "precede"),
        (["a:HASH", "a:HASH", "b:RANGE"], "same name"),
        (["a:HASH", "z:HASH"], "AttributeDefinitions"),
    ]:
        words_found = message(
            lambda pairs=pairs: create_table(
                dynamodb,
                attributes=[f"{name}:S" for name in letters],
                GlobalSecondaryIndexes=[multi(attributes(*pairs))],
            )
        )
        assert words in words_found, pairs


def test_index_is_described_filled_later_and_stands_beside_others(dynamodb: Any) -> None:
    create_table(dynamodb, attributes=["h1:S"], GlobalSecondaryIndexes=[index("single", "h1")])
    items = fill(dynamodb, 60)
    dynamodb.update_table(
        TableName="Orders",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in [*KINDS.items(), ("orderId", "S")]
        ],
        GlobalSecondaryIndexUpdates=[{"Create": multi()}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName="Orders", WaiterConfig={"Delay": 1})
    described = dynamodb.describe_table(TableName="Orders")["Table"]["GlobalSecondaryIndexes"]
    assert {entry["IndexName"]: entry["KeySchema"] for entry in described}["multi"] == SCHEMA
    own = [entry for entry in items if entry["h1"]["S"] == "x" and entry["h2"]["N"] == "1"]
    assert dynamodb.query(**query(HASH, {}))["Count"] == len(own)
    statement = "SELECT * FROM Orders.multi WHERE h1 = 'x' AND h2 = 1"
    assert len(dynamodb.execute_statement(Statement=statement)["Items"]) == len(own)
    assert dynamodb.scan(TableName="Orders", IndexName="single")["Count"] == 60
