"""Many clients at once, and many resources: what one request does not show."""

from __future__ import annotations

import io
import json
import selectors
import socket
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tests.polling import until
from tests.stalls.box import PATIENCE_S, Box
from tests.stalls.wire import JSON, http

_OK = b"HTTP/1.1 200 "
_FORM = "application/x-www-form-urlencoded"
_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_MAY_LOG = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@dataclass
class _Exchange:
    """What one connection has to send, and what came back."""

    left: list[bytes]
    pipelined: int
    answered: int = 0
    _end: bytes = b""

    def read(self, answer: bytes) -> None:
        """Count the answers with status 200."""
        text = self._end + answer
        self.answered += text.count(_OK)
        self._end = text[1 - len(_OK) :]  # the start of an answer that is cut in two

    @property
    def may_send(self) -> bool:
        return bool(self.left) and self.answered % self.pipelined == 0


def exchange(box: Box, requests: Sequence[Sequence[bytes]], pipelined: int = 1) -> int:
    """Send each list of requests on a connection of its own, ``pipelined`` ones at a time; all connections at once.

    The number of answers with status 200.
    """
    exchanges: list[_Exchange] = []
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for queue in requests:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", box.port), timeout=PATIENCE_S))
            batches = [b"".join(queue[start : start + pipelined]) for start in range(0, len(queue), pipelined)]
            one = _Exchange(batches, pipelined)
            exchanges.append(one)
            connection.sendall(one.left.pop(0))
            selector.register(connection, selectors.EVENT_READ, one)
        while selector.get_map() and (ready := selector.select(PATIENCE_S)):
            for key, _ in ready:
                connection = key.fileobj  # type: ignore[assignment]
                answer = connection.recv(65_536)
                key.data.read(answer)
                if answer and key.data.may_send:
                    connection.sendall(key.data.left.pop(0))
                elif not answer or (not key.data.left and key.data.answered % pipelined == 0):
                    selector.unregister(connection)
    return sum(one.answered for one in exchanges)


_CHEAP_CALLS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "ssm": "describe_parameters",
    "cloudformation": "list_stacks",
    "dynamodb": "list_tables",
    "dynamodbstreams": "list_streams",
    "s3": "list_buckets",
    "sqs": "list_queues",
    "logs": "describe_log_groups",
    "sns": "list_topics",
    "lambda": "list_functions",
    "cloudwatch": "list_metrics",
}
"""Of each service."""


def use_every_service(box: Box) -> int:
    """A cheap call of each service, one after the other: the first of each loads it."""
    clients = {service: box.client(service) for service in _CHEAP_CALLS}
    for service, operation in _CHEAP_CALLS.items():
        getattr(clients[service], operation)()
    return 200


def publish_by_many(connections: int, rounds: int, pipelined: int = 1) -> Callable[[Box], int]:
    """Publish to a topic with a queue, on many connections at once, ``pipelined`` requests at a time."""

    def attack(box: Box) -> int:
        topic = box.client("sns").create_topic(Name="crowd")["TopicArn"]
        box.client("sqs").create_queue(QueueName="crowd")
        queue = "arn:aws:sqs:us-east-1:000000000000:crowd"
        box.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        request = http("sns", f"Action=Publish&TopicArn={topic}&Message=x".encode(), Content_Type=_FORM)
        answered = exchange(box, [[request] * rounds] * connections, pipelined)
        return 200 if answered == connections * rounds else 0

    return attack


def wait_by_many(polls: int) -> Callable[[Box], int]:
    """Long polls on one queue, and then a message for each."""

    def attack(box: Box) -> int:
        url = box.client("sqs").create_queue(QueueName="waited")["QueueUrl"]

        def call(operation: str, **members: object) -> bytes:
            body = json.dumps({"QueueUrl": url, **members}).encode()
            return http("sqs", body, X_Amz_Target=f"AmazonSQS.{operation}", Content_Type=JSON)

        batch = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sender = [call("SendMessageBatch", Entries=batch)] * (polls // 10)
        poll = [call("ReceiveMessage", WaitTimeSeconds=20)]
        return 200 if exchange(box, [*([poll] * polls), sender]) == polls + len(sender) else 0

    return attack


def alarms_at_rest(count: int) -> Callable[[Box], int]:
    """Queues, an alarm on each, until the last alarm was evaluated with a sample of its queue."""

    def attack(box: Box) -> int:
        sqs, cloudwatch = box.client("sqs"), box.client("cloudwatch")
        for number in range(count):
            sqs.create_queue(QueueName=f"q{number}")
            cloudwatch.put_metric_alarm(
                AlarmName=f"a{number}",
                Namespace="AWS/SQS",
                MetricName="ApproximateNumberOfMessagesVisible",
                Dimensions=[{"Name": "QueueName", "Value": f"q{number}"}],
                Statistic="Maximum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=0,
                ComparisonOperator="GreaterThanThreshold",
            )
        last = f"a{count - 1}"
        until(
            lambda: cloudwatch.describe_alarms(AlarmNames=[last])["MetricAlarms"][0]["StateValue"] == "OK",
            "the last alarm's evaluation",
        )
        return 200

    return attack


def search_lines(lines: int) -> Callable[[Box], int]:
    """One FilterLogEvents after the other over all lines of a group, of which none matches."""

    def attack(box: Box) -> int:
        logs = box.client("logs")
        logs.create_log_group(logGroupName="lines")
        logs.create_log_stream(logGroupName="lines", logStreamName="s")
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": f"line {number} of many"} for number in range(10_000)]
        for _ in range(lines // len(events)):
            logs.put_log_events(logGroupName="lines", logStreamName="s", logEvents=events)
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName="lines", filterPattern="absent"):
            assert not page["events"]
        return 200

    return attack


def print_much(size_mb: int) -> Callable[[Box], int]:
    """A function that prints that many megabytes."""

    def attack(box: Box) -> int:
        code = f"""def handler(event, context):
    for _ in range({size_mb * 1_000}):
        print("x" * 999)
"""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.py", code)
        functions = box.client("lambda")
        iam = box.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": [_TRUST]}))
        iam.put_role_policy(RoleName="r", PolicyName="log", PolicyDocument=json.dumps({"Statement": [_MAY_LOG]}))
        functions.create_function(
            FunctionName="f",
            Runtime="python3.12",
            Handler="a.handler",
            Timeout=60,
            Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": packed.getvalue()},
        )
        functions.invoke(FunctionName="f", InvocationType="Event")
        until(lambda: _reports(box), "the report of the invocation")
        return 200

    return attack


def _reports(box: Box) -> bool:
    logs = box.client("logs")
    try:
        found = logs.filter_log_events(
            logGroupName="/aws/lambda/f", filterPattern="REPORT", startFromHead=False, startTime=1_704_067_200_000
        )
    except logs.exceptions.ResourceNotFoundException:
        return False
    return bool(found["events"])
