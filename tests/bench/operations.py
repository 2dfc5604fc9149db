"""Single API operations a second, each server on the same requests: DynamoDB, SQS and SNS.

All servers of a comparison run at the same time and are asked in turn, so that whatever else the machine does meets
all of them; who is not asked is idle.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote_plus

import boto3

from tests.bench.load import Conversation, measure_rate
from tests.bench.orders import seed_orders
from tests.bench.pipeline import REGION
from tests.bench.spread import Spread
from tests.peers.servers import Peer

CONNECTIONS = 32
ORDERS = 1_000
"""Stored before GetItem and Query are measured."""
ORDERS_A_CUSTOMER = 10
BATCH = 10
_QUEUE = "bench"
_RECEIPT = re.compile(rb'"ReceiptHandle": ?"([^"]+)"')


class Operation(NamedTuple):
    """One row of the comparison. ``responses`` make one operation."""

    name: str
    talk: Callable[[Server, random.Random], Conversation]
    responses: int = 1


class Server(Protocol):
    """What is asked."""

    name: str
    port: int

    @property
    def endpoint_url(self) -> str: ...


class Compared(NamedTuple):
    """One operation on one server."""

    operation: str
    server: str
    a_second: Spread
    cpu_us: Spread
    """Processor time of the server for one operation, which other work of the machine lengthens little."""


def request(peer: Server, service: str, content_type: str, body: bytes, target: str = "") -> bytes:
    """A request with plain credentials."""
    scope = f"test/20260101/{REGION}/{service}/aws4_request"
    lines = [
        "POST / HTTP/1.1",
        f"Host: 127.0.0.1:{peer.port}",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        "X-Amz-Date: 20260101T000000Z",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    if target:
        lines.append(f"X-Amz-Target: {target}")
    return "\r\n".join((*lines, "", "")).encode() + body


# --- DynamoDB ---------------------------------------------------------------------------------------------------------


def _dynamodb(peer: Server, operation: str, parameters: dict[str, Any]) -> bytes:
    body = json.dumps({"TableName": "bench", **parameters}).encode()
    return request(peer, "dynamodb", "application/x-amz-json-1.0", body, f"DynamoDB_20120810.{operation}")


def _item(number: int, name: str) -> dict[str, Any]:
    """A small order under its customer."""
    fields = json.loads(seed_orders(1, "bench")[0][1])
    values = {field: {"N": str(value)} if isinstance(value, int) else {"S": value} for field, value in fields.items()}
    return {**values, **_key(number), "orderId": {"S": name}}


def _key(number: int) -> dict[str, Any]:
    return {"userId": {"S": f"user-{number // ORDERS_A_CUSTOMER}"}, "orderId": {"S": f"order-{number:06}"}}


def put_item(peer: Server, chance: random.Random) -> Conversation:
    """New orders under random ids."""
    while True:
        drawn = chance.getrandbits(64)
        yield _dynamodb(peer, "PutItem", {"Item": _item(drawn % ORDERS, f"{drawn:016x}")})


def get_item(peer: Server, chance: random.Random) -> Conversation:
    """Stored orders."""
    asked = [_dynamodb(peer, "GetItem", {"Key": _key(number)}) for number in range(ORDERS)]
    while True:
        answer = yield asked[chance.randrange(ORDERS)]
        if b'"Item"' not in answer:
            raise RuntimeError(f"{peer.name} does not find an order: {answer[:200]!r}")


def query(peer: Server, chance: random.Random) -> Conversation:
    """The ten orders of a customer."""
    asked = [
        _dynamodb(
            peer,
            "Query",
            {
                "KeyConditionExpression": "userId = :user AND begins_with(orderId, :start)",
                "ExpressionAttributeValues": {":user": {"S": f"user-{number}"}, ":start": {"S": "order-"}},
            },
        )
        for number in range(ORDERS // ORDERS_A_CUSTOMER)
    ]
    while True:
        answer = yield asked[chance.randrange(len(asked))]
        if answer.count(b'"orderId"') != ORDERS_A_CUSTOMER:
            raise RuntimeError(f"{peer.name} does not find {ORDERS_A_CUSTOMER} orders: {answer[:200]!r}")


def make_table(peer: Server) -> None:
    """The table of the three operations, with its stored orders."""
    dynamodb = client(peer, "dynamodb")
    dynamodb.create_table(
        TableName="bench",
        KeySchema=[{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "orderId", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "orderId", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="bench", WaiterConfig={"Delay": 1})
    for start in range(0, ORDERS, 25):
        puts = [
            {"PutRequest": {"Item": _item(number, f"order-{number:06}")}}
            for number in range(start, min(start + 25, ORDERS))
        ]
        dynamodb.batch_write_item(RequestItems={"bench": puts})


DYNAMODB = (Operation("PutItem", put_item), Operation("GetItem", get_item), Operation("Query of 10 items", query))


# --- SQS and SNS ------------------------------------------------------------------------------------------------------


def _queue_url(peer: Server) -> str:
    return str(client(peer, "sqs").get_queue_url(QueueName=_QUEUE)["QueueUrl"])


def _sqs(peer: Server, operation: str, parameters: dict[str, Any]) -> bytes:
    body = json.dumps(parameters).encode()
    return request(peer, "sqs", "application/x-amz-json-1.0", body, f"AmazonSQS.{operation}")


def _sns(peer: Server, form: str) -> bytes:
    body = f"{form}&Version=2010-03-31".encode()
    return request(peer, "sns", "application/x-www-form-urlencoded; charset=utf-8", body)


def _order() -> str:
    return seed_orders(1, "bench")[0][1]


def send_receive_delete(peer: Server, chance: random.Random) -> Conversation:
    """A message's whole life: three requests."""
    url = _queue_url(peer)
    send = _sqs(peer, "SendMessage", {"QueueUrl": url, "MessageBody": _order()})
    receive = _sqs(peer, "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 1})
    while True:
        yield send
        answer = yield receive
        handle = _RECEIPT.search(answer)
        if handle is None:
            raise RuntimeError(f"{peer.name} has no message: {answer[:200]!r}")
        yield _sqs(peer, "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": json.loads(b'"' + handle[1] + b'"')})


