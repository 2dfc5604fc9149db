"""The order system made part by part with boto3, on an engine whose time a test moves."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onebox.testing import EngineThread
from tests.polling import until

SEED_POLICIES = ("AmazonDynamoDBFullAccess", "AmazonSQSFullAccess", "service-role/AWSLambdaBasicExecutionRole")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOG_GROUP = "/aws/lambda/OrderProcessor"
RECEIVES_MAX = 3
# The visibility timeout may not be below the function's, which has to be long enough for the slowest machine: its
# process goes by the system's clock.
TIMEOUT_S = 100
# What passes after each try of a failing message: where the queue's visibility timeout decides, and where the function
# does, which gives the message back for its next try by itself.
QUEUE_PAUSES_S = (TIMEOUT_S,) * RECEIVES_MAX
PROMPT_PAUSES_S = (2, 3, 1)


@dataclass
class OrderSystem:
    """Orders, OrderTopic, OrderQueue, OrderDLQ, OrderProcessor and its role."""

    engine: EngineThread
    topic_arn: str
    queue_url: str
    dlq_url: str
    subscription_arn: str

    def client(self, service: str) -> Any:
        return self.engine.client(service)

    def publish(self, message: str) -> None:
        self.client("sns").publish(TopicArn=self.topic_arn, Message=message)

    def send(self, body: str) -> str:
        """Straight to the queue; the message's id."""
        return str(self.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=body)["MessageId"])

    def find(self, order_id: str) -> dict[str, Any] | None:
        answer = self.client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def wait_for(self, order_id: str) -> dict[str, Any]:
        return until(lambda: self.find(order_id), f"order {order_id} in the table")

    def let_fail(self, tries: Callable[[], int], count: int = 1) -> list[dict[str, Any]]:
        """Move time so that ``count`` failing messages are received three times and set aside; those of OrderDLQ.

        ``tries`` tells how many attempts the function's log shows."""
        let_receives_end(self.engine, tries, count, QUEUE_PAUSES_S)
        return self.take_dead_letters(count)

    def take_dead_letters(self, count: int) -> list[dict[str, Any]]:
        """So many messages of OrderDLQ."""
        letters: list[dict[str, Any]] = []

        def take() -> bool:
            answer = self.client("sqs").receive_message(QueueUrl=self.dlq_url, MaxNumberOfMessages=10)
            letters.extend(answer.get("Messages", []))
            return len(letters) >= count

        until(take, f"{count} messages in OrderDLQ")
        return letters

    def log(self) -> str:
        return function_log(self.engine)

    def log_lines(self) -> list[dict[str, Any]]:
        return order_lines(self.engine)

    def failures(self) -> int:
        return failures(self.engine)


def function_log(engine: EngineThread) -> str:
    """All that OrderProcessor wrote; Lambda makes the log group with the first line, and until then there is none."""
    logs = engine.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=LOG_GROUP)
    try:
        return "\n".join(event["message"].rstrip("\n") for page in pages for event in page["events"])
    except logs.exceptions.ResourceNotFoundException:
        return ""


def order_lines(engine: EngineThread) -> list[dict[str, Any]]:
    """The structured lines of OrderProcessor, one for each order."""
    lines = [json.loads(line) for line in function_log(engine).splitlines() if line.startswith("{")]
    return [line for line in lines if "messageId" in line]


def failures(engine: EngineThread) -> int:
    """How often OrderProcessor gave an order back."""
    return sum(line["level"] == "ERROR" for line in order_lines(engine))


def let_receives_end(
    engine: EngineThread,
    tries: Callable[[], int],
    count: int,
    pauses_s: Sequence[int] = PROMPT_PAUSES_S,
    earlier: int = 0,
) -> None:
    """Move time so that ``count`` failing messages of OrderQueue are received three times and then set aside.

    Time only moves when the log shows that each was tried, and no further than to the next try, so that none is taken
    from under the function. ``tries`` tells how many attempts the log shows, the ``earlier`` of other messages
    included; ``pauses_s`` is what passes after each of them."""
    for receive, pause_s in enumerate(pauses_s, 1):
        wanted = earlier + receive * count
        until(lambda: tries() >= wanted, f"{wanted} attempts in the log")  # noqa: B023 - called within the turn
        engine.clock.advance(pause_s)


def zipped(name: str, source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()


def make_order_system(
    engine: EngineThread,
    code: bytes,
    handler: str,
    *,
    raw: bool,
    report_failures: bool,
    prompt: bool = False,
    environment: Mapping[str, str] | None = None,
) -> OrderSystem:
    """Make every part, as the seed's setup instructions say, in an engine made with ``manual_clock``. ``prompt`` lets
    OrderProcessor arrange its retries itself; ``environment`` is added to its variables."""
    client = engine.client
    client("dynamodb").create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    topic_arn = client("sns").create_topic(Name="OrderTopic")["TopicArn"]
    dlq_url, queue_url, queue_arn = _make_queues(client("sqs"), topic_arn)
    subscription_arn = client("sns").subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": str(raw).lower()}
    )["SubscriptionArn"]
    lambda_ = client("lambda")
    lambda_.create_function(
        FunctionName="OrderProcessor",
        Runtime="python3.13",
        Role=_make_role(client("iam")),
        Handler=handler,
        Code={"ZipFile": code},
        Timeout=TIMEOUT_S,
        Environment={
            "Variables": {
                "TABLE_NAME": "Orders",
                **({"QUEUE_URL": queue_url} if prompt else {}),
                **(environment or {}),
            }
        },
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName="OrderProcessor", WaiterConfig={"Delay": 0})
    lambda_.create_event_source_mapping(
        FunctionName="OrderProcessor",
        EventSourceArn=queue_arn,
        FunctionResponseTypes=["ReportBatchItemFailures"] if report_failures else [],
    )
    return OrderSystem(engine, topic_arn, queue_url, dlq_url, subscription_arn)


def _make_queues(sqs: Any, topic_arn: str) -> tuple[str, str, str]:
    def arn_of(url: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    dlq_url = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dlq_url), "maxReceiveCount": RECEIVES_MAX})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": str(TIMEOUT_S)}
    queue_url = sqs.create_queue(QueueName="OrderQueue", Attributes=attributes)["QueueUrl"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn_of(queue_url),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
    return dlq_url, queue_url, arn_of(queue_url)


def _make_role(iam: Any) -> str:
    role = iam.create_role(RoleName="LambdaOrderProcessorRole", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    for name in SEED_POLICIES:
        iam.attach_role_policy(RoleName="LambdaOrderProcessorRole", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    return str(role["Arn"])
