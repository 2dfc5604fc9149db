"""Goal: batches do for each entry what the single operation does, and fail whole only where AWS lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.queues import in_flight, receive_all
from tests.aws.support import Unique

Client = Callable[..., Any]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


@pytest.fixture
def url(sqs: Any, unique: Unique) -> str:
    found: str = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    return found


def entries(count: int) -> list[dict[str, Any]]:
    return [{"Id": f"id-{n}", "MessageBody": f"body {n}"} for n in range(count)]


def test_send_message_batch_stores_all_and_answers_in_order(sqs: Any, url: str) -> None:
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries(10))
    assert [entry["Id"] for entry in answer["Successful"]] == [f"id-{n}" for n in range(10)]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 10
    assert "Failed" not in answer
    got = receive_all(sqs, url, 10)
    assert sorted(message["Body"] for message in got) == [f"body {n}" for n in range(10)]


def test_send_message_batch_with_a_bad_entry_stores_the_others(sqs: Any, url: str) -> None:
    batch = entries(3)
    batch[1]["DelaySeconds"] = 901
    answer = sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert [entry["Id"] for entry in answer["Successful"]] == ["id-0", "id-2"]
    assert answer["Failed"] == [
        {
            "Id": "id-1",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        }
    ]


def test_send_message_batch_with_an_entry_too_long_stores_the_others(sqs: Any, unique: Unique) -> None:
    url = sqs.create_queue(QueueName=unique("small"), Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    batch = [{"Id": "long", "MessageBody": "x" * 1025}, {"Id": "short", "MessageBody": "x"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=batch)
    assert [entry["Id"] for entry in answer["Successful"]] == ["short"]
    assert answer["Failed"][0]["Message"] == (
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    )


@pytest.mark.parametrize(
    ("batch", "code", "message"),
    [
        ([], "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."),
        (
            entries(11),
            "TooManyEntriesInBatchRequest",
            "number of entries per request are 10. You have sent 11.",
        ),
        (entries(1) * 2, "BatchEntryIdsNotDistinct", "Id id-0 repeated."),
        ([{"Id": "a:b", "MessageBody": "x"}], "InvalidBatchEntryId", "It can be at most 80 letters long."),
        ([{"Id": "", "MessageBody": "x"}], "InvalidBatchEntryId", "It can be at most 80 letters long."),
        ([{"Id": "x" * 81, "MessageBody": "x"}], "InvalidBatchEntryId", "It can be at most 80 letters long."),
        (
            [{"Id": "1", "MessageBody": "a" * 1_048_576}, {"Id": "2", "MessageBody": "b"}],
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        ),
    ],
)
def test_send_message_batch_that_breaks_a_rule_of_batches_is_refused(
    sqs: Any, url: str, batch: list[dict[str, Any]], code: str, message: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        sqs.send_message_batch(QueueUrl=url, Entries=batch)
    error = refusal.value.response["Error"]
    assert error["Code"] == f"AWS.SimpleQueueService.{code}"
    assert message in error["Message"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_delete_message_batch_answers_each_handle(sqs: Any, url: str, until: Any) -> None:
    sqs.send_message_batch(QueueUrl=url, Entries=entries(3))
    messages = receive_all(sqs, url, 3)
    batch = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[*batch, {"Id": "bad", "ReceiptHandle": "nonsense"}])
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "1", "2"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad", "ReceiptHandleIsInvalid", True)
    ]
    until(lambda: in_flight(sqs, url) == 0, "no message in flight")


def test_change_message_visibility_batch_answers_each_handle(sqs: Any, url: str) -> None:
    sqs.send_message_batch(QueueUrl=url, Entries=entries(3))
    messages = receive_all(sqs, url, 3)
    batch = [
        {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": timeout_s}
        for n, (m, timeout_s) in enumerate(zip(messages, [0, 600, 50_000], strict=True))
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=batch)
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "1"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("2", "InvalidParameterValue")]
    assert [message["Body"] for message in receive_all(sqs, url, 1)] == [messages[0]["Body"]]