def send_message(peer: Server, chance: random.Random) -> Conversation:
    """Into a queue that nobody reads."""
    send = _sqs(peer, "SendMessage", {"QueueUrl": f"{_queue_url(peer)}-sink", "MessageBody": _order()})
    while True:
        yield send


def publish(peer: Server, chance: random.Random) -> Conversation:
    """To a topic with one queue."""
    topic = quote_plus(_topic_arn(peer))
    call = _sns(peer, f"Action=Publish&TopicArn={topic}&Message={quote_plus(_order())}")
    while True:
        yield call


def publish_batch(peer: Server, chance: random.Random) -> Conversation:
    """Ten messages in a request, to a topic with one queue."""
    entries = "".join(
        f"&PublishBatchRequestEntries.member.{number}.Id={number}"
        f"&PublishBatchRequestEntries.member.{number}.Message={quote_plus(_order())}"
        for number in range(1, BATCH + 1)
    )
    call = _sns(peer, f"Action=PublishBatch&TopicArn={quote_plus(_topic_arn(peer))}{entries}")
    while True:
        answer = yield call
        if answer.count(b"<MessageId>") != BATCH:
            raise RuntimeError(f"{peer.name} did not take all messages: {answer[:300]!r}")


def _topic_arn(peer: Server) -> str:
    return str(client(peer, "sns").create_topic(Name=_QUEUE)["TopicArn"])


def make_topic_and_queues(peer: Server) -> None:
    """The topic, the queue that is read and the one that is not."""
    sqs, sns = client(peer, "sqs"), client(peer, "sns")
    sqs.create_queue(QueueName=_QUEUE)
    sink = sqs.create_queue(QueueName=f"{_QUEUE}-sink")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=sink, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=_QUEUE)["TopicArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=sink, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


MESSAGING = (
    Operation("SendMessage", send_message),
    Operation("send, receive and delete a message", send_receive_delete, responses=3),
    Operation("Publish to one queue", publish),
    Operation("PublishBatch of 10 to one queue", publish_batch),
)


# --- The comparison ---------------------------------------------------------------------------------------------------


def client(peer: Server, service: str) -> Any:
    """A boto3 client of a server."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=peer.endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def compare(
    peers: Sequence[type[Peer]],
    make: Callable[[Server], None],
    operations: Sequence[Operation],
    runs: int,
    seconds: float,
) -> Iterator[Compared]:
    """An operation at a time, the servers in turn."""
    with ExitStack() as stack:
        servers = [stack.enter_context(peer()) for peer in peers]
        for server in servers:
            make(server)
        for operation in operations:
            rates: dict[str, list[float]] = {server.name: [] for server in servers}
            cpu_us: dict[str, list[float]] = {server.name: [] for server in servers}
            for run in range(runs):
                for server in servers:
                    talks = [
                        operation.talk(server, random.Random(f"{operation.name} {run} {number}"))
                        for number in range(CONNECTIONS)
                    ]
                    rate = measure_rate(server.port, talks, seconds, server.cpu_s)
                    rates[server.name].append(rate.a_second / operation.responses)
                    cpu_us[server.name].append(rate.cpu_s * 1e6 / max(1, rate.responses) * operation.responses)
            for name in rates:
                yield Compared(operation.name, name, Spread.of(rates[name]), Spread.of(cpu_us[name]))
