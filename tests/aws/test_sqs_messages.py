"""Goal: messages are sent, received, hidden, shown again and deleted as AWS does it, errors and digests included."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.queues import receive_all
from tests.aws.support import Unique

Client = Callable[..., Any]
STRING = {"DataType": "String", "StringValue": "x"}


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


@pytest.fixture
def url(sqs: Any, unique: Unique) -> str:
    found: str = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    return found


def receive(sqs: Any, url: str, **request: Any) -> list[dict[str, Any]]:
    """The one message that was sent."""
    return receive_all(sqs, url, 1, **request)


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refusal:
        call()
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_send_message_answers_with_the_digests_of_aws(sqs: Any, url: str) -> None:
    answer = sqs.send_message(
        QueueUrl=url,
        MessageBody="Test Message",
        MessageAttributes={"Hello": {"DataType": "String", "StringValue": "World"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "some-trace-id"}},
    )
    assert answer["MD5OfMessageBody"] == "d1d4180b7e411c4be86b00fb2ee103eb"
    assert answer["MD5OfMessageAttributes"] == "7db7fb1ba7f41366a8ea5eb18220b26d"
    assert answer["MD5OfMessageSystemAttributes"] == "fdce4f2818803f2f73becc09a54792c0"
    assert len(answer["MessageId"]) == 36
    assert "SequenceNumber" not in answer


def test_receive_message_returns_what_was_sent_with_all_attributes(sqs: Any, url: str, client: Client) -> None:
    binary = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="bödy €",
        MessageAttributes={"text": STRING, "bytes": binary},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "trace"}},
    )
    message = receive(sqs, url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"])[0]
    assert message["Body"] == "bödy €"
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == {"text": STRING, "bytes": binary}
    assert message["Attributes"]["SenderId"] == client("sts").get_caller_identity()["UserId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["AWSTraceHeader"] == "trace"
    first, sent_at = message["Attributes"]["ApproximateFirstReceiveTimestamp"], message["Attributes"]["SentTimestamp"]
    assert len(first) == len(sent_at) == 13


def test_receive_message_without_names_returns_no_attributes(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={"text": STRING})
    assert receive(sqs, url)[0].keys() == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_receive_message_with_a_prefix_returns_those_and_their_digest(sqs: Any, url: str) -> None:
    attributes = {
        "Help.Me": {"DataType": "String", "StringValue": "Me"},
        "Hello": {"DataType": "String", "StringValue": "There"},
        "General": {"DataType": "String", "StringValue": "Kenobi"},
    }
    sqs.send_message(QueueUrl=url, MessageBody="msg", MessageAttributes=attributes)
    message = receive(sqs, url, MessageAttributeNames=["Hel.*"])[0]
    assert message["MessageAttributes"].keys() == {"Hello", "Help.Me"}
    assert message["MD5OfMessageAttributes"] == "83fee93c1bcd8b9a5a923ffacdc636c7"


def test_receive_message_with_both_lists_of_names_follows_the_newer(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    message = receive(sqs, url, AttributeNames=["All"], MessageSystemAttributeNames=["SenderId"])[0]
    assert message["Attributes"].keys() == {"SenderId"}


def test_receive_message_of_an_empty_queue_has_no_messages_member(sqs: Any, url: str) -> None:
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


@pytest.mark.parametrize(
    ("request_members", "message"),
    [
        (
            {"MaxNumberOfMessages": 11},
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            {"MaxNumberOfMessages": 0},
            "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            {"WaitTimeSeconds": 21},
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            {"WaitTimeSeconds": -1},
            "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            {"VisibilityTimeout": 43201},
            "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.",
        ),
    ],
)
def test_receive_message_with_a_number_out_of_range_is_refused(
    sqs: Any, url: str, request_members: dict[str, int], message: str
) -> None:
    answer = refused(lambda: sqs.receive_message(QueueUrl=url, **request_members))
    assert answer == ("InvalidParameterValue", message)


@pytest.mark.parametrize(
    ("request_members", "code", "message"),
    [
        ({"MessageBody": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
        ({"MessageBody": "\x01"}, "InvalidMessageContents", "Invalid binary character '#x1'"),
        (
            {"DelaySeconds": 901},
            "InvalidParameterValue",
            "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "InvalidParameterValue",
            "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
        ),
        (
            {"MessageGroupId": "group 123"},
            "InvalidParameterValue",
            "Value group 123 for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include",
        ),
        (
            {"MessageDeduplicationId": "x"},
            "InvalidParameterValue",
            "The request include parameter that is not valid for this queue type",
        ),
        (
            {"MessageBody": "x" * 1_048_577},
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
        ),
    ],
)
def test_send_message_that_breaks_a_rule_is_refused(
    sqs: Any, url: str, request_members: dict[str, Any], code: str, message: str
) -> None:
    got_code, got_message = refused(lambda: sqs.send_message(QueueUrl=url, **{"MessageBody": "x", **request_members}))
    assert got_code == code
    assert message in got_message
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_send_message_of_a_mebibyte_arrives_whole(sqs: Any, url: str) -> None:
    body = "é" * (1_048_576 // 2)
    sqs.send_message(QueueUrl=url, MessageBody=body)
    assert receive(sqs, url)[0]["Body"] == body


def test_send_message_counts_attributes_towards_the_size(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("small"), Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    attributes = {"a": {"DataType": "String", "StringValue": "y" * 500}}
    code, message = refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="x" * 600, MessageAttributes=attributes))
    assert (code, message[-40:]) == ("InvalidParameterValue", "Message must be shorter than 1024 bytes.")


def test_send_message_with_a_group_to_a_standard_queue_shows_the_group(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="tenant")
    assert receive(sqs, url, AttributeNames=["All"])[0]["Attributes"]["MessageGroupId"] == "tenant"


def test_delete_message_with_what_is_no_handle_is_refused(sqs: Any, url: str) -> None:
    code, message = refused(lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="fake"))
    assert (code, message) == (
        "ReceiptHandleIsInvalid",
        'The input receipt handle "fake" is not a valid receipt handle.',
    )


def test_delete_message_with_a_handle_of_another_queue_is_refused(sqs: Any, url: str, unique: Unique) -> None:
    other = sqs.create_queue(QueueName=unique("other"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    code, message = refused(lambda: sqs.delete_message(QueueUrl=other, ReceiptHandle=handle))
    assert code == "ReceiptHandleIsInvalid"
    assert "is not valid for this queue." in message


def test_delete_message_twice_succeeds(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)


def test_change_message_visibility_of_a_deleted_message_is_refused(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    code, message = refused(
        lambda: sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)
    )
    assert code == "InvalidParameterValue"
    assert "Message does not exist or is not available for visibility timeout change." in message


def test_receive_message_waits_for_a_message_sent_meanwhile(sqs: Any, url: str, own_client: Client) -> None:
    got: list[dict[str, Any]] = []
    poll = threading.Thread(target=lambda: got.extend(receive(own_client("sqs"), url, WaitTimeSeconds=20)))
    poll.start()
    sqs.send_message(QueueUrl=url, MessageBody="meanwhile")
    poll.join()
    assert [m["Body"] for m in got] == ["meanwhile"]


@pytest.mark.parametrize("name", ["attr.1øßä", "ÀſŽ", "a-b_c.d"])
def test_message_attribute_names_may_hold_letters_of_other_alphabets(sqs: Any, url: str, name: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={name: STRING})
    assert receive(sqs, url, MessageAttributeNames=["All"])[0]["MessageAttributes"] == {name: STRING}


@pytest.mark.parametrize("character", '!"§(?')
def test_message_attribute_names_may_not_hold_punctuation(sqs: Any, url: str, character: str) -> None:
    code, _ = refused(
        lambda: sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={f"a{character}b": STRING})
    )
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize("character", ["\x08", "\x0b", "\x00", "\ufffe"])
def test_string_attributes_may_not_hold_what_xml_cannot(sqs: Any, url: str, character: str) -> None:
    attribute = {"DataType": "String", "StringValue": f"a{character}b"}
    code, _ = refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={"a": attribute}))
    assert code == "InvalidParameterValue"


def test_star_asks_for_every_message_attribute(sqs: Any, url: str) -> None:
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={"a": STRING})
    message = receive(sqs, url, MessageAttributeNames=["*"])[0]
    assert message["MessageAttributes"] == {"a": STRING}
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
