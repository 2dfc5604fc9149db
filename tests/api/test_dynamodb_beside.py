"""Goal: what is long in a request is done beside the event loop, and nothing is lost between its two runs.

The work on the loop is counted in calls, not timed: a busy machine changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from onebox.services.beside import Beside
from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index, message
from tests.stalls.dynamodb import lists, numbers

CALLS_MAX = 40_000
"""Of one turn of the event loop: some milliseconds. Each of the requests below looks at 80,000 values or more."""
KEY = {"orderId": {"S": "1"}}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        client = engine.client("dynamodb")
        create_table(client)
        create_table(
            client,
            "Indexed",
            attributes=["g:S"],
            GlobalSecondaryIndexes=[index("part", "g", projection=["v"]), index("whole", "g")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        yield engine


@pytest.fixture
def dynamodb(engine: EngineThread) -> Any:
    return engine.client("dynamodb", parameter_validation=False)


@contextmanager
def loop_calls(engine: EngineThread) -> Iterator[list[int]]:
    """The calls made in each turn of the engine's loop during the block, by Python and of C."""
    turns: list[int] = [0]

    def count(*_: Any) -> None:
        turns[-1] += 1

    async def beat() -> None:
        sys.setprofile(count)
        try:
            while True:
                turns.append(0)
                await asyncio.sleep(0.001)
        finally:
            sys.setprofile(None)

    async def begin() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(beat())

    async def end(beating: asyncio.Task[None]) -> None:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    beating = engine.run(begin())
    try:
        yield turns
    finally:
        engine.run(end(beating))


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Beside]:
    """The requests that had work done beside the event loop, once for each time."""
    done: list[Beside] = []
    do = Beside.do

    def counted(beside: Beside) -> None:
        done.append(beside)
        do(beside)

    monkeypatch.setattr(Beside, "do", counted)
    return done


def plain(count: int) -> dict[str, Any]:
    return {"L": [{"N": str(at)} for at in range(count)]}


def _map(count: int) -> dict[str, Any]:
    return {"M": {f"{at:x}": {"N": text} for at, text in enumerate(numbers(count))}}


VALUES: dict[str, Callable[[], dict[str, Any]]] = {
    "plain numbers": lambda: plain(80_000),
    "lists of 7 new numbers": lambda: lists(12_000),
    "truth values": lambda: {"L": [{"BOOL": True}] * 130_000},
    "map": lambda: _map(20_000),
    "sets": lambda: {"L": [{"NS": [str(at) for at in range(20_000)]}] * 3},
}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("plain numbers", "Orders"),
        ("truth values", "Orders"),
        ("map", "Orders"),
        ("lists of 7 new numbers", "Indexed"),
        ("sets", "Indexed"),
    ],
)
def test_a_large_item_is_put_and_changed_in_few_calls_of_the_loop(
    engine: EngineThread, dynamodb: Any, name: str, table: str
) -> None:
    value = VALUES[name]()
    item = {**KEY, "g": {"S": "g"}, "n": {"N": "0"}, "v": value}
    with loop_calls(engine) as turns:
        for _ in range(2):
            dynamodb.put_item(TableName=table, Item=item)
        dynamodb.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="ADD n :one",
            ConditionExpression="attribute_exists(v)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        found = dynamodb.get_item(TableName=table, Key=KEY, ProjectionExpression="n")["Item"]
        dynamodb.delete_item(TableName=table, Key=KEY, ConditionExpression="attribute_exists(n)")
    assert found == {"n": {"N": "1"}}
    assert sum(turns) > 100, "the loop's calls were counted"
    assert max(turns) < CALLS_MAX


def test_a_large_item_with_its_sets_in_another_order_is_no_change(engine: EngineThread, dynamodb: Any) -> None:
    key = {"orderId": {"S": "sets in two orders"}}
    with loop_calls(engine) as turns:
        for members in (["a", "b"], ["b", "a"]):
            dynamodb.put_item(TableName="Indexed", Item={**key, "v": {"L": [{"SS": members}] * 50_000}})
    assert max(turns) < CALLS_MAX
    streams = engine.client("dynamodbstreams")
    arn = dynamodb.describe_table(TableName="Indexed")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    at: str | None = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    names: list[str] = []
    page: dict[str, Any] = {"Records": [None]}
    while at and page["Records"]:
        page = streams.get_records(ShardIterator=at)
        names += [record["eventName"] for record in page["Records"] if record["dynamodb"]["Keys"] == key]
        at = page.get("NextShardIterator")
    assert names == ["INSERT"]


