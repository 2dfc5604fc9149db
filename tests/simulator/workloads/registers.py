"""Items of a table with a stream: clients read, write, compare and set, add, and delete."""

from __future__ import annotations

import itertools
from typing import Any

from tests.simulator.calls import Caller
from tests.simulator.client import Client, Request
from tests.simulator.functions import Function, Work
from tests.simulator.requests import Answer
from tests.simulator.workloads.keys import Keys

TABLE = "Registers"
FUNCTION = "Recorder"


class RegisterWorkload:
    """Each key is an item."""

    def __init__(self) -> None:
        self._keys = Keys("key", at_a_time=5, uses=60)
        self._values = itertools.count(1_000_000, 1_000)
        self._last: dict[str, int] = {}

    async def step(self, client: Client) -> None:
        """One operation."""
        key = self._keys.draw(client.chance)
        draw = client.chance.random()
        if draw < 0.4:
            await read(client, key)
        elif draw < 0.65:
            await self._write(client, key)
        elif draw < 0.8:
            await self._cas(client, key)
        elif draw < 0.93:
            await self._add(client, key)
        else:
            await client.do(
                "delete", {"key": key}, Request("dynamodb", "DeleteItem", {"TableName": TABLE, "Key": _key(key)})
            )

    async def _write(self, client: Client, key: str) -> None:
        value = next(self._values)
        self._last[key] = value
        await client.do("write", {"key": key, "value": value}, Request("dynamodb", "PutItem", _put(key, value)))

    async def _cas(self, client: Client, key: str) -> None:
        value, old = next(self._values), self._last.get(key, 0)
        self._last[key] = value
        parameters = _put(key, value) | {
            "ConditionExpression": "v = :old",
            "ExpressionAttributeValues": {":old": {"N": str(old)}},
        }
        await client.do(
            "cas",
            {"key": key, "old": old, "new": value},
            Request("dynamodb", "PutItem", parameters),
            lambda _: {"done": True},
            meaning=lambda answer: {"done": False} if answer.code == "ConditionalCheckFailedException" else None,
        )

    async def _add(self, client: Client, key: str) -> None:
        by = client.chance.randint(1, 9)
        parameters = {
            "TableName": TABLE,
            "Key": _key(key),
            "UpdateExpression": "ADD v :by",
            "ExpressionAttributeValues": {":by": {"N": str(by)}},
            "ReturnValues": "UPDATED_NEW",
        }
        await client.do(
            "add",
            {"key": key, "by": by},
            Request("dynamodb", "UpdateItem", parameters),
            lambda answer: {"value": int(answer["Attributes"]["v"]["N"])},
        )

    async def end(self, client: Client) -> None:
        """Read the whole table and the whole stream."""
        request = Request("dynamodb", "Scan", {"TableName": TABLE, "ConsistentRead": True})
        await client.do("table-scan", {}, request, lambda answer: {"items": dict(map(_item, answer["Items"]))})
        await read_stream(client)


async def read(client: Client, key: str) -> None:
    """A consistent read."""
    parameters = {"TableName": TABLE, "Key": _key(key), "ConsistentRead": True}
    await client.do(
        "read",
        {"key": key},
        Request("dynamodb", "GetItem", parameters),
        lambda answer: {"value": _value(answer.get("Item"))},
    )


async def read_stream(client: Client) -> None:
    """All records of the table's stream, as one operation of the history."""
    call = client.caller.call
    description = await call("dynamodb", "DescribeTable", {"TableName": TABLE})
    arn = description.value["Table"]["LatestStreamArn"]
    stream = await call("dynamodbstreams", "DescribeStream", {"StreamArn": arn})
    changes: list[dict[str, Any]] = []
    last: Request | None = None
    for shard in stream.value["StreamDescription"]["Shards"]:
        parameters = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = (await call("dynamodbstreams", "GetShardIterator", parameters)).value["ShardIterator"]
        while iterator:
            last = Request("dynamodbstreams", "GetRecords", {"ShardIterator": iterator})
            records: Answer = await call(*last)
            changes += [change_of(record) for record in records.value["Records"]]
            iterator = records.value.get("NextShardIterator")
            if not records.value["Records"]:
                break
    if last is not None:
        await client.do("stream-read", {}, last, lambda _: {"changes": changes})


async def _record(event: dict[str, Any], _caller: Caller) -> Work:
    asked = _describe(event)[1]
    return Work("stream-batch", asked, {}, {"batchItemFailures": []})


def _describe(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "stream-batch", {"changes": [change_of(record) for record in event["Records"]]}


RECORDER = Function(_describe, _record)
"""The function that gets the stream's records."""


def change_of(record: dict[str, Any]) -> dict[str, Any]:
    """What a stream's record says."""
    change = record["dynamodb"]
    return {
        "key": change["Keys"]["k"]["S"],
        "sequence": change["SequenceNumber"],
        "old": _value(change.get("OldImage")),
        "new": _value(change.get("NewImage")),
    }


def _key(key: str) -> dict[str, Any]:
    return {"k": {"S": key}}


def _put(key: str, value: int) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": {"k": {"S": key}, "v": {"N": str(value)}}}


def _item(item: dict[str, Any]) -> tuple[str, int | None]:
    return item["k"]["S"], _value(item)


def _value(item: dict[str, Any] | None) -> int | None:
    return int(item["v"]["N"]) if item else None
