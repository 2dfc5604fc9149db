"""Goal: a stream tells every change of its table, once, in order, for 24 hours."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, message, refused

BOTH = "NEW_AND_OLD_IMAGES"


@pytest.fixture
def dynamodb(client: Callable[..., Any]) -> Any:
    return client("dynamodb", parameter_validation=False)


@pytest.fixture
def streams(client: Callable[..., Any]) -> Any:
    return client("dynamodbstreams", parameter_validation=False)


def enabled(view: str = BOTH) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": view}


def stream_table(dynamodb: Any, view: str = BOTH, name: str = "Orders", **more: Any) -> str:
    """A table with a stream; the stream's ARN."""
    create_table(dynamodb, name, StreamSpecification=enabled(view), **more)
    return str(dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"])


def shard_of(streams: Any, arn: str) -> Any:
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]


def iterator(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
    shard_id = shard_of(streams, arn)["ShardId"]
    answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard_id, ShardIteratorType=kind, **more)
    return str(answer["ShardIterator"])


def records(streams: Any, arn: str) -> Any:
    """All records of a stream."""
    found: list[Any] = []
    place: str | None = iterator(streams, arn)
    while place is not None:
        page = streams.get_records(ShardIterator=place, Limit=1000)
        found += page["Records"]
        place = page.get("NextShardIterator") if page["Records"] else None
    return found


def put(dynamodb: Any, order_id: str, name: str = "Orders", **attributes: Any) -> None:
    dynamodb.put_item(TableName=name, Item={"orderId": {"S": order_id}, **attributes})


def changes(found: Any) -> list[tuple[str, str]]:
    return [(record["eventName"], record["dynamodb"]["Keys"]["orderId"]["S"]) for record in found]


def test_writes_that_change_nothing_leave_no_record(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    item: dict[str, Any] = {"m": {"M": {"a": {"N": "1"}, "b": {"SS": ["x", "y"]}}}, "n": {"N": "1"}}
    put(dynamodb, "1", **item)
    put(dynamodb, "1", n={"N": "1.0"}, m={"M": {"b": {"SS": ["y", "x"]}, "a": {"N": "1"}}})
    key = {"TableName": "Orders", "Key": {"orderId": {"S": "1"}}}
    one = {":v": {"N": "1"}, ":z": {"N": "0"}}
    update = dynamodb.update_item
    update(**key, UpdateExpression="SET n = :v", ExpressionAttributeValues={":v": one[":v"]})
    update(**key, UpdateExpression="ADD n :z", ExpressionAttributeValues={":z": one[":z"]})
    update(**key, UpdateExpression="REMOVE absent")
    dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": "none"}})
    same = {"PutRequest": {"Item": {"orderId": {"S": "1"}, **item}}}
    dynamodb.batch_write_item(RequestItems={"Orders": [same]})
    dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": "Orders", "Item": {"orderId": {"S": "1"}, **item}}}]
    )
    assert changes(records(streams, arn)) == [("INSERT", "1")]


def test_batches_transactions_and_statements_leave_a_record_for_each_item(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    create_table(dynamodb, "Plain")
    puts = [{"PutRequest": {"Item": {"orderId": {"S": name}}}} for name in "ab"]
    dynamodb.batch_write_item(RequestItems={"Orders": puts, "Plain": puts})
    exists = "attribute_exists(orderId)"
    check = {"TableName": "Plain", "Key": {"orderId": {"S": "a"}}, "ConditionExpression": exists}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": "Orders", "Key": {"orderId": {"S": "a"}}}},
            {"Put": {"TableName": "Orders", "Item": {"orderId": {"S": "c"}}}},
            {"ConditionCheck": check},
        ]
    )
    statements = ["INSERT INTO Orders VALUE {'orderId': 'd'}", "UPDATE Orders SET v = 1 WHERE orderId = 'b'"]
    dynamodb.batch_execute_statement(Statements=[{"Statement": text} for text in statements])
    assert changes(records(streams, arn)) == [
        ("INSERT", "a"),
        ("INSERT", "b"),
        ("REMOVE", "a"),
        ("INSERT", "c"),
        ("INSERT", "d"),
        ("MODIFY", "b"),
    ]