REQUESTS: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
    "condition": lambda: (
        "put_item",
        {
            "TableName": "Orders",
            "Item": KEY,
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": {":v": lists(16_000)},
        },
    ),
    "set in a condition": lambda: (
        "put_item",
        {
            "TableName": "Orders",
            "Item": KEY,
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": {":v": {"NS": numbers(300_000)}},
        },
    ),
    "Expected": lambda: (
        "put_item",
        {"TableName": "Orders", "Item": KEY, "Expected": {"v": {"Value": {"NS": numbers(300_000)}}}},
    ),
    "PartiQL": lambda: (
        "execute_statement",
        {"Statement": "UPDATE Orders SET v = ? WHERE orderId = 'none'", "Parameters": [lists(16_000)]},
    ),
    "filter": lambda: (
        "scan",
        {
            "TableName": "Orders",
            "FilterExpression": " OR ".join([":a = :b"] * 250),
            "ExpressionAttributeValues": {":a": lists(7_000), ":b": lists(7_000)},
        },
    ),
    "Expected with 40,000 members": lambda: (
        "put_item",
        {"TableName": "Orders", "Item": KEY, "Expected": {f"a{at}": {"Exists": False} for at in range(40_000)}},
    ),
    "40,000 values of an expression": lambda: (
        "put_item",
        {
            "TableName": "Orders",
            "Item": KEY,
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": {f":v{at}": {"N": "1"} for at in range(40_000)},
        },
    ),
    "wrong value": lambda: ("put_item", {"TableName": "Orders", "Item": {**KEY, "v": lists(13_000), "w": {"N": "x"}}}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_large_request_is_refused_in_few_calls_of_the_loop(engine: EngineThread, dynamodb: Any, name: str) -> None:
    operation, request = REQUESTS[name]()
    with loop_calls(engine) as turns, pytest.raises(dynamodb.exceptions.ClientError):
        getattr(dynamodb, operation)(**request)
    assert max(turns) < CALLS_MAX


def test_changes_of_a_large_item_at_the_same_time_are_all_counted(engine: EngineThread, dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={**KEY, "n": {"N": "0"}, "v": plain(20_000)})

    def change(_: int) -> None:
        client = engine.client("dynamodb")
        for _ in range(5):
            client.update_item(
                TableName="Orders",
                Key=KEY,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(4)))
    assert dynamodb.get_item(TableName="Orders", Key=KEY, ProjectionExpression="n")["Item"] == {"n": {"N": "20"}}


def test_large_items_change_together_or_not_at_all(dynamodb: Any) -> None:
    keys = [{"orderId": {"S": str(at)}} for at in range(5)]
    for key in keys:
        dynamodb.put_item(TableName="Orders", Item={**key, "n": {"N": "0"}, "v": plain(20_000)})
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    changes = [{"Update": {"TableName": "Orders", "Key": key, **update}} for key in keys]
    dynamodb.transact_write_items(TransactItems=changes)
    changes[-1]["Update"]["ConditionExpression"] = "n > :one"
    failed = message(dynamodb.transact_write_items, "TransactionCanceledException", TransactItems=changes)
    assert "ConditionalCheckFailed" in failed
    answer = dynamodb.batch_get_item(RequestItems={"Orders": {"Keys": keys, "ProjectionExpression": "n"}})
    assert answer["Responses"]["Orders"] == [{"n": {"N": "1"}}] * 5
    assert answer["UnprocessedKeys"] == {}


