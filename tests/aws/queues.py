"""What the tests of SQS and of everything that delivers to queues share."""

from __future__ import annotations

from typing import Any

WAIT_S = 5
ATTEMPTS = 4


def receive_all(sqs: Any, url: str, count: int, **request: Any) -> list[dict[str, Any]]:
    """As many messages as were sent. AWS gives a part of them at a time, so it is asked again until all are there."""
    got: list[dict[str, Any]] = []
    for _ in range(ATTEMPTS):
        wanted = {"QueueUrl": url, "MaxNumberOfMessages": min(10, count - len(got)), "WaitTimeSeconds": WAIT_S}
        got += sqs.receive_message(**{**wanted, **request}).get("Messages", [])
        if len(got) >= count:
            return got
    raise AssertionError(f"{len(got)} of {count} messages came within {ATTEMPTS * WAIT_S} s")


def in_flight(sqs: Any, url: str) -> int:
    """How many messages are in flight; AWS's count is approximate and late."""
    name = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def make_queue(sqs: Any, name: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn
