"""SQS batches: the event a function receives, and what its answer says about each message.

Promises: a message counts as processed only if the answer says so beyond doubt. Pure.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.limits import REQUEST_BYTES_MAX
from onebox.services.sqs.model import ReceivedMessage

_ENVELOPE_BYTES = len(b'{"Records":[]}')


def encode_record(message: ReceivedMessage, queue_arn: str, region: str) -> bytes:
    """One message as Lambda gives it to functions, in JSON."""
    record: Wire = {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": message.attributes,
        "messageAttributes": {name: _event_attribute(value) for name, value in message.message_attributes.items()},
    }
    if message.md5_of_message_attributes:
        record["md5OfMessageAttributes"] = message.md5_of_message_attributes
    record["md5OfBody"] = message.md5_of_body
    record["eventSource"] = "aws:sqs"
    record["eventSourceARN"] = queue_arn
    record["awsRegion"] = region
    return orjson.dumps(record)


def encode_event(records: Iterable[bytes]) -> bytes:
    """The event of a batch."""
    return b'{"Records":[%b]}' % b",".join(records)


def fitting(records: Sequence[bytes]) -> int:
    """How many of the records fit into one event, at least one."""
    total = _ENVELOPE_BYTES
    for index, record in enumerate(records):
        total += len(record) + 1
        if total > REQUEST_BYTES_MAX and index:
            return index
    return len(records)


def decide_failures(answer: bytes, message_ids: Sequence[str]) -> set[str]:
    """The messages that failed, after a function that reports batch item failures succeeded.

    An answer that isn't understood fails them all: a message must never be deleted by mistake."""
    everything = set(message_ids)
    try:
        parsed: Any = orjson.loads(answer) if answer else None
    except orjson.JSONDecodeError:
        return everything
    if parsed is None:
        return set()
    if not isinstance(parsed, dict):
        return everything
    items = parsed.get("batchItemFailures")
    if items is None:
        return set()
    if not isinstance(items, list):
        return everything
    failed = set()
    for item in items:
        identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not isinstance(identifier, str) or identifier not in everything:
            return everything
        failed.add(identifier)
    return failed


def _event_attribute(value: Wire) -> Wire:
    attribute: Wire = {}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        binary = value["BinaryValue"]
        encoded = base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
        attribute["binaryValue"] = encoded
    attribute["stringListValues"] = []
    attribute["binaryListValues"] = []
    attribute["dataType"] = value["DataType"]
    return attribute
