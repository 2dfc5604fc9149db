"""Orders: clients publish them to a topic; a queue brings them to a function, which stores each once."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import orjson

from tests.simulator.calls import Caller
from tests.simulator.client import Client, Request
from tests.simulator.functions import Failed, Function, Work
from tests.simulator.requests import Answer
from tests.simulator.workloads.alarm import read_alarm
from tests.simulator.workloads.queues import NeverEmpty, count_messages, queue_url

TABLE = "Orders"
TOTALS = "Totals"
FUNCTION = "OrderProcessor"
QUEUE, DEAD_QUEUE = "OrderQueue", "OrderDLQ"
TOPIC_ARN = "arn:aws:sns:us-east-1:000000000000:OrderTopic"
_POISON = 0.03
_ROUNDS_MAX = 150


class OrderWorkload:
    """The publishers."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def step(self, client: Client) -> None:
        """Publish an order."""
        order = {"order": f"order-{next(self._numbers)}", "poison": client.chance.random() < _POISON}
        parameters = {"TopicArn": TOPIC_ARN, "Message": orjson.dumps(order).decode()}
        await client.do(
            "publish",
            order,
            Request("sns", "Publish", parameters),
            lambda answer: {"id": answer["MessageId"]},
            retries=client.chance.choice((0, 2)),
        )

    async def end(self, client: Client) -> None:
        """Wait until every order is stored or a dead letter, and read both. Raises NeverEmpty."""
        for _ in range(_ROUNDS_MAX):
            if await count_messages(client, QUEUE) == 0:
                break
            await asyncio.sleep(5)
        else:
            raise NeverEmpty(QUEUE)
        await read_alarm(client, DEAD_QUEUE)
        stored = await _scan(client)
        dead = await _take_dead_letters(client)
        request = Request("dynamodb", "GetItem", {"TableName": TOTALS, "Key": {"k": {"S": "orders"}}})
        await client.do(
            "orders-end",
            {},
            request,
            lambda answer: {"stored": stored, "dead": dead, "effects": int(answer.get("Item", _NONE)["n"]["N"])},
        )


_NONE = {"n": {"N": "0"}}


async def _scan(client: Client) -> dict[str, int]:
    stored: dict[str, int] = {}
    start: dict[str, Any] | None = None
    while True:
        parameters: dict[str, Any] = {"TableName": TABLE, "ConsistentRead": True}
        if start:
            parameters["ExclusiveStartKey"] = start
        answer = await client.caller.call("dynamodb", "Scan", parameters)
        for item in answer.value["Items"]:
            stored[item["id"]["S"]] = stored.get(item["id"]["S"], 0) + 1
        start = answer.value.get("LastEvaluatedKey")
        if not start:
            return stored


async def _take_dead_letters(client: Client) -> list[str]:
    dead: list[str] = []
    parameters = {"QueueUrl": queue_url(DEAD_QUEUE), "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600}
    while True:
        answer = await client.caller.call("sqs", "ReceiveMessage", parameters)
        messages = answer.value.get("Messages", [])
        if not messages:
            return dead
        dead += [orjson.loads(message["Body"])["order"] for message in messages]


def _describe(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "process", {"orders": [orjson.loads(record["body"])["order"] for record in event["Records"]]}


async def _process(event: dict[str, Any], caller: Caller) -> Work:
    failed: list[dict[str, str]] = []
    failed_orders: list[str] = []
    for record in event["Records"]:
        order = orjson.loads(record["body"])
        if order["poison"]:
            failed.append({"itemIdentifier": record["messageId"]})
            failed_orders.append(order["order"])
        else:
            _check(await caller.call("dynamodb", "TransactWriteItems", _effect(order["order"])))
    return Work("process", _describe(event)[1], {"failed": failed_orders}, {"batchItemFailures": failed})


def _effect(order: str) -> dict[str, Any]:
    put = {
        "TableName": TABLE,
        "Item": {"id": {"S": order}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    count = {
        "TableName": TOTALS,
        "Key": {"k": {"S": "orders"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    return {"TransactItems": [{"Put": put}, {"Update": count}]}


def _check(answer: Answer) -> None:
    if answer.status >= 300:
        reasons = [reason.get("Code") for reason in answer.value.get("CancellationReasons", [])]
        if "ConditionalCheckFailed" not in reasons:  # else it was stored by an earlier call
            raise Failed(answer.code)


PROCESSOR = Function(_describe, _process)
"""The function that stores orders."""
