"""Goal: the seed's Lambda code, word for word, does on onebox what it does on AWS, its weaknesses included."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.polling import until
from tests.seed import SEED_CODE

SEED_POLICIES = ("AmazonDynamoDBFullAccess", "AmazonSQSFullAccess", "service-role/AWSLambdaBasicExecutionRole")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass
class Seed:
    """The seed's system in an account of its own, set up as its instructions say."""

    client: Callable[..., Any]
    topic_arn: str
    queue_url: str
    dlq_url: str
    subscription_arn: str

    def find(self, order_id: str) -> dict[str, Any] | None:
        answer = self.client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def take_dead_letter(self) -> str:
        """The body of the next message in OrderDLQ, waited for by long polling."""
        messages = until(
            lambda: self.client("sqs").receive_message(QueueUrl=self.dlq_url, WaitTimeSeconds=20).get("Messages"),
            "a message in OrderDLQ",
        )
        body: str = messages[0]["Body"]
        return body

    def log(self) -> str:
        pages = (
            self.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/OrderProcessor")
        )
        return "\n".join(event["message"] for page in pages for event in page["events"])


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_function.py", SEED_CODE)
    return buffer.getvalue()


@pytest.fixture
def seed(client: Callable[..., Any]) -> Seed:
    client("dynamodb").create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sqs, sns, iam, lambda_ = client("sqs"), client("sns"), client("iam"), client("lambda")
    topic_arn = sns.create_topic(Name="OrderTopic")["TopicArn"]

    def arn_of(url: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    dlq_url = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dlq_url), "maxReceiveCount": 3})
    # The least that a function's time-out allows, so that three receives take seconds.
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "2"}
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
    subscription_arn = sns.subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=arn_of(queue_url), Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    role = iam.create_role(RoleName="LambdaOrderProcessorRole", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    for name in SEED_POLICIES:
        iam.attach_role_policy(RoleName="LambdaOrderProcessorRole", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    lambda_.create_function(
        FunctionName="OrderProcessor",
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": zipped()},
        Timeout=2,
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName="OrderProcessor", WaiterConfig={"Delay": 0})
    lambda_.create_event_source_mapping(FunctionName="OrderProcessor", EventSourceArn=arn_of(queue_url))
    return Seed(client, topic_arn, queue_url, dlq_url, subscription_arn)


def test_seed_code_stores_an_order_raw_through_the_topic_and_one_straight_to_the_queue(seed: Seed) -> None:
    seed.client("sns").publish(TopicArn=seed.topic_arn, Message='{"orderId": "O-1", "quantity": 2}')
    seed.client("sqs").send_message(
        QueueUrl=seed.queue_url, MessageBody=json.dumps('{"orderId": "O-2", "quantity": 3}')
    )
    first = until(lambda: seed.find("O-1"), "the order through the topic")
    second = until(lambda: seed.find("O-2"), "the order straight to the queue, encoded twice")
    assert first == {"orderId": {"S": "O-1"}, "quantity": {"N": "2"}}
    assert second == {"orderId": {"S": "O-2"}, "quantity": {"N": "3"}}


def test_seed_code_sets_aside_an_enveloped_order_after_three_receives(seed: Seed) -> None:
    seed.client("sns").set_subscription_attributes(
        SubscriptionArn=seed.subscription_arn, AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    seed.client("sns").publish(TopicArn=seed.topic_arn, Message='{"orderId": "O-1"}')
    envelope = json.loads(seed.take_dead_letter())
    assert (envelope["Type"], envelope["Message"]) == ("Notification", '{"orderId": "O-1"}')
    log = seed.log()
    assert log.count("Raw SQS record body:") == 3
    assert "Error processing message: An error occurred (ValidationException)" in log
    assert "Missing the key orderId in the item" in log


def test_seed_code_sets_aside_a_fractional_price_after_three_receives(seed: Seed) -> None:
    seed.client("sns").publish(TopicArn=seed.topic_arn, Message='{"orderId": "O-1", "price": 19.99}')
    assert seed.take_dead_letter() == '{"orderId": "O-1", "price": 19.99}'
    log = seed.log()
    assert log.count("Raw SQS record body:") == 3
    assert "Error processing message: Float types are not supported. Use Decimal types instead." in log
    assert seed.find("O-1") is None
