"""A topic, queues and what arrives in them, for the tests of SNS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


class SnsWorld:
    """SNS and SQS clients of one account with the few steps that every test repeats."""

    def __init__(self, client: Any, account: str) -> None:
        self.sns = client("sns", parameter_validation=False)
        self.sqs = client("sqs")
        self.account = account

    def topic(self, name: str = "Orders", **attributes: str) -> str:
        """A new topic; a name that ends in .fifo makes a FIFO topic."""
        if name.endswith(".fifo"):
            attributes["FifoTopic"] = "true"
        arn: str = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def queue(self, name: str = "Inbox", *, open_to_sns: bool = True) -> str:
        """The ARN of a new queue into which SNS may deliver."""
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        arn = f"arn:aws:sqs:{self.sqs.meta.region_name}:{self.account}:{name}"
        if open_to_sns:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
            # With the queue: one that is set later takes AWS up to a minute, and SNS drops what is refused meanwhile.
            attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return arn

    def subscribe(self, topic_arn: str, queue_arn: str, **attributes: str) -> str:
        """Subscribe a queue; the subscription's ARN."""
        answer = self.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)
        arn: str = answer["SubscriptionArn"]
        return arn

    def received(self, queue_arn: str) -> list[dict[str, Any]]:
        """Everything that is in the queue now, with all attributes; it is deleted."""
        url = self.sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        found: list[dict[str, Any]] = []
        while True:
            messages = self.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not messages:
                return found
            found += messages
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def bodies(self, queue_arn: str) -> list[str]:
        """The bodies of all messages in the queue, in order."""
        return [message["Body"] for message in self.received(queue_arn)]


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    """Code and message of the error that the call gives."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]
