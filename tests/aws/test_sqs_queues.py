"""Goal: queues are made, found, described, changed, emptied and deleted as AWS does it, errors included."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique

Client = Callable[..., Any]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


def attributes_of(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ["All"]))["Attributes"]
    return found


def make_dead_letters(sqs: Any, name: str, **attributes: str) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, attributes_of(sqs, url, "QueueArn")["QueueArn"]


def test_create_queue_with_defaults_has_aws_defaults(sqs: Any, account: str, unique: Unique, region: str) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    found = attributes_of(sqs, url)
    assert found.pop("CreatedTimestamp") == found.pop("LastModifiedTimestamp")
    assert found == {
        "QueueArn": f"arn:aws:sqs:{region}:{account}:{unique('q')}",
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


def test_create_queue_again_with_equal_attributes_returns_the_same(sqs: Any, unique: Unique) -> None:
    first = sqs.create_queue(QueueName=unique("q"), Attributes={"DelaySeconds": "1"})
    assert sqs.create_queue(QueueName=unique("q"), Attributes={"DelaySeconds": "1"})["QueueUrl"] == first["QueueUrl"]
    assert sqs.create_queue(QueueName=unique("q"))["QueueUrl"] == first["QueueUrl"]


def test_create_queue_again_with_other_attributes_is_refused(sqs: Any, unique: Unique) -> None:
    sqs.create_queue(QueueName=unique("q"), Attributes={"DelaySeconds": "1"})
    with pytest.raises(sqs.exceptions.QueueNameExists) as refusal:
        sqs.create_queue(QueueName=unique("q"), Attributes={"DelaySeconds": "2"})
    assert refusal.value.response["Error"]["Code"] == "QueueAlreadyExists"
    assert refusal.value.response["Error"]["Message"] == (
        "A queue already exists with the same name and a different value for attribute DelaySeconds"
    )


def test_create_queue_with_a_bad_name_is_refused(sqs: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        sqs.create_queue(QueueName="in.fo")
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert "1 to 80 in length" in refusal.value.response["Error"]["Message"]


def test_create_queue_with_an_unknown_attribute_is_refused(sqs: Any, unique: Unique) -> None:
    with pytest.raises(sqs.exceptions.InvalidAttributeName, match="Unknown Attribute Speed"):
        sqs.create_queue(QueueName=unique("q"), Attributes={"Speed": "1"})


@pytest.mark.differs("SQS", "A queue's name can be reused immediately after DeleteQueue")
def test_create_queue_after_delete_is_empty_and_at_once(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_delete_queue_that_is_not_there_is_refused(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refusal:
        sqs.delete_queue(QueueUrl=f"{url}-nowhere")
    error = refusal.value.response
    assert error["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Error"]["Message"] == "The specified queue does not exist."
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_get_queue_url_finds_by_name_and_owner(sqs: Any, account: str, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    assert sqs.get_queue_url(QueueName=unique("q"))["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName=unique("q"), QueueOwnerAWSAccountId=account)["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=unique("nowhere"))


def test_list_queues_pages_in_order_of_names(sqs: Any, unique: Unique, until: Any) -> None:
    for number in range(5):
        sqs.create_queue(QueueName=unique(f"page-{number}"))
    sqs.create_queue(QueueName=unique("other"))
    prefix = unique("page-")
    until(lambda: len(sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])) == 5, "the five queues in the list")
    first = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=3)
    second = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=3, NextToken=first["NextToken"])
    names = [url.rsplit("/", 1)[1] for url in first["QueueUrls"] + second["QueueUrls"]]
    assert names == [unique(f"page-{number}") for number in range(5)]
    assert "NextToken" not in second
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=unique("nothing"))


@pytest.mark.parametrize("limit", [0, 1001])
def test_list_queues_with_a_bad_limit_is_refused(sqs: Any, limit: int) -> None:
    with pytest.raises(ClientError, match="MaxResults"):
        sqs.list_queues(MaxResults=limit)


def test_get_queue_attributes_shows_what_was_asked_for(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    assert attributes_of(sqs, url, "DelaySeconds", "VisibilityTimeout") == {
        "DelaySeconds": "0",
        "VisibilityTimeout": "30",
    }
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    with pytest.raises(sqs.exceptions.InvalidAttributeName, match="Unknown Attribute Speed"):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Speed"])


def test_set_queue_attributes_of_a_redrive_policy_needs_the_queue(
    sqs: Any, account: str, unique: Unique, region: str
) -> None:
    url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    arn = f"arn:aws:sqs:{region}:{account}:{unique('nowhere')}"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError) as refusal:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert refusal.value.response["Error"]["Message"] == (
        f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
    )


def test_create_queue_with_a_dead_letter_queue_of_the_other_type_is_refused(sqs: Any, unique: Unique) -> None:
    _, arn = make_dead_letters(sqs, unique("dead.fifo"), FifoQueue="true")
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError, match="must be same type of queue as the source"):
        sqs.create_queue(QueueName=unique("q"), Attributes={"RedrivePolicy": policy})


def test_create_queue_with_a_dead_letter_queue_that_denies_it_is_refused(sqs: Any, unique: Unique) -> None:
    _, arn = make_dead_letters(sqs, unique("dead"), RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    with pytest.raises(ClientError, match="RedrivePolicy is invalid"):
        sqs.create_queue(QueueName=unique("q"), Attributes={"RedrivePolicy": policy})


def test_set_queue_attributes_of_an_empty_redrive_policy_removes_it(sqs: Any, unique: Unique, until: Any) -> None:
    dead_url, arn = make_dead_letters(sqs, unique("dead"))
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName=unique("q"), Attributes={"RedrivePolicy": policy})["QueueUrl"]
    until(lambda: sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == [url], "the source in the list")
    assert attributes_of(sqs, url, "RedrivePolicy") == {"RedrivePolicy": policy}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes_of(sqs, url)
    until(lambda: not sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"], "the source out of the list")


def test_list_dead_letter_source_queues_pages(sqs: Any, unique: Unique, until: Any) -> None:
    dead_url, arn = make_dead_letters(sqs, unique("dead"))
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    urls = [
        sqs.create_queue(QueueName=unique(f"q{n}"), Attributes={"RedrivePolicy": policy})["QueueUrl"] for n in range(3)
    ]
    until(
        lambda: len(sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"]) == 3, "the sources in the list"
    )
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead_url, MaxResults=2)
    second = sqs.list_dead_letter_source_queues(QueueUrl=dead_url, MaxResults=2, NextToken=first["NextToken"])
    assert sorted(first["queueUrls"] + second["queueUrls"]) == urls


def test_tag_queue_adds_and_untag_queue_removes(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("q"), tags={"one": "1"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"two": "2", "empty": ""})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"one": "1", "two": "2", "empty": ""}
    sqs.untag_queue(QueueUrl=url, TagKeys=["one", "empty", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"two": "2"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["two"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_boolean_attributes_are_case_insensitive(sqs: Any, unique: Unique) -> None:
    wanted = {"FifoQueue": "True", "ContentBasedDeduplication": "TRUE", "SqsManagedSseEnabled": "False"}
    url = sqs.create_queue(QueueName=unique("b.fifo"), Attributes=wanted)["QueueUrl"]
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {name: shown[name] for name in wanted} == {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "SqsManagedSseEnabled": "false",
    }
    again = {name: value.lower() for name, value in wanted.items()}
    assert sqs.create_queue(QueueName=unique("b.fifo"), Attributes=again)["QueueUrl"] == url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "fAlSe"})
    name = "ContentBasedDeduplication"
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"] == {name: "false"}
