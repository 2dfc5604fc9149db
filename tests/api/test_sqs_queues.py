"""Goal: queues are made, found, described, changed, emptied and deleted as AWS does it, errors included."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

Client = Callable[..., Any]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


def attributes_of(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ["All"]))["Attributes"]
    return found


def test_create_queue_returns_a_url_of_account_and_name(sqs: Any, account: str, onebox: EngineThread) -> None:
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url == f"{onebox.endpoint_url}/{account}/orders"


def test_queue_url_with_another_host_is_the_same_queue(sqs: Any, account: str) -> None:
    sqs.create_queue(QueueName="q")
    sqs.send_message(QueueUrl=f"https://sqs.us-east-1.amazonaws.com/{account}/q", MessageBody="x")
    received = sqs.receive_message(QueueUrl=f"http://localhost:1/{account}/q")
    assert received["Messages"][0]["Body"] == "x"


def test_queue_url_that_names_no_queue_is_refused(sqs: Any) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl="nonsense")
    for nonsense in ("", "/", "http://", "http://localhost", "/q"):
        with pytest.raises(sqs.exceptions.InvalidAddress):
            sqs.receive_message(QueueUrl=nonsense)


def test_queues_of_regions_and_accounts_are_apart(client: Client, onebox: EngineThread) -> None:
    client("sqs").create_queue(QueueName="q")
    assert "QueueUrls" not in client("sqs", region="eu-west-1").list_queues()
    assert "QueueUrls" not in onebox.client("sqs", account="777000777000").list_queues()


def test_set_queue_attributes_changes_and_keeps(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})["QueueUrl"]
    created = attributes_of(sqs, url)["CreatedTimestamp"]
    timed.clock.advance(100)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    found = attributes_of(sqs, url)
    assert (found["DelaySeconds"], found["VisibilityTimeout"], found["CreatedTimestamp"]) == ("1", "60", created)
    assert int(found["LastModifiedTimestamp"]) == int(created) + 100


def test_purge_queue_twice_within_a_minute_is_refused(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert attributes_of(sqs, url)["ApproximateNumberOfMessages"] == "0"
    with pytest.raises(sqs.exceptions.PurgeQueueInProgress) as refusal:
        sqs.purge_queue(QueueUrl=url)
    assert refusal.value.response["Error"]["Message"] == (
        "Only one PurgeQueue operation on q is allowed every 60 seconds."
    )
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    timed.clock.advance(60)
    sqs.purge_queue(QueueUrl=url)


def test_add_permission_writes_the_statement_aws_writes(sqs: Any, account: str) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{account}:q"
    sqs.add_permission(QueueUrl=url, Label="share", AWSAccountIds=["668614515564"], Actions=["ReceiveMessage"])
    assert json.loads(attributes_of(sqs, url, "Policy")["Policy"]) == {
        "Version": "2008-10-17",
        "Id": f"{arn}/__default_policy_ID",
        "Statement": [
            {
                "Sid": "share",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::668614515564:root"},
                "Action": "SQS:ReceiveMessage",
                "Resource": arn,
            }
        ],
    }
    with pytest.raises(ClientError, match="Reason: Already exists"):
        sqs.add_permission(QueueUrl=url, Label="share", AWSAccountIds=["668614515564"], Actions=["SendMessage"])
    sqs.remove_permission(QueueUrl=url, Label="share")
    assert "Policy" not in attributes_of(sqs, url)
    with pytest.raises(ClientError, match="Reason: can't find label"):
        sqs.remove_permission(QueueUrl=url, Label="share")


def test_add_permission_lets_another_account_do_that_and_no_more(sqs: Any, onebox: EngineThread) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    other = onebox.client("sqs", account="668614515564")
    with pytest.raises(ClientError) as refusal:
        other.send_message(QueueUrl=url, MessageBody="x")
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    sqs.add_permission(QueueUrl=url, Label="share", AWSAccountIds=["668614515564"], Actions=["SendMessage"])
    other.send_message(QueueUrl=url, MessageBody="x")
    with pytest.raises(ClientError, match="not authorized to perform: sqs:receivemessage"):
        other.receive_message(QueueUrl=url)
    with pytest.raises(ClientError, match="not authorized"):
        other.delete_queue(QueueUrl=url)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
