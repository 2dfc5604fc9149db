"""What a subscription filter sends: the matching events of one stream, compressed, in messages of a bounded size. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterator, Sequence

import orjson

from onebox.services.logs.model import LogEvent, Position
from onebox.services.logs.tokens import event_id

_MESSAGE_CHARACTERS = 256 * 1024
"""Text of events in one message; compressed and in base64 it is below Lambda's limit for an event."""


def lambda_events(
    events: Sequence[LogEvent], *, account: str, group: str, stream: str, filter_name: str
) -> list[bytes]:
    """The events for a Lambda function: ``{"awslogs": {"data": base64(gzip(JSON))}}``."""
    messages = []
    for part in _parts(events):
        message = {
            "messageType": "DATA_MESSAGE",
            "owner": account,
            "logGroup": group,
            "logStream": stream,
            "subscriptionFilters": [filter_name],
            "logEvents": [
                {
                    "id": event_id(Position(event.at_ms, event.id)),
                    "timestamp": event.at_ms,
                    "message": event.message,
                }
                for event in part
            ],
        }
        data = b64encode(gzip.compress(orjson.dumps(message), compresslevel=1, mtime=0)).decode("ascii")
        messages.append(orjson.dumps({"awslogs": {"data": data}}))
    return messages


def _parts(events: Sequence[LogEvent]) -> Iterator[Sequence[LogEvent]]:
    start = characters = 0
    for place, event in enumerate(events):
        if place > start and characters + len(event.message) > _MESSAGE_CHARACTERS:
            yield events[start:place]
            start, characters = place, 0
        characters += len(event.message)
    if start < len(events):
        yield events[start:]
