"""The seed's pipeline, made by the same boto3 calls on every peer, and what can be asked of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.peers.servers import Peer

REGION = "us-east-1"
SETTLE_TIMEOUT_S = 600
# The interpreter that runs the benchmark: both servers have it, so both run the same function on the same Python.
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SEED_POLICIES = [
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
]


@dataclass(frozen=True)
class Function:
    """A processor to deploy: its zip, handler and the trigger's settings."""

    code: bytes
    handler: str
    report_failures: bool


def zipped(name: str, source: str) -> bytes:
    """A deployment package of one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()


class Pipeline:
    """OrderTopic -> OrderQueue -> OrderProcessor -> Orders on one peer."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.dynamodb = self.client("dynamodb")
        self.sqs = self.client("sqs")
        self.topic_arn = ""
        self._queue_url = ""

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.peer.endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 2}, read_timeout=120),
        )

    def find(self) -> None:
        """Take what somebody else has made."""
        self.topic_arn = self.client("sns").create_topic(Name="OrderTopic")["TopicArn"]
        self._queue_url = self.sqs.get_queue_url(QueueName="OrderQueue")["QueueUrl"]

    def deploy(self, function: Function, *, raw: bool, visibility_s: int = 30, batch_size: int = 10) -> None:
        """Make every part, as the seed's setup instructions say."""
        sns, sqs, iam = self.client("sns"), self.sqs, self.client("iam")
        self.dynamodb.create_table(
            TableName="Orders",
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.topic_arn = sns.create_topic(Name="OrderTopic")["TopicArn"]
        dead_letters = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
        dead_letters_arn = self._arn(dead_letters)
        redrive = json.dumps({"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": 3})
        attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": str(visibility_s)}
        self._queue_url = sqs.create_queue(QueueName="OrderQueue", Attributes=attributes)["QueueUrl"]
        queue_arn = self._arn(self._queue_url)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": self.topic_arn}},
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=self._queue_url, Attributes={"Policy": json.dumps(policy)})
        sns.subscribe(
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true" if raw else "false"},
        )
        role = iam.create_role(RoleName="LambdaOrderProcessorRole", AssumeRolePolicyDocument=json.dumps(TRUST))
        for arn in SEED_POLICIES:
            iam.attach_role_policy(RoleName="LambdaOrderProcessorRole", PolicyArn=arn)
        lambda_ = self.client("lambda")
        lambda_.create_function(
            FunctionName="OrderProcessor",
            Runtime=RUNTIME,
            Role=role["Role"]["Arn"],
            Handler=function.handler,
            Code={"ZipFile": function.code},
            Timeout=min(5, visibility_s),
            Environment={"Variables": {"TABLE_NAME": "Orders"}},
        )
        lambda_.get_waiter("function_active_v2").wait(FunctionName="OrderProcessor")
        extra = {"FunctionResponseTypes": ["ReportBatchItemFailures"]} if function.report_failures else {}
        lambda_.create_event_source_mapping(
            EventSourceArn=queue_arn, FunctionName="OrderProcessor", BatchSize=batch_size, **extra
        )

    def wait_until_drained(self, timeout_s: float = SETTLE_TIMEOUT_S, pace_s: float = 0.02) -> None:
        """Return when the queue holds nothing, neither waiting nor in flight."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.backlog() == 0:
                return
            time.sleep(pace_s)
        raise RuntimeError(f"{self.peer.name} did not drain OrderQueue in {timeout_s} s")

    def backlog(self) -> int:
        """How many messages OrderQueue holds, waiting or in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def count(self) -> int:
        """How many orders the table holds, counted item by item."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="Orders", Select="COUNT")
        return sum(page["Count"] for page in pages)

    def _arn(self, queue_url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn


def run_orders(peer: Peer, *arguments: str) -> str:
    """What an `orders` command prints on a peer; raises CalledProcessError where it fails."""
    environment = {**peer.environment(), "AWS_ENDPOINT_URL": peer.endpoint_url, "AWS_DEFAULT_REGION": REGION}
    command = [sys.executable, "-m", "orders", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def deploy_ours(peer: Peer, *parameters: str) -> Pipeline:
    """Our system by ``orders deploy``, with the template's defaults but for these parameters (``Name=Value``)."""
    run_orders(peer, "deploy", "--yes", *(word for parameter in parameters for word in ("-p", parameter)))
    pipeline = Pipeline(peer)
    pipeline.find()
    return pipeline


def missing(pipeline: Pipeline, order_ids: Sequence[str]) -> list[str]:
    """The ids that cannot be read from the table."""
    found: set[str] = set()
    for start in range(0, len(order_ids), 100):
        keys = [{"orderId": {"S": order_id}} for order_id in order_ids[start : start + 100]]
        request = {"Orders": {"Keys": keys, "ProjectionExpression": "orderId"}}
        while request:
            answer = pipeline.dynamodb.batch_get_item(RequestItems=request)
            found.update(item["orderId"]["S"] for item in answer["Responses"].get("Orders", []))
            request = answer.get("UnprocessedKeys") or {}
    return [order_id for order_id in order_ids if order_id not in found]