def test_refused_writes_leave_no_record(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    put(dynamodb, "1")
    condition = "attribute_not_exists(orderId)"
    item = {"orderId": {"S": "1"}, "v": {"N": "1"}}
    refused(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        TableName="Orders",
        Item=item,
        ConditionExpression=condition,
    )
    refused(
        dynamodb.transact_write_items,
        "TransactionCanceledException",
        TransactItems=[
            {"Put": {"TableName": "Orders", "Item": {"orderId": {"S": "2"}}}},
            {"Put": {"TableName": "Orders", "Item": item, "ConditionExpression": condition}},
        ],
    )
    assert changes(records(streams, arn)) == [("INSERT", "1")]


def test_update_table_enables_disables_and_enables_again(dynamodb: Any, streams: Any) -> None:
    create_table(dynamodb)
    answer = dynamodb.update_table(TableName="Orders", StreamSpecification=enabled("KEYS_ONLY"))["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    first = answer["LatestStreamArn"]
    put(dynamodb, "1")
    words = message(dynamodb.update_table, TableName="Orders", StreamSpecification=enabled())
    assert words == "Table already has an enabled stream: TableName: Orders"
    off = {"StreamEnabled": False}
    answer = dynamodb.update_table(TableName="Orders", StreamSpecification=off)["TableDescription"]
    assert "StreamSpecification" not in answer
    put(dynamodb, "2")
    words = message(dynamodb.update_table, TableName="Orders", StreamSpecification=off)
    assert words == "Table has no stream to disable: TableName: Orders"
    second = dynamodb.update_table(TableName="Orders", StreamSpecification=enabled())["TableDescription"][
        "LatestStreamArn"
    ]
    assert second != first
    put(dynamodb, "3")
    assert changes(records(streams, first)) == [("INSERT", "1")]
    assert changes(records(streams, second)) == [("INSERT", "3")]
    assert [entry["StreamArn"] for entry in streams.list_streams(TableName="Orders")["Streams"]] == [first, second]
    closed = streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert closed["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in closed["Shards"][0]["SequenceNumberRange"]
    page = streams.get_records(ShardIterator=iterator(streams, first))
    assert "NextShardIterator" not in page
    dynamodb.delete_table(TableName="Orders")
    assert streams.describe_stream(StreamArn=second)["StreamDescription"]["StreamStatus"] == "DISABLED"
    assert changes(records(streams, second)) == [("INSERT", "3")]


def test_iterators_begin_where_their_type_says(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    for name in "abc":
        put(dynamodb, name)
    latest = iterator(streams, arn, "LATEST")
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records(streams, arn)]
    assert numbers == sorted(numbers)
    put(dynamodb, "d")

    def read(place: str) -> list[str]:
        page = streams.get_records(ShardIterator=place)
        assert page["NextShardIterator"]
        return [name for _, name in changes(page["Records"])]

    assert read(latest) == ["d"]
    assert read(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == ["b", "c", "d"]
    assert read(iterator(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == ["c", "d"]
    start = shard_of(streams, arn)["SequenceNumberRange"]["StartingSequenceNumber"]
    assert read(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start)) == ["a", "b", "c", "d"]
    page = streams.get_records(ShardIterator=iterator(streams, arn), Limit=3)
    assert [name for _, name in changes(page["Records"])] == ["a", "b", "c"]
    assert read(page["NextShardIterator"]) == ["d"]
    assert re.fullmatch(rf"{arn}\|\d\|[\w-]+", page["NextShardIterator"])


def test_wrong_requests_are_refused_in_aws_words(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    shard = shard_of(streams, arn)
    shard_id, number = shard["ShardId"], shard["SequenceNumberRange"]["StartingSequenceNumber"]
    get = streams.get_shard_iterator
    place = {"StreamArn": arn, "ShardId": shard_id}
    for wrong in (
        {**place, "ShardIteratorType": "SOMEWHERE"},
        {**place, "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
        {**place, "ShardIteratorType": "LATEST", "SequenceNumber": number},
        {**place, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "x"},
        {**place, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "9" * 5000},
        {**place, "ShardIteratorType": "LATEST", "StreamArn": "no arn"},
    ):
        refused(get, **wrong)
    other = arn.replace("/Orders/", "/Others/")
    words = message(streams.describe_stream, "ResourceNotFoundException", StreamArn=other)
    assert words == f"Requested resource not found: Stream: {other} not found"
    wrong = {"StreamArn": arn, "ShardId": shard_id[:-1] + "z", "ShardIteratorType": "LATEST"}
    assert message(get, "ResourceNotFoundException", **wrong) == "Requested resource not found: Shard does not exist"
    for limit in (0, -1, 1001):
        assert "limit" in message(streams.get_records, ShardIterator=iterator(streams, arn), Limit=limit)
    for text in ("", "x", f"{arn}|1|x", f"{arn}|1|{'A' * 100_000}", "a|b|c|d"):
        refused(streams.get_records, ShardIterator=text)
    for limit in (0, 101):
        refused(streams.list_streams, Limit=limit)
    refused(streams.list_streams, ExclusiveStartStreamArn="x")
    refused(streams.describe_stream, StreamArn="x")
    describe = streams.describe_stream
    for wrong_filter in ({}, {"Type": "CHILD_SHARDS"}, {"Type": "OTHER", "ShardId": shard_id}, {"ShardId": shard_id}):
        refused(describe, StreamArn=arn, ShardFilter=wrong_filter)
    words = message(describe, StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": "x"})
    assert "ShardFilter.ShardId" in words
    children = describe(StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard_id})
    assert children["StreamDescription"]["Shards"] == []
    assert describe(StreamArn=arn, ExclusiveStartShardId=shard_id)["StreamDescription"]["Shards"] == []


def test_list_streams_goes_in_pages(dynamodb: Any, streams: Any) -> None:
    arns = [stream_table(dynamodb, name=f"T{number:03d}") for number in range(7)]
    create_table(dynamodb, "Plain")
    first = streams.list_streams(Limit=3)
    assert [entry["StreamArn"] for entry in first["Streams"]] == arns[:3]
    rest = streams.list_streams(ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])
    assert [entry["StreamArn"] for entry in rest["Streams"]] == arns[3:]
    assert "LastEvaluatedStreamArn" not in rest
    gone = arns[2].replace("T002", "T002x")
    assert streams.list_streams(ExclusiveStartStreamArn=gone, Limit=1)["Streams"][0]["StreamArn"] == arns[3]
    assert streams.list_streams(TableName="Plain")["Streams"] == []
    assert streams.list_streams(TableName="unknown")["Streams"] == []


def test_records_and_streams_last_24_hours_and_iterators_15_minutes(timed: EngineThread) -> None:
    dynamodb, streams = timed.client("dynamodb"), timed.client("dynamodbstreams")
    arn = stream_table(dynamodb)
    put(dynamodb, "1")
    old = iterator(streams, arn)
    timed.clock.advance(15 * 60 - 1)
    assert len(streams.get_records(ShardIterator=old)["Records"]) == 1
    timed.clock.advance(2)
    refused(streams.get_records, "ExpiredIteratorException", ShardIterator=old)
    timed.clock.advance(12 * 3600)
    put(dynamodb, "2")
    number = records(streams, arn)[0]["dynamodb"]["SequenceNumber"]
    timed.clock.advance(12 * 3600)
    assert changes(records(streams, arn)) == [("INSERT", "2")]
    trimmed = iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=number)
    refused(streams.get_records, "TrimmedDataAccessException", ShardIterator=trimmed)
    dynamodb.update_table(TableName="Orders", StreamSpecification={"StreamEnabled": False})
    timed.clock.advance(24 * 3600 + 120)
    assert streams.list_streams()["Streams"] == []
    refused(streams.describe_stream, "ResourceNotFoundException", StreamArn=arn)


def test_time_to_live_is_named_as_the_one_who_deleted(timed: EngineThread) -> None:
    dynamodb, streams = timed.client("dynamodb"), timed.client("dynamodbstreams")
    arn = stream_table(dynamodb)
    dynamodb.update_time_to_live(
        TableName="Orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    put(dynamodb, "1", until={"N": str(timed.clock.now_ms() // 1000 + 10)})
    timed.clock.advance(180)
    removed = records(streams, arn)[-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def test_concurrent_looking_changes_of_one_key_keep_their_order(dynamodb: Any, streams: Any) -> None:
    arn = stream_table(dynamodb)
    draw = random.Random(7)
    expected: dict[str, list[str]] = {}
    for number in range(200):
        name = draw.choice("abcde")
        put(dynamodb, name, v={"N": str(number)})
        expected.setdefault(name, []).append(str(number))
    told: dict[str, list[str]] = {}
    for record in records(streams, arn):
        image = record["dynamodb"]["NewImage"]
        told.setdefault(image["orderId"]["S"], []).append(image["v"]["N"])
    assert told == expected
