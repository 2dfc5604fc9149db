"""Goal: whatever a client sends to SQS and SNS is answered with an error of the service, never with a 500, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

DEEP = "[" * 3000
DOCUMENTS = [
    DEEP,
    DEEP + "]" * 3000,
    '{"a":' * 3000,
    "null",
    '"x"',
    "[]",
    "{}",
    "{",
    "\ud800",
    '{"Statement":[1]}',
    '{"Statement":"x"}',
    '{"Statement":{"Effect":"Allow","Principal":[1],"Action":"sqs:*"}}',
    '{"Statement":{"Effect":"Allow","Principal":{"AWS":[{}]},"Action":"sqs:*"}}',
    '{"Statement":{"Effect":"Allow","Principal":"*","Action":{"a":1}}}',
    '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Condition":[1]}}',
    '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Condition":{"Nonsense":{"a":"b"}}}}',
    '{"deadLetterTargetArn":1,"maxReceiveCount":1}',
    '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:q","maxReceiveCount":' + "9" * 5000 + "}",
    '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:q","maxReceiveCount":"' + "9" * 5000 + '"}',
    '{"redrivePermission":"byQueue","sourceQueueArns":{"a":1}}',
    '{"http":[]}',
    '{"http":{"defaultHealthyRetryPolicy":[]}}',
    '{"http":{"defaultHealthyRetryPolicy":{"backoffFunction":[]}}}',
    '{"http":{"defaultRequestPolicy":{"headerContentType":"a\\r\\nX: y"}}}',
]
TOKENS = ["é", "9" * 5000, "400", "AAAA", "=", "x" * 100_000, "W10", "WyJhIiwxXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTldfQ"]

Make = Callable[..., Any]


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    """Status and code of the error that a call is refused with; (200, "") if it is taken."""
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return 200, ""


@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "DelaySeconds", "FifoQueue"])
def test_set_queue_attributes_with_hostile_documents_is_refused_as_invalid(client: Make, name: str) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for document in [*DOCUMENTS, "9" * 5000, "²"]:
        if document == "\ud800":
            continue  # boto3 cannot send it
        status, code = refusal(partial(sqs.set_queue_attributes, QueueUrl=url, Attributes={name: document}))
        assert status == 400, (document[:80], status)
        assert code.startswith("Invalid"), (document[:80], code)


@pytest.mark.parametrize("name", ["Policy", "DeliveryPolicy", "MaximumMessageSize", "SQSSuccessFeedbackSampleRate"])
def test_set_topic_attributes_with_hostile_documents_is_refused_as_invalid(client: Make, name: str) -> None:
    sns = client("sns")
    arn = sns.create_topic(Name="t")["TopicArn"]
    for document in [*DOCUMENTS, "9" * 5000, "²"]:
        if document == "\ud800" or (name == "DeliveryPolicy" and document in ("{}", *DOCUMENTS[9:20])):
            continue  # unsendable, or a policy that says nothing
        status, code = refusal(
            partial(sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=document)
        )
        assert (status, code) == (400, "InvalidParameter"), document[:80]


@pytest.mark.parametrize("name", ["FilterPolicy", "RedrivePolicy", "DeliveryPolicy"])
def test_subscribe_with_hostile_documents_gets_no_500(client: Make, account: str, name: str) -> None:
    sns = client("sns")
    arn = sns.create_topic(Name="t")["TopicArn"]
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    for document in DOCUMENTS:
        if document != "\ud800":
            status, _ = refusal(
                partial(sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={name: document})
            )
            assert status in (200, 400), document[:80]


@pytest.mark.parametrize("token", TOKENS)
def test_next_tokens_that_nobody_made_are_refused(client: Make, token: str) -> None:
    sqs, sns = client("sqs"), client("sns")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sns.create_topic(Name="t")["TopicArn"]
    calls: list[Callable[[], Any]] = [
        lambda: sqs.list_queues(MaxResults=1, NextToken=token),
        lambda: sqs.list_dead_letter_source_queues(QueueUrl=url, MaxResults=1, NextToken=token),
        lambda: sns.list_topics(NextToken=token),
        lambda: sns.list_subscriptions(NextToken=token),
        lambda: sns.list_subscriptions_by_topic(TopicArn=arn, NextToken=token),
    ]
    for call in calls:
        status, code = refusal(call)
        assert status == 400
        assert code in ("InvalidParameterValue", "InvalidParameter")


def test_list_queues_pages_through_all_queues_by_its_own_tokens(client: Make) -> None:
    sqs = client("sqs")
    names = [f"q{n}" for n in range(5)]
    for name in names:
        sqs.create_queue(QueueName=name)
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 2})
    assert [url.rpartition("/")[2] for page in pages for url in page["QueueUrls"]] == names


def test_publish_through_a_hard_wildcard_filter_is_answered_soon(client: Make, account: str) -> None:
    sns, sqs = client("sns"), client("sqs")
    arn = sns.create_topic(Name="t")["TopicArn"]
    sqs.create_queue(QueueName="q")
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    policy = json.dumps({"k": [{"wildcard": "*a*a*b"}]})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"FilterPolicy": policy})
    attributes = {"k": {"DataType": "String", "StringValue": "a" * 20_000}}
    started = time.perf_counter()
    sns.publish(TopicArn=arn, Message="m", MessageAttributes=attributes)
    assert time.perf_counter() - started < 2


def test_publish_of_a_long_array_through_many_conditions_is_filtered_out_soon(
    client: Make, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    sns, sqs = client("sns"), client("sqs")
    arn = sns.create_topic(Name="t")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    policy = json.dumps({"k": [{"numeric": ["=", n]} for n in range(150)]})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"FilterPolicy": policy})
    array = json.dumps([7] * 60_000, separators=(",", ":"))
    started = time.perf_counter()
    attributes = {"k": {"DataType": "String.Array", "StringValue": array}}
    sns.publish(TopicArn=arn, Message="m", MessageAttributes=attributes)
    assert time.perf_counter() - started < 2
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "needs more than 40000 tests" in caplog.text


def test_publish_of_a_deeply_nested_body_through_a_body_filter_is_no_error(client: Make, account: str) -> None:
    sns = client("sns")
    arn = sns.create_topic(Name="t")["TopicArn"]
    client("sqs").create_queue(QueueName="q")
    sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{account}:q",
        Attributes={"FilterPolicy": '{"a":["x"]}', "FilterPolicyScope": "MessageBody"},
    )
    for depth in (500, 1000, 5000):
        assert sns.publish(TopicArn=arn, Message='{"a":' + "[" * depth + "]" * depth + "}")["MessageId"]


def test_deliveries_through_a_policy_with_odd_conditions_are_no_error(client: Make, account: str) -> None:
    """Conditions that compile but compare nonsense deny quietly."""
    sns, sqs = client("sns"), client("sqs")
    arn = sns.create_topic(Name="t")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    operands: list[Any] = ["x", "", [], {}, [[]], None, 1e300, "${aws:SourceArn"]
    operators = ["DateLessThan", "IpAddress", "NumericLessThan", "Bool", "ArnLike", "Null", "BinaryEquals"]
    for operator in operators:
        for operand in operands:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {operator: {"aws:SourceArn": operand}},
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
            status, _ = refusal(partial(sqs.set_queue_attributes, QueueUrl=url, Attributes={"Policy": policy}))
            assert status in (200, 400), (operator, operand)
            assert sns.publish(TopicArn=arn, Message="m")["MessageId"], (operator, operand)