def test_the_items_of_a_transaction_are_at_most_4_mb_before_and_after(dynamodb: Any) -> None:
    keys = [{"orderId": {"S": f"large {at}"}} for at in range(11)]
    for key in keys:
        dynamodb.put_item(TableName="Orders", Item={**key, "v": {"S": "x" * 400_000}})
    update = {"UpdateExpression": "SET n = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    changes = [{"Update": {"TableName": "Orders", "Key": key, **update}} for key in keys]
    dynamodb.transact_write_items(TransactItems=changes[:10])
    assert "Transaction size cannot exceed" in message(dynamodb.transact_write_items, TransactItems=changes)


def test_a_batch_leaves_unprocessed_what_would_hold_up_others(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebox.services.dynamodb.operations.batches.BATCH_JSON_BYTES_MAX", 100_000)
    keys = [{"orderId": {"S": f"dense {at}"}} for at in range(10)]
    for key in keys:
        dynamodb.put_item(TableName="Orders", Item={**key, "v": plain(2_000)})
    wanted: Any = {"Orders": {"Keys": keys}}
    found = []
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        assert 0 < len(json.dumps(answer["Responses"])) < 150_000
        found += [item["orderId"] for item in answer["Responses"]["Orders"]]
        wanted = answer["UnprocessedKeys"]
    assert sorted(key["S"] for key in found) == sorted(key["orderId"]["S"] for key in keys)


def test_the_work_is_done_once_also_after_a_change_of_the_table_that_failed(
    dynamodb: Any, rounds: list[Beside]
) -> None:
    """The table is not kept in memory then, but read again for each request."""
    create_table(dynamodb, "Refused", attributes=["g:S"], GlobalSecondaryIndexes=[index("whole", "g")])
    dynamodb.put_item(TableName="Refused", Item={**KEY, "v": plain(10_000)})
    deletion = [{"Delete": {"IndexName": "none"}}]
    message(
        dynamodb.update_table, "ResourceNotFoundException", TableName="Refused", GlobalSecondaryIndexUpdates=deletion
    )
    change = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    dynamodb.update_item(TableName="Refused", Key=KEY, **change)
    assert len(rounds) == 1


def _inserts(count: int, name: str) -> list[dict[str, Any]]:
    text = "INSERT INTO Indexed VALUE {'orderId': '%s', 'g': 'g', 'v': ?}"
    return [{"Statement": text % f"{name} {at}", "Parameters": [plain(1_500)]} for at in range(count)]


def test_every_statement_of_a_large_request_is_worked_out_beside_the_loop(dynamodb: Any, rounds: list[Beside]) -> None:
    """In a batch one after the other, as each may need what the one before it wrote; in a transaction together."""
    answer = dynamodb.batch_execute_statement(Statements=_inserts(25, "batch"))
    assert answer["Responses"] == [{"TableName": "Indexed"}] * 25
    assert len(rounds) == 1 + 2 * 25
    rounds.clear()
    dynamodb.execute_transaction(TransactStatements=_inserts(60, "transaction"))
    assert len(rounds) == 3


def test_large_items_are_read_together(dynamodb: Any, rounds: list[Beside]) -> None:
    for at in range(40):
        dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": f"read {at}"}, "n": {"N": "1"}, "v": plain(7_000)})
    reads = [{"Statement": f"SELECT n FROM Orders WHERE orderId = 'read {at}'"} for at in range(40)]
    rounds.clear()
    answer = dynamodb.execute_transaction(TransactStatements=reads)
    assert answer["Responses"] == [{"Item": {"n": {"N": "1"}}}] * 40
    assert len(rounds) == 2, "the first work makes the request one that has work"


def test_the_items_that_a_transaction_reads_are_at_most_4_mb(dynamodb: Any) -> None:
    for at in range(11):
        dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": f"4 MB {at}"}, "v": {"S": "x" * 400_000}})
    reads = [{"Statement": f"SELECT * FROM Orders WHERE orderId = '4 MB {at}'"} for at in range(11)]
    assert len(dynamodb.execute_transaction(TransactStatements=reads[:10])["Responses"]) == 10
    assert "Transaction size cannot exceed" in message(dynamodb.execute_transaction, TransactStatements=reads)


@pytest.mark.parametrize("size", [1, 40_000])
def test_the_first_wrong_statement_of_a_transaction_is_reported_whatever_its_size(dynamodb: Any, size: int) -> None:
    wrong: dict[str, Any] = {"L": [{"S": "x" * 10}] * size + [{"NS": []}]}
    first = {"Statement": "INSERT INTO Orders VALUE {'orderId': 'wrong', 'v': ?}", "Parameters": [wrong]}
    second = {"Statement": "DELETE FROM Orders WHERE orderId = ?"}
    assert "number set" in message(dynamodb.execute_transaction, TransactStatements=[first, second])


def test_the_latency_covers_the_work_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    with EngineThread(manual_clock=True) as engine:
        client = engine.client("dynamodb")
        create_table(client)
        do, passed_ms = Beside.do, 300

        def lasting(beside: Beside) -> None:
            do(beside)
            clock = engine.clock._clock
            clock.source.pass_ms(passed_ms)

        monkeypatch.setattr(Beside, "do", lasting)
        client.put_item(TableName="Orders", Item={**KEY, "v": VALUES["plain numbers"]()})
        engine.clock.advance(60)
        (row,) = engine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName="SuccessfulRequestLatency",
            Dimensions=[{"Name": "TableName", "Value": "Orders"}, {"Name": "Operation", "Value": "PutItem"}],
            StartTime=(engine.clock.now_ms() - 3_600_000) / 1000,
            EndTime=(engine.clock.now_ms() + 3_600_000) / 1000,
            Period=7_200,
            Statistics=["Maximum"],
        )["Datapoints"]
    assert row["Maximum"] >= passed_ms
