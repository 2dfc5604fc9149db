"""The alarm on the orders' dead-letter queue, read at the end of a run."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from tests.simulator.client import Client, Request
from tests.simulator.workloads.queues import count_messages, queue_url

ALARM = "dead-letters"
ALARM_QUEUE = "alarms"
_EVALUATIONS_S = 200.0


async def read_alarm(client: Client, watched_queue: str) -> None:
    """Wait until the alarm must have seen the queue as it is, then read its state, its history and what it told."""
    await asyncio.sleep(_EVALUATIONS_S)
    dead = await count_messages(client, watched_queue)
    answer = await client.caller.call(
        "cloudwatch", "DescribeAlarmHistory", {"AlarmName": ALARM, "HistoryItemType": "StateUpdate", "MaxRecords": 100}
    )
    items = [orjson.loads(item["HistoryData"]) for item in answer.value["AlarmHistoryItems"]]
    changes = [item["newState"]["stateValue"] for item in reversed(items)]
    told = await _take_notifications(client)

    def learn(described: dict[str, Any]) -> Any:
        (alarm,) = described["MetricAlarms"]
        return {"state": alarm["StateValue"], "dead": dead, "changes": changes, "told": told}

    await client.do("alarm-end", {}, Request("cloudwatch", "DescribeAlarms", {"AlarmNames": [ALARM]}), learn)


async def _take_notifications(client: Client) -> list[str]:
    told: list[str] = []
    parameters = {"QueueUrl": queue_url(ALARM_QUEUE), "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600}
    while True:
        answer = await client.caller.call("sqs", "ReceiveMessage", parameters)
        messages = answer.value.get("Messages", [])
        if not messages:
            return told
        told += [orjson.loads(message["Body"])["NewStateValue"] for message in messages]
