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


def make_dead_letters(sqs: Any, name: str = "dead", **attributes: str) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, attributes_of(sqs, url, "QueueArn")["QueueArn"]


def test_create_queue_returns_a_url_of_account_and_name(sqs: Any, account: str, onebox: EngineThread) -> None:
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url == f"{onebox.endpoint_url}/{account}/orders"


def test_create_queue_with_defaults_has_aws_defaults(sqs: Any, account: str) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    found = attributes_of(sqs, url)
    assert found.pop("CreatedTimestamp") == found.pop("LastModifiedTimestamp")
    assert found == {
        "QueueArn": f"arn:aws:sqs:us-east-1:{account}:q",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }


def test_create_queue_again_with_equal_attributes_returns_the_same(sqs: Any) -> None:
    first = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})
    assert sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})["QueueUrl"] == first["QueueUrl"]
    assert sqs.create_queue(QueueName="q")["QueueUrl"] == first["QueueUrl"]


def test_create_queue_again_with_other_attributes_is_refused(sqs: Any) -> None:
    sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})
    with pytest.raises(sqs.exceptions.QueueNameExists) as refusal:
        sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "2"})
    assert refusal.value.response["Error"]["Code"] == "QueueAlreadyExists"
    assert refusal.value.response["Error"]["Message"] == (
        "A queue already exists with the same name and a different value for attribute DelaySeconds"
    )


def test_create_queue_with_a_bad_name_is_refused(sqs: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        sqs.create_queue(QueueName="in.fo")
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert "1 to 80 in length" in refusal.value.response["Error"]["Message"]


def test_create_queue_with_an_unknown_attribute_is_refused(sqs: Any) -> None:
    with pytest.raises(sqs.exceptions.InvalidAttributeName, match="Unknown Attribute Speed"):
        sqs.create_queue(QueueName="q", Attributes={"Speed": "1"})


def test_create_queue_after_delete_is_empty_and_at_once(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_delete_queue_that_is_not_there_is_refused(sqs: Any, onebox: EngineThread, account: str) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refusal:
        sqs.delete_queue(QueueUrl=f"{onebox.endpoint_url}/{account}/nowhere")
    error = refusal.value.response
    assert error["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Error"]["Message"] == "The specified queue does not exist."
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_get_queue_url_finds_by_name_and_owner(sqs: Any, account: str) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert sqs.get_queue_url(QueueName="q")["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName="q", QueueOwnerAWSAccountId=account)["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nowhere")


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


def test_list_queues_pages_in_order_of_names(sqs: Any) -> None:
    for number in range(5):
        sqs.create_queue(QueueName=f"page-{number}")
    sqs.create_queue(QueueName="other")
    first = sqs.list_queues(QueueNamePrefix="page-", MaxResults=3)
    second = sqs.list_queues(QueueNamePrefix="page-", MaxResults=3, NextToken=first["NextToken"])
    names = [url.rsplit("/", 1)[1] for url in first["QueueUrls"] + second["QueueUrls"]]
    assert names == [f"page-{number}" for number in range(5)]
    assert "NextToken" not in second
    assert len(sqs.list_queues()["QueueUrls"]) == 6
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="nothing")


@pytest.mark.parametrize("limit", [0, 1001])
def test_list_queues_with_a_bad_limit_is_refused(sqs: Any, limit: int) -> None:
    with pytest.raises(ClientError, match="MaxResults"):
        sqs.list_queues(MaxResults=limit)


def test_get_queue_attributes_shows_what_was_asked_for(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert attributes_of(sqs, url, "DelaySeconds", "VisibilityTimeout") == {
        "DelaySeconds": "0",
        "VisibilityTimeout": "30",
    }
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    with pytest.raises(sqs.exceptions.InvalidAttributeName, match="Unknown Attribute Speed"):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Speed"])


def test_set_queue_attributes_changes_and_keeps(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "1"})["QueueUrl"]
    created = attributes_of(sqs, url)["CreatedTimestamp"]
    timed.clock.advance(100)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    found = attributes_of(sqs, url)
    assert (found["DelaySeconds"], found["VisibilityTimeout"], found["CreatedTimestamp"]) == ("1", "60", created)
    assert int(found["LastModifiedTimestamp"]) == int(created) + 100


def test_set_queue_attributes_of_a_redrive_policy_needs_the_queue(sqs: Any, account: str) -> None:
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{account}:nowhere"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError) as refusal:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert refusal.value.response["Error"]["Message"] == (
        f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
    )


def test_create_queue_with_a_dead_letter_queue_of_the_other_type_is_refused(sqs: Any) -> None:
    _, arn = make_dead_letters(sqs, "dead.fifo", FifoQueue="true")
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError, match="must be same type of queue as the source"):
        sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": policy})


def test_create_queue_with_a_dead_letter_queue_that_denies_it_is_refused(sqs: Any) -> None:
    _, arn = make_dead_letters(sqs, RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError, match="RedrivePolicy is invalid"):
        sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": policy})


def test_set_queue_attributes_of_an_empty_redrive_policy_removes_it(sqs: Any) -> None:
    dead_url, arn = make_dead_letters(sqs)
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == [url]
    assert attributes_of(sqs, url, "RedrivePolicy") == {"RedrivePolicy": policy}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes_of(sqs, url)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == []


def test_list_dead_letter_source_queues_pages(sqs: Any) -> None:
    dead_url, arn = make_dead_letters(sqs)
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    urls = [sqs.create_queue(QueueName=f"q{n}", Attributes={"RedrivePolicy": policy})["QueueUrl"] for n in range(3)]
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead_url, MaxResults=2)
    second = sqs.list_dead_letter_source_queues(QueueUrl=dead_url, MaxResults=2, NextToken=first["NextToken"])
    assert first["queueUrls"] + second["queueUrls"] == urls


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


def test_tag_queue_adds_and_untag_queue_removes(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="q", tags={"one": "1"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"two": "2", "empty": ""})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"one": "1", "two": "2", "empty": ""}
    sqs.untag_queue(QueueUrl=url, TagKeys=["one", "empty", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"two": "2"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["two"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


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


def test_boolean_attributes_are_case_insensitive(sqs: Any) -> None:
    wanted = {"FifoQueue": "True", "ContentBasedDeduplication": "TRUE", "SqsManagedSseEnabled": "False"}
    url = sqs.create_queue(QueueName="b.fifo", Attributes=wanted)["QueueUrl"]
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {name: shown[name] for name in wanted} == {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "SqsManagedSseEnabled": "false",
    }
    again = {name: value.lower() for name, value in wanted.items()}
    assert sqs.create_queue(QueueName="b.fifo", Attributes=again)["QueueUrl"] == url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "fAlSe"})
    name = "ContentBasedDeduplication"
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"] == {name: "false"}
