"""Goal: messages are sent, received, hidden, shown again and deleted as AWS does it, errors and digests included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.services.sqs.limits import LOOK_CHANGES_MAX, LOOKS_OF_SHORT_POLL_MAX
from onebox.testing import EngineThread

Client = Callable[..., Any]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    found: str = sqs.create_queue(QueueName="q")["QueueUrl"]
    return found


def receive(sqs: Any, url: str, **request: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, **request).get("Messages", [])
    return messages


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refusal:
        call()
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_receive_message_takes_as_many_as_asked_in_order(sqs: Any, url: str) -> None:
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert [m["Body"] for m in receive(sqs, url)] == ["0"]
    assert [m["Body"] for m in receive(sqs, url, MaxNumberOfMessages=10)] == ["1", "2", "3", "4"]


def test_message_in_flight_is_hidden_until_its_timeout_ends(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    first = receive(sqs, url, AttributeNames=["All"])[0]
    timed.clock.advance(29.9)
    assert receive(sqs, url) == []
    timed.clock.advance(0.1)
    again = receive(sqs, url, AttributeNames=["All"])[0]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    name = "ApproximateFirstReceiveTimestamp"
    assert again["Attributes"][name] == first["Attributes"][name]


def test_delete_message_with_an_old_handle_deletes_from_a_standard_queue(timed: EngineThread) -> None:
    """As AWS does in practice; its documentation only says that the message might not be deleted."""
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    old = receive(sqs, url, VisibilityTimeout=5)[0]["ReceiptHandle"]
    timed.clock.advance(5)
    assert len(receive(sqs, url, VisibilityTimeout=5)) == 1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=old)
    timed.clock.advance(5)
    assert receive(sqs, url) == []


def test_message_with_a_delay_is_hidden_until_it_ends(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "10"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="by the queue")
    sqs.send_message(QueueUrl=url, MessageBody="by itself", DelaySeconds=20)
    sqs.send_message(QueueUrl=url, MessageBody="not at all", DelaySeconds=0)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesDelayed"]) == ("1", "2")
    assert [m["Body"] for m in receive(sqs, url, MaxNumberOfMessages=10)] == ["not at all"]
    timed.clock.advance(10)
    assert [m["Body"] for m in receive(sqs, url, MaxNumberOfMessages=10)] == ["by the queue"]
    timed.clock.advance(10)
    assert [m["Body"] for m in receive(sqs, url, MaxNumberOfMessages=10)] == ["by itself"]


def test_message_older_than_the_retention_period_is_gone(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    timed.clock.advance(60)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0"
    assert receive(sqs, url) == []


@pytest.mark.parametrize(("looks", "finds"), [(2, True), (LOOKS_OF_SHORT_POLL_MAX, False)])
def test_polls_look_on_behind_more_old_messages_than_one_look_removes(
    timed: EngineThread, looks: int, finds: bool
) -> None:
    sqs = timed.client("sqs", read_timeout=20)  # time stands still: a poll that waits would never be answered
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(looks * LOOK_CHANGES_MAX // 10 + 1):
        entries = [{"Id": str(number), "MessageBody": "old"} for number in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    timed.clock.advance(100)  # the sweeper was there after 60 seconds
    sqs.send_message(QueueUrl=url, MessageBody="new")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    short, long = ([m["Body"] for m in receive(sqs, url, WaitTimeSeconds=wait_s)] for wait_s in (0, 20 - 20 * finds))
    assert (short, long) == ((["new"], []) if finds else ([], ["new"]))


def test_change_message_visibility_extends_and_ends(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url, VisibilityTimeout=10)[0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=60)
    timed.clock.advance(59)
    assert receive(sqs, url) == []
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert len(receive(sqs, url)) == 1


def test_change_message_visibility_after_the_timeout_succeeds_and_changes_nothing(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url, VisibilityTimeout=1)[0]["ReceiptHandle"]
    timed.clock.advance(2)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=30)
    assert len(receive(sqs, url)) == 1


def test_change_message_visibility_beyond_twelve_hours_is_refused(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url, VisibilityTimeout=600)[0]["ReceiptHandle"]
    timed.clock.advance(1)
    code, message = refused(
        lambda: sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43200)
    )
    assert code == "InvalidParameterValue"
    assert "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]." in message
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43199)


def test_trace_header_of_the_request_becomes_that_of_the_message(sqs: Any, url: str) -> None:
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    sqs.meta.events.register(
        "before-call.sqs", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": trace})
    )
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": "own"}}
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message(QueueUrl=url, MessageBody="two", MessageSystemAttributes=own)
    entries = [
        {"Id": "1", "MessageBody": "three"},
        {"Id": "2", "MessageBody": "four", "MessageSystemAttributes": own},
    ]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    got = receive(sqs, url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["AWSTraceHeader"])
    headers = {message["Body"]: message["Attributes"]["AWSTraceHeader"] for message in got}
    assert headers == {"one": trace, "two": "own", "three": trace, "four": "own"}
