"""Many clients at once, each with one of the largest requests that a service takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.polling import until
from tests.stalls.box import Box
from tests.stalls.crowds import exchange
from tests.stalls.row import FORM
from tests.stalls.wire import JSON, http

_DYNAMODB = "DynamoDB_20120810"
_FILTER_OPERATORS = 290
"""AWS takes 300 in an expression."""


def _json(service: str, target: str, body: dict[str, Any]) -> bytes:
    return http(service, json.dumps(body).encode(), X_Amz_Target=target, Content_Type=JSON)


def _form(service: str, **members: str) -> bytes:
    return http(service, urlencode(members).encode(), Content_Type=FORM)


def _all_at_once(box: Box, requests: Sequence[bytes]) -> int:
    """200 if all of them are answered with 200, each on a connection of its own."""
    return 200 if exchange(box, [[request] for request in requests]) == len(requests) else 0


def put_new_metrics(clients: int, count: int = 1_000) -> Callable[[Box], int]:
    """PutMetricData, each of metrics that are new."""

    def attack(box: Box) -> int:
        return _all_at_once(box, [_metrics(client, count) for client in range(clients)])

    return attack


def _metrics(client: int, count: int) -> bytes:
    members = {"Action": "PutMetricData", "Namespace": "crowd"}
    for number in range(1, count + 1):
        member = f"MetricData.member.{number}"
        members |= {
            f"{member}.MetricName": f"metric{number}",
            f"{member}.Value": str(number),
            f"{member}.Dimensions.member.1.Name": "client",
            f"{member}.Dimensions.member.1.Value": f"client{client}",
        }
    return _form("monitoring", **members)


def read_metrics(clients: int, metrics: int = 500) -> Callable[[Box], int]:
    """GetMetricData, each of as many metrics as AWS takes, with expressions over them."""

    def attack(box: Box) -> int:
        assert _all_at_once(box, [_metrics(client, 1_000) for client in range(3)]) == 200
        now_s = int(time.time())
        members = {"Action": "GetMetricData", "StartTime": str(now_s - 36_000), "EndTime": str(now_s + 60)}
        for number in range(1, metrics + 1):
            member = f"MetricDataQueries.member.{number}"
            stat = f"{member}.MetricStat"
            members[f"{member}.Id"] = f"m{number}"
            if number % 2:
                members |= {
                    f"{stat}.Metric.Namespace": "crowd",
                    f"{stat}.Metric.MetricName": f"metric{number}",
                    f"{stat}.Metric.Dimensions.member.1.Name": "client",
                    f"{stat}.Metric.Dimensions.member.1.Value": "client1",
                    f"{stat}.Period": "60",
                    f"{stat}.Stat": "p99",
                }
            else:
                members[f"{member}.Expression"] = f"FILL(m{number - 1}, 1) * 2"
        return _all_at_once(box, [_form("monitoring", **members)] * clients)

    return attack


def put_lines(clients: int, lines: int = 9_000) -> Callable[[Box], int]:
    """PutLogEvents, each to a stream of its own."""

    def attack(box: Box) -> int:
        logs = box.client("logs")
        logs.create_log_group(logGroupName="crowd")
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": f"line {number} {'x' * 60}"} for number in range(lines)]
        requests = []
        for client in range(clients):
            logs.create_log_stream(logGroupName="crowd", logStreamName=str(client))
            body = {"logGroupName": "crowd", "logStreamName": str(client), "logEvents": events}
            requests.append(_json("logs", "Logs_20140328.PutLogEvents", body))
        return _all_at_once(box, requests)

    return attack


def create_stacks(clients: int, resources: int = 500, operation: str = "") -> Callable[[Box], int]:
    """CreateStack, each of as many resources as AWS takes, until all stacks are there; or another operation, as often,
    about one such stack."""

    def attack(box: Box) -> int:
        cloudformation = box.client("cloudformation")
        creates = [_create_stack(f"s{number}", resources) for number in range(1 if operation else clients)]
        assert _all_at_once(box, creates) == 200
        for number in range(len(creates)):
            until(
                lambda number=number: _is_created(cloudformation, f"s{number}"),  # type: ignore[misc]
                "the stack",
                patience_s=300,
            )
        if operation:
            return _all_at_once(box, [_form("cloudformation", Action=operation, StackName="s0")] * clients)
        return 200

    return attack


def _create_stack(name: str, resources: int) -> bytes:
    template = {"Resources": {f"R{number}": {"Type": "AWS::SNS::Topic"} for number in range(resources)}}
    return _form("cloudformation", Action="CreateStack", StackName=name, TemplateBody=json.dumps(template))


def _is_created(cloudformation: Any, name: str) -> bool:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"), stack
    return bool(stack["StackStatus"] == "CREATE_COMPLETE")


def _make_table(box: Box) -> None:
    dynamodb = box.client("dynamodb")
    dynamodb.create_table(
        TableName="crowd",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "kr"],
        BillingMode="PAY_PER_REQUEST",
    )
    until(lambda: dynamodb.describe_table(TableName="crowd")["Table"]["TableStatus"] == "ACTIVE", "the table")


def _key(client: object, number: int) -> dict[str, Any]:
    return {"k": {"S": str(client)}, "r": {"S": str(number)}}


def write_transactions(clients: int, item_bytes: int = 40_000) -> Callable[[Box], int]:
    """TransactWriteItems, each of a hundred items, four megabytes together."""

    def attack(box: Box) -> int:
        _make_table(box)
        target = f"{_DYNAMODB}.TransactWriteItems"
        requests = []
        for client in range(clients):
            puts = [
                {"Put": {"TableName": "crowd", "Item": {**_key(client, number), "v": {"S": "x" * item_bytes}}}}
                for number in range(100)
            ]
            requests.append(_json("dynamodb", target, {"TransactItems": puts}))
        return _all_at_once(box, requests)

    return attack


def get_batches(clients: int) -> Callable[[Box], int]:
    """BatchGetItem, each of sixteen megabytes."""

    def attack(box: Box) -> int:
        _make_table(box)
        keys = [_key("a", number) for number in range(40)]
        for key in keys:
            box.client("dynamodb").put_item(TableName="crowd", Item={**key, "v": {"S": "x" * 390_000}})
        body = {"RequestItems": {"crowd": {"Keys": keys}}}
        return _all_at_once(box, [_json("dynamodb", f"{_DYNAMODB}.BatchGetItem", body)] * clients)

    return attack


def filter_items(clients: int, operation: str, items: int = 8_000) -> Callable[[Box], int]:
    """Query or Scan, each of a page of small items and with as long a filter as AWS takes."""

    def attack(box: Box) -> int:
        _make_table(box)
        puts = [{"PutRequest": {"Item": {**_key("a", number), "v": {"S": "x" * 80}}}} for number in range(items)]
        writes = [
            _json("dynamodb", f"{_DYNAMODB}.BatchWriteItem", {"RequestItems": {"crowd": puts[at : at + 25]}})
            for at in range(0, items, 25)
        ]
        assert exchange(box, [writes[at::10] for at in range(10)]) == len(writes)
        terms = " OR ".join(["contains(v, :a)"] * (_FILTER_OPERATORS // 2))
        body: dict[str, Any] = {
            "TableName": "crowd",
            "FilterExpression": terms,
            "ExpressionAttributeValues": {":a": {"S": "y"}},
        }
        if operation == "Query":
            body["KeyConditionExpression"] = "k = :k"
            body["ExpressionAttributeValues"][":k"] = {"S": "a"}
        return _all_at_once(box, [_json("dynamodb", f"{_DYNAMODB}.{operation}", body)] * clients)

    return attack


def publish_attributes(clients: int, attributes: int = 100) -> Callable[[Box], int]:
    """Publish, each with message attributes that fill the message."""

    def attack(box: Box) -> int:
        topic = box.client("sns").create_topic(Name="attributes")["TopicArn"]
        box.client("sqs").create_queue(QueueName="attributes")
        queue = "arn:aws:sqs:us-east-1:000000000000:attributes"
        box.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        members = {"Action": "Publish", "TopicArn": topic, "Message": "x"}
        for number in range(1, attributes + 1):
            entry = f"MessageAttributes.entry.{number}"
            members |= {
                f"{entry}.Name": f"a{number}",
                f"{entry}.Value.DataType": "String.Array",
                f"{entry}.Value.StringValue": json.dumps(["x"] * (48_000 // attributes)),
            }
        return _all_at_once(box, [_form("sns", **members)] * clients)

    return attack
