"""A shop whose orders failed: its queues, the function's log, and a browser on the console."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from orders.clock import SystemClock
from tests.console.support import Browser
from tests.polling import until

GROUP = "/aws/lambda/OrderProcessor"
STREAM = "2026/05/03/[$LATEST]test"


def order(order_id: str, **fields: Any) -> str:
    """The text of a valid order, with some fields otherwise."""
    item = {"productId": "P-1", "quantity": 1, "price": 9.5}
    return json.dumps(
        {
            "orderId": order_id,
            "userId": "U-1",
            "status": "NEW",
            "timestamp": "2026-05-03T10:00:00Z",
            "items": [item],
            **fields,
        }
    )


@dataclass
class Shop:
    """OrderQueue and OrderDLQ of a test's account, the function's log, and a browser on the console."""

    client: Callable[..., Any]
    browser: Browser

    def url(self, name: str) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def fail(self, body: str, reason: str | None = None) -> str:
        """Put a message into OrderDLQ, with a line in the function's log if there is a reason; its id."""
        sent = self.client("sqs").send_message(
            QueueUrl=self.url("OrderDLQ"),
            MessageBody=body,
            MessageAttributes={"source": {"DataType": "String", "StringValue": "<i>shop</i>"}},
        )
        if reason is not None:
            self._log(sent["MessageId"], reason)
        return str(sent["MessageId"])

    def fail_many(self, count: int) -> list[str]:
        """Put orders into OrderDLQ of which the log says nothing."""
        entries = [{"Id": str(number), "MessageBody": order(f"MANY-{number:04}")} for number in range(count)]
        ids = []
        for start in range(0, count, 10):
            answer = self.client("sqs").send_message_batch(
                QueueUrl=self.url("OrderDLQ"), Entries=entries[start : start + 10]
            )
            ids += [one["MessageId"] for one in answer["Successful"]]
        return ids

    def fail_by_processing(self, count: int) -> None:
        """Let orders fail three times in OrderQueue, so that SQS knows where they came from."""
        sqs, url = self.client("sqs"), self.url("OrderQueue")
        for number in range(count):
            sqs.send_message(QueueUrl=url, MessageBody=order(f"TRIED-{number:04}"))

        def all_failed() -> bool:
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            return self.held("OrderDLQ") >= count

        until(all_failed, f"{count} messages in OrderDLQ", pause_s=0)

    def held(self, name: str) -> int:
        """How many messages a queue holds, seen or hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=self.url(name), AttributeNames=names)
        return sum(int(attributes["Attributes"][one]) for one in names)

    def bodies(self, name: str) -> list[str]:
        """The bodies in a queue, which are hidden afterwards."""
        found: list[str] = []
        while (
            messages := self.client("sqs")
            .receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10)
            .get("Messages")
        ):
            found += [message["Body"] for message in messages]
        return found

    def page(self, path: str = "/failed", **query: Any) -> str:
        """A page, once the work on OrderDLQ has ended."""
        self.browser.get("/failed")
        self.wait()
        return self.browser.text(path, **query)

    def wait(self) -> str:
        """What is said of the work once it has ended."""
        until(lambda: 'data-running="no"' in self.browser.text("/failed/jobs"), "the work on OrderDLQ to end")
        return self.browser.text("/failed/jobs")

    def group_of(self, page: str, reason: str) -> str:
        """The key of the group with a reason."""
        found = re.search(r'href="/failed/orders\?group=([0-9a-f]+)">' + re.escape(html.escape(reason)), page)
        assert found is not None, page
        return found.group(1)

    def _log(self, message_id: str, reason: str) -> None:
        line = {
            "level": "ERROR",
            "messageId": message_id,
            "exception": "OrderRejected",
            "reason": reason,
            "field": reason.partition(":")[0],
        }
        self.log_text(json.dumps(line))

    def log_text(self, text: str) -> None:
        """Write a line into the function's log."""
        logs = self.client("logs")
        for make, names in (
            (logs.create_log_group, {"logGroupName": GROUP}),
            (logs.create_log_stream, {"logGroupName": GROUP, "logStreamName": STREAM}),
        ):
            with suppress(logs.exceptions.ResourceAlreadyExistsException):
                make(**names)
        logs.put_log_events(
            logGroupName=GROUP,
            logStreamName=STREAM,
            logEvents=[{"timestamp": SystemClock().now_ms(), "message": text}],
        )


def make_queues(sqs: Any) -> None:
    """OrderQueue and OrderDLQ, and nothing that takes from them."""
    failed = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=failed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.create_queue(QueueName="OrderQueue", Attributes={"RedrivePolicy": policy})
