"""OrderHistory: what Lambda calls with records of the stream of the table Orders.

Promises: each change is written to OrderEvents once, under its sequence number, and then published to OrderChanged; the
changes of one order are published in their order, each once or, after a failure, again with the same eventId. A record
counts as done only when both have accepted it: the answer names the first that has not, and Lambda goes on there.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orders.batches import split_batches
from orders.clock import SystemClock
from orders.domain.trace_context import trace_id_of
from orders.history.changes import Change, make_change_message, read_change
from orders.json_text import to_json
from orders.processor.aws_json_client import connect
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.dynamodb_events import DynamoDbEvents
from orders.publishing.message import Message

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144

_dynamodb = DynamoDbEndpoint(connect(dict(os.environ), DYNAMODB))
_events = DynamoDbEvents(_dynamodb, os.environ["EVENTS_TABLE_NAME"], SystemClock())
_topic_arn = os.environ["TOPIC_ARN"]
_sns = boto3.client("sns", config=Config(retries={"mode": "standard", "total_max_attempts": 5}))


class Told(NamedTuple):
    """A change with its place in the batch, and its message."""

    position: int
    change: Change
    message: Message


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record and publish the changes of one batch; name the first record that has to come again."""
    records = event["Records"]
    changes = [(position, change) for position, record in enumerate(records) if (change := read_change(record))]
    problems = _record(changes)
    first = min(problems, default=len(records))
    problems |= _publish([Told(at, change, make_change_message(change)) for at, change in changes if at < first])
    _log(changes, problems)
    if not problems:
        return {"batchItemFailures": []}
    number = records[min(problems)]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number}]}


def _record(changes: Sequence[tuple[int, Change]]) -> dict[int, str]:
    """Write the events; why a record failed, by its position."""
    answers = _events.append([change.event for _, change in changes])
    return {
        position: f"{answer.code}: {answer.reason}"
        for (position, _), answer in zip(changes, answers, strict=True)
        if answer is not None
    }


def _publish(told: Sequence[Told]) -> dict[int, str]:
    """Publish in rounds that hold an order once each, and stop after a round that failed."""
    waiting = list(told)
    while waiting:
        this_round, waiting = _split_round(waiting)
        for batch in split_batches(
            this_round, lambda one: one.message.size_bytes, entries_max=BATCH_ENTRIES_MAX, bytes_max=BATCH_BYTES_MAX
        ):
            problems = _publish_batch(batch)
            if problems:
                return problems
    return {}


def _split_round(waiting: Sequence[Told]) -> tuple[list[Told], list[Told]]:
    first: dict[str, Told] = {}
    rest = [one for one in waiting if first.setdefault(one.change.event.order_id, one) is not one]
    return list(first.values()), rest


def _publish_batch(batch: Sequence[Told]) -> dict[int, str]:
    entries = [
        {
            "Id": str(one.position),
            "Message": one.message.text,
            "MessageAttributes": {
                name: {"DataType": kind, "StringValue": value} for name, kind, value in one.message.attributes
            },
        }
        for one in batch
    ]
    try:
        failed = _sns.publish_batch(TopicArn=_topic_arn, PublishBatchRequestEntries=entries).get("Failed", [])
    except (BotoCoreError, ClientError) as error:
        return {one.position: str(error) for one in batch}
    return {int(one["Id"]): f"{one['Code']}: {one.get('Message', '')}" for one in failed}


def _log(changes: Sequence[tuple[int, Change]], problems: dict[int, str]) -> None:
    """One line a batch, one for each failure and for each traced change; none holds a field of an order but its id."""
    first_problem = min(problems, default=sys.maxsize)
    published = sum(position < first_problem for position, _ in changes)
    lines: list[dict[str, Any]] = [{"level": "INFO", "changes": len(changes), "published": published}]
    for position, change in changes:
        identity = {"orderId": change.event.order_id, "eventId": change.event.sequence}
        if change.event.traceparent is not None:
            identity["traceId"] = trace_id_of(change.event.traceparent)
        if position in problems:
            lines.append({"level": "ERROR", **identity, "reason": problems[position]})
        elif "traceId" in identity and position < first_problem:
            lines.append({"level": "INFO", **identity, "event": change.event.happening.value})
    sys.stdout.write("".join(f"{to_json(line)}\n" for line in lines))
