"""Goal: what is kept of a message for its first receive is what its rows say, and is used only while they do."""

from __future__ import annotations

import json

import orjson
import pytest

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.model import StoredMessage
from onebox.services.sqs.store.arrivals import BYTES_MAX, KEPT_MS_MAX, Arrivals
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of

LONG = "body " * 1_000
ATTRIBUTES = {
    "colour": {"DataType": "String", "StringValue": "red"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00"},
}


def send(harness: SqsHarness, url: str, body: str) -> None:
    group = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if url.endswith(".fifo") else {}
    harness.call("SendMessage", QueueUrl=url, MessageBody=body, MessageAttributes=ATTRIBUTES, **group)


def receive(harness: SqsHarness, url: str) -> list[Wire]:
    answer = harness.call(
        "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    )
    messages: list[Wire] = answer.get("Messages", [])
    return messages


def texts(messages: list[Wire]) -> list[str]:
    return [message["Body"] for message in messages]


def without_ids(message: Wire) -> Wire:
    shown = {name: value for name, value in message.items() if name not in ("MessageId", "ReceiptHandle")}
    shown["Attributes"] = {name: value for name, value in message["Attributes"].items() if name != "SequenceNumber"}
    return shown


def forget_bodies(harness: SqsHarness) -> None:
    """Change what the rows hold, to tell what was read from them."""
    harness.storage.execute("UPDATE sqs_body SET body = 'from the row', packed = NULL")


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_message_from_memory_is_the_one_that_its_rows_hold(harness: SqsHarness, suffix: str) -> None:
    fifo = {"FifoQueue": "true"} if suffix else {}
    watched, other = harness.create_queue(f"a{suffix}", **fifo), harness.create_queue(f"b{suffix}", **fifo)
    harness.sqs.internal.subscribe(arn_of(watched), lambda: None)
    for url in (watched, other):
        send(harness, url, LONG)
    (from_memory,), (from_rows,) = receive(harness, watched), receive(harness, other)
    assert without_ids(from_memory) == without_ids(from_rows)


def test_the_first_receive_of_a_watched_queue_reads_no_body_and_the_second_does(harness: SqsHarness) -> None:
    url = harness.create_queue("q", VisibilityTimeout="10")
    harness.sqs.internal.subscribe(arn_of(url), lambda: None)
    send(harness, url, LONG)
    forget_bodies(harness)
    (first,) = receive(harness, url)
    assert first["Body"] == LONG
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    harness.advance(11)
    (second,) = receive(harness, url)
    assert second["Body"] == "from the row"
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_queue_that_nobody_watches_keeps_nothing(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    send(harness, url, LONG)
    forget_bodies(harness)
    assert texts(receive(harness, url)) == ["from the row"]


@pytest.mark.parametrize("nested", [False, True], ids=["group", "savepoint"])
def test_a_send_that_is_undone_is_never_received(harness: SqsHarness, nested: bool) -> None:
    url = harness.create_queue("q")
    harness.sqs.internal.subscribe(arn_of(url), lambda: None)

    def send_and_fail(context: RequestContext) -> None:
        harness.sqs.internal.send(context, arn_of(url), "undone", {})
        raise AwsError("undo it")

    def send_in_part(context: RequestContext) -> None:
        with pytest.raises(AwsError):
            harness.storage.run(lambda: send_and_fail(context))

    if nested:
        harness.inside(send_in_part)
    else:
        with pytest.raises(AwsError):
            harness.inside(send_and_fail)
    assert receive(harness, url) == []
    send(harness, url, "kept")
    assert texts(receive(harness, url)) == ["kept"]
    assert harness.count_rows(url) == (0, 1, 0)


def test_a_receive_that_is_undone_is_repeated_from_the_rows(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.sqs.internal.subscribe(arn_of(url), lambda: None)
    send(harness, url, LONG)

    def receive_and_fail(context: RequestContext) -> None:
        messages, _ = harness.sqs.internal.receive(context, arn_of(url), 10)
        assert [message.body for message in messages] == [LONG]
        raise AwsError("undo it")

    with pytest.raises(AwsError):
        harness.inside(receive_and_fail)
    (again,) = receive(harness, url)
    assert again["Body"] == LONG
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"


def test_messages_from_memory_and_from_rows_come_in_the_order_of_arrival(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    for number in range(9):
        watch = harness.sqs.internal.subscribe(arn_of(url), lambda: None)
        if number % 3 == 0:
            watch.cancel()
        send(harness, url, f"{number}")
        watch.cancel()
    assert texts(receive(harness, url)) == [f"{number}" for number in range(9)]


def test_a_message_in_a_dead_letter_queue_has_its_new_place(harness: SqsHarness) -> None:
    dead = harness.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    url = harness.create_queue("q", VisibilityTimeout="0", RedrivePolicy=policy)
    for one in (url, dead):
        harness.sqs.internal.subscribe(arn_of(one), lambda: None)
    send(harness, url, LONG)
    assert texts(receive(harness, url)) == [LONG]
    assert receive(harness, url) == []
    (message,) = receive(harness, dead)
    assert message["Body"] == LONG
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(url)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_memory_is_bounded_whatever_the_characters_are() -> None:
    arrivals = Arrivals()
    body = "\U0001f600" * 10_000  # four bytes each
    fitting = BYTES_MAX // (4 * len(body))
    for row_id in range(2 * fitting):
        arrivals.add(stored(row_id, body, 0))
    kept = arrivals.take(range(2 * fitting))
    assert 0.9 * fitting < len(kept) <= fitting
    assert list(kept) == list(range(len(kept))), "the oldest, which are received first"


def test_memory_is_bounded_after_others_have_read_the_texts_as_utf_8() -> None:
    arrivals = Arrivals()
    body = "\U0001f600" * 10_000
    for row_id in range(1_000):
        shared = f"{row_id} {body}"  # with a message of another queue, whose answer is written first
        arrivals.add(stored(row_id, shared, 0))
        orjson.dumps(shared)
        assert list(arrivals.take([row_id])) == [row_id]
    fitting = BYTES_MAX // (4 * len(body))
    for row_id in range(1_000, 1_000 + 2 * fitting):
        arrivals.add(stored(row_id, body, 0))
    assert 0.9 * fitting < len(arrivals.take(range(1_000, 1_000 + 2 * fitting))) <= fitting


@pytest.mark.parametrize("text", ["attributes", "trace_header"])
def test_every_text_that_may_be_long_is_counted(text: str) -> None:
    long = "x" * 50_000
    arrivals = Arrivals()
    for row_id in range(100):
        message = stored(row_id, "short", 0)
        arrivals.add(
            message._replace(trace_header=long) if text == "trace_header" else message._replace(attributes=long)
        )
    assert 0.9 * BYTES_MAX < 50_000 * len(arrivals.take(range(100))) <= BYTES_MAX


def test_what_nobody_takes_makes_room() -> None:
    arrivals = Arrivals()
    body = "x" * 100_000
    for row_id in range(100):
        arrivals.add(stored(row_id, body, 0))
    arrivals.add(stored(100, body, KEPT_MS_MAX - 1))
    assert arrivals.take([100]) == {}
    arrivals.add(stored(101, body, KEPT_MS_MAX))
    assert list(arrivals.take(range(102))) == [101]
    for row_id in range(200, 300):  # what was taken and what was forgotten gave their memory back
        arrivals.add(stored(row_id, body, KEPT_MS_MAX))
    assert len(arrivals.take(range(200, 300))) == BYTES_MAX // 101_073


def stored(row_id: int, body: str, arrived_at_ms: int) -> StoredMessage:
    return StoredMessage(
        id=row_id,
        receive_count=0,
        uncounted_receives=0,
        first_received_at_ms=None,
        message_id="id",
        body_md5="md5",
        sent_at_ms=arrived_at_ms,
        sender_id="sender",
        attributes=None,
        attributes_md5=None,
        trace_header=None,
        group_id=None,
        dedup_id=None,
        sequence_number=None,
        dead_letter_source_arn=None,
        receive_count_on_arrival=0,
        arrived_at_ms=arrived_at_ms,
        body=body,
    )
