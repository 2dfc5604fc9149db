"""Queues full of messages that a receive removes, and topics with many subscriptions; many clients at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.polling import until
from tests.stalls.box import Box
from tests.stalls.crowds import exchange
from tests.stalls.wire import JSON, http

_FORM = "application/x-www-form-urlencoded"
_ARN = "arn:aws:sqs:us-east-1:000000000000:"
_ANYONE_SENDS = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_ANYONE_SENDS]})
_CONNECTIONS = 10


def call(operation: str, **members: object) -> bytes:
    """A request to SQS."""
    return http("sqs", json.dumps(members).encode(), X_Amz_Target=f"AmazonSQS.{operation}", Content_Type=JSON)


def make_queue(box: Box, name: str, **attributes: str) -> str:
    """Its URL."""
    if name.endswith(".fifo"):
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return str(box.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def fill(box: Box, url: str, count: int) -> None:
    """Send messages, in FIFO queues each in a group of its own."""
    in_groups = url.endswith(".fifo")

    def entry(number: int) -> dict[str, str]:
        group = {"MessageGroupId": str(number)} if in_groups else {}
        return {"Id": str(number), "MessageBody": f"message {number}", **group}

    starts = range(0, count, 10)
    requests = [
        call("SendMessageBatch", QueueUrl=url, Entries=[entry(start + n) for n in range(10)]) for start in starts
    ]
    assert exchange(box, [requests[at::_CONNECTIONS] for at in range(_CONNECTIONS)]) == len(requests)


def receives(box: Box, url: str, clients: int) -> int:
    """Short polls, all at once, then long polls."""
    answered = 0
    for wait_s in (0, 1):
        poll = call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
        answered += exchange(box, [[poll]] * clients)
    return 200 if answered == 2 * clients else 0


def receive_old(count: int, clients: int) -> Callable[[Box], int]:
    """From a standard and a FIFO queue of messages that have become too old."""

    def attack(box: Box) -> int:
        urls = [make_queue(box, "old"), make_queue(box, "old.fifo")]
        for url in urls:
            fill(box, url, count)
        time.sleep(61)  # AWS's shortest retention period
        for url in urls:
            box.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
        return max(receives(box, url, clients) for url in urls)

    return attack


def receive_failed(count: int, clients: int, suffix: str = "") -> Callable[[Box], int]:
    """From a queue of messages that were received as often as they may be."""

    def attack(box: Box) -> int:
        make_queue(box, "dead" + suffix)
        url = make_queue(box, "failed" + suffix)
        fill(box, url, count)
        poll = call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=10)
        exchange(box, [[poll] * (count // 10 // _CONNECTIONS)] * _CONNECTIONS)
        redrive = json.dumps({"deadLetterTargetArn": f"{_ARN}dead{suffix}", "maxReceiveCount": 1})
        box.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        time.sleep(11)  # the visibility timeout of the last
        return receives(box, url, clients)

    return attack


def delete_full(count: int) -> Callable[[Box], int]:
    """Delete a queue, and give the sweeper the time to remove its messages."""

    def attack(box: Box) -> int:
        url = make_queue(box, "full")
        fill(box, url, count)
        box.client("sqs").delete_queue(QueueUrl=url)
        time.sleep(count / 20_000)
        return 200

    return attack


def move_many(tasks: int, count: int) -> Callable[[Box], int]:
    """Message move tasks at once, each of so many messages."""

    def attack(box: Box) -> int:
        sqs = box.client("sqs")
        make_queue(box, "target")
        for number in range(tasks):
            redrive = json.dumps({"deadLetterTargetArn": f"{_ARN}dead{number}", "maxReceiveCount": 1})
            fill(box, make_queue(box, f"dead{number}"), count)
            make_queue(box, f"source{number}", RedrivePolicy=redrive)
        for number in range(tasks):
            sqs.start_message_move_task(SourceArn=f"{_ARN}dead{number}", DestinationArn=f"{_ARN}target")
        for number in range(tasks):
            until(lambda number=number: _has_ended(sqs, f"{_ARN}dead{number}"), "the end of a move task")  # type: ignore[misc]
        return 200

    return attack


def _has_ended(sqs: Any, source_arn: str) -> bool:
    (task,) = sqs.list_message_move_tasks(SourceArn=source_arn)["Results"]
    return bool(task["Status"] == "COMPLETED")


def publish_to_queues(queues: int, clients: int, text_bytes: int) -> Callable[[Box], int]:
    """Batches of ten messages to a topic with many queues, from several clients at once."""

    def attack(box: Box) -> int:
        topic = box.client("sns").create_topic(Name="wide")["TopicArn"]
        for number in range(queues):
            make_queue(box, f"wide{number}", Policy=_POLICY)
        _subscribe(box, topic, [(f"{_ARN}wide{number}", {}) for number in range(queues)])
        form = {"Action": "PublishBatch", "TopicArn": topic}
        for number in range(1, 11):
            entry = f"PublishBatchRequestEntries.member.{number}"
            form |= {f"{entry}.Id": str(number), f"{entry}.Message": "x" * text_bytes}
        request = http("sns", urlencode(form).encode(), Content_Type=_FORM)
        return 200 if exchange(box, [[request]] * clients) == clients else 0

    return attack


def publish_to_filters(subscriptions: int) -> Callable[[Box], int]:
    """A topic with many subscriptions, each with a filter that accepts nothing; the first publish compiles them."""

    def attack(box: Box) -> int:
        sns = box.client("sns")
        topic = sns.create_topic(Name="filtered")["TopicArn"]
        _subscribe(
            box,
            topic,
            [
                (f"{_ARN}none{number}", {"kind": [f"k{number}"], "price": [{"numeric": [">", number]}]})
                for number in range(subscriptions)
            ],
        )
        entries = [{"Id": str(number), "Message": "x"} for number in range(10)]
        for _ in range(2):
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        return int(sns.delete_topic(TopicArn=topic)["ResponseMetadata"]["HTTPStatusCode"])

    return attack


def publish_to_costly_filters(subscriptions: int, values: int) -> Callable[[Box], int]:
    """An array of many texts, and filters with as many wildcards as AWS allows."""

    def attack(box: Box) -> int:
        sns = box.client("sns")
        topic = sns.create_topic(Name="costly")["TopicArn"]
        policy = {"a": [{"wildcard": "*a*b*c"}] * 11}
        _subscribe(box, topic, [(f"{_ARN}none{number}", policy) for number in range(subscriptions)])
        texts = {"DataType": "String.Array", "StringValue": json.dumps(["ab" * 50] * values)}
        answer = sns.publish(TopicArn=topic, Message="x", MessageAttributes={"a": texts})
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    return attack


def _subscribe(box: Box, topic: str, endpoints: list[tuple[str, dict[str, Any]]]) -> None:
    """Queues, each with a filter policy or none."""
    requests = []
    for endpoint, policy in endpoints:
        form = {"Action": "Subscribe", "TopicArn": topic, "Protocol": "sqs", "Endpoint": endpoint}
        if policy:
            form |= {"Attributes.entry.1.key": "FilterPolicy", "Attributes.entry.1.value": json.dumps(policy)}
        requests.append(http("sns", urlencode(form).encode(), Content_Type=_FORM))
    assert exchange(box, [requests[at::_CONNECTIONS] for at in range(_CONNECTIONS)]) == len(requests)
