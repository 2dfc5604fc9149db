"""What the tests of SNS share: topics, queues and what arrives in them, under the test's own names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.api.sns_world import SnsWorld
from tests.aws.queues import receive_all


class Topics(SnsWorld):
    """SNS and SQS clients; the labels of topics and queues become names of the test's own."""

    def __init__(self, client: Callable[..., Any], account: str, unique: Callable[[str], str]) -> None:
        super().__init__(client, account)
        self._unique = unique

    def topic(self, name: str = "Orders", **attributes: str) -> str:
        """A new topic; a label that ends in .fifo makes a FIFO topic."""
        return super().topic(self._unique(name), **attributes)

    def queue(self, name: str = "Inbox", *, open_to_sns: bool = True) -> str:
        """The ARN of a new queue into which SNS may deliver."""
        return super().queue(self._unique(name), open_to_sns=open_to_sns)

    def url(self, queue_arn: str) -> str:
        """The URL of a queue."""
        return str(self.sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"])

    def arrived(self, queue_arn: str, count: int = 1) -> list[dict[str, Any]]:
        """The messages that must arrive in the queue, with all attributes; they are deleted."""
        url = self.url(queue_arn)
        messages = receive_all(self.sqs, url, count, AttributeNames=["All"], MessageAttributeNames=["All"])
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def texts(self, queue_arn: str, count: int = 1) -> list[str]:
        """The bodies of the messages that must arrive, sorted: standard queues have no order."""
        return sorted(message["Body"] for message in self.arrived(queue_arn, count))

    def notes(self, queue_arn: str, count: int = 1) -> list[str]:
        """The messages within the notifications that must arrive, sorted."""
        return sorted(json.loads(body)["Message"] for body in self.texts(queue_arn, count))
