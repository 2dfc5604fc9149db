"""Goal: the envelope is AWS's to the character, and always JSON that gives back what was published."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sns.envelope import Origin, confirmation, lambda_event, notification
from onebox.services.sns.model import Message

TOPIC = "arn:aws:sns:us-east-1:111111111111:OrderTopic"
SUBSCRIPTION = f"{TOPIC}:c9135db0-26c4-47ec-8998-413945fb5a96"
NOW_MS = 1_795_419_096_045
URL = "http://127.0.0.1:4566"

EXPECTED = """{
  "Type" : "Notification",
  "MessageId" : "m-1",
  "TopicArn" : "arn:aws:sns:us-east-1:111111111111:OrderTopic",
  "Subject" : "New order",
  "Message" : "{\\"orderId\\": \\"1\\", \\"price\\": \\"£2\\"}",
  "Timestamp" : "2026-11-23T07:31:36.045Z",
  "SignatureVersion" : "1",
  "Signature" : "SIGNATURE",
  "SigningCertURL" : "http://127.0.0.1:4566/SimpleNotificationService-unsigned.pem",
  "UnsubscribeURL" : "http://127.0.0.1:4566/?Action=Unsubscribe&SubscriptionArn=SUBSCRIPTION",
  "MessageAttributes" : {
    "kind" : {"Type":"String","Value":"order"},
    "raw" : {"Type":"Binary","Value":"AgME"}
  }
}"""


def make(body: Any = "hello", subject: Any = None, attributes: Any = None, sequence: Any = None) -> Any:
    return Message("m-1", body, {}, subject, attributes or {}, len(body), sequence=sequence)


def test_notification_with_everything_is_laid_out_as_aws_does() -> None:
    body = '{"orderId": "1", "price": "£2"}'
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    text = notification(make(body, "New order", attributes), body, Origin(TOPIC, NOW_MS, URL, "1"), SUBSCRIPTION)
    digest = base64.b64encode(hashlib.sha1(b"m-1").digest()).decode()
    assert text == EXPECTED.replace("SIGNATURE", digest).replace("SUBSCRIPTION", SUBSCRIPTION)


def test_notification_of_fifo_topic_has_a_sequence_and_no_signature() -> None:
    text = notification(make(sequence="10000000000000001000"), "hello", Origin(TOPIC, NOW_MS, URL, ""), SUBSCRIPTION)
    assert list(json.loads(text)) == [
        "Type",
        "MessageId",
        "SequenceNumber",
        "TopicArn",
        "Message",
        "Timestamp",
        "UnsubscribeURL",
    ]


@given(body=st.text(min_size=1), subject=st.none() | st.text(), value=st.text(min_size=1))
def test_notification_of_any_text_is_json_that_gives_it_back(body: Any, subject: Any, value: Any) -> None:
    attributes = {"a": {"DataType": "String", "StringValue": value}}
    text = notification(make(body, subject, attributes), body, Origin(TOPIC, NOW_MS, URL, "2"), SUBSCRIPTION)
    parsed = json.loads(text)
    assert parsed["Message"] == body
    assert parsed.get("Subject") == subject
    assert parsed["MessageAttributes"]["a"]["Value"] == value


def test_lambda_event_uses_the_spellings_of_functions() -> None:
    event = json.loads(lambda_event(make(), "hello", Origin(TOPIC, NOW_MS, URL, "1"), SUBSCRIPTION))
    (record,) = event["Records"]
    assert record["EventSource"] == "aws:sns"
    assert record["EventSubscriptionArn"] == SUBSCRIPTION
    assert record["Sns"]["Subject"] is None
    assert record["Sns"]["MessageAttributes"] == {}
    assert {"SigningCertUrl", "UnsubscribeUrl"} <= record["Sns"].keys()


def test_confirmation_carries_token_and_link() -> None:
    parsed = json.loads(confirmation(Origin(TOPIC, NOW_MS, URL, "1"), "abc", "m-2"))
    assert parsed["Type"] == "SubscriptionConfirmation"
    assert parsed["Token"] == "abc"
    assert parsed["SubscribeURL"] == f"{URL}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
