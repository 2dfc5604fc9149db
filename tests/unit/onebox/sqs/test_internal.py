"""Goal: other services deliver, receive, delete and look at queues inside their own transaction, and no further."""

from __future__ import annotations

import json

import pytest

from onebox.errors import AwsError
from onebox.services.context import RequestContext
from onebox.services.sqs.errors import AccessDenied, InvalidParameterValue, QueueDoesNotExist
from onebox.services.sqs.internal import Delivery
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of

TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"


def policy_for(url: str, source_arn: str = TOPIC, effect: str = "Allow") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": effect,
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn_of(url),
                    "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
                }
            ],
        }
    )


def deliver(harness: SqsHarness, url: str, body: str = "x", source_arn: str = TOPIC) -> None:
    attributes = {"colour": {"DataType": "String", "StringValue": "red"}}

    def job(context: RequestContext) -> None:
        harness.sqs.internal.deliver(
            context,
            arn_of(url),
            Delivery(body, attributes),
            source_service="sns.amazonaws.com",
            source_arn=source_arn,
        )

    harness.inside(job)


def test_deliver_to_a_queue_whose_policy_allows_it_stores_the_message(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(url)})
    deliver(harness, url, "hello")
    answer = harness.call("ReceiveMessage", QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["SenderId"])
    message = answer["Messages"][0]
    assert message["Body"] == "hello"
    assert message["MessageAttributes"]["colour"]["StringValue"] == "red"
    assert message["Attributes"]["SenderId"].startswith("AIDA")


@pytest.mark.parametrize("case", ["no policy", "another topic", "denied"])
def test_deliver_to_a_queue_whose_policy_does_not_allow_it_is_denied(harness: SqsHarness, case: str) -> None:
    url = harness.create_queue("q")
    policies = {
        "no policy": "",
        "another topic": policy_for(url, TOPIC + "2"),
        "denied": policy_for(url, effect="Deny"),
    }
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policies[case]})
    with pytest.raises(AccessDenied):
        deliver(harness, url)
    assert harness.stored_counts(url) == (0, 0, 0)


def test_deliver_after_the_policy_changed_follows_the_new_one(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(url)})
    deliver(harness, url)
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    with pytest.raises(AccessDenied):
        deliver(harness, url)


def test_deliver_to_a_queue_that_is_not_there_is_refused(harness: SqsHarness) -> None:
    with pytest.raises(QueueDoesNotExist):
        deliver(harness, "http://onebox.test/000000000000/nowhere")


def test_deliver_a_message_too_long_for_the_queue_is_refused(harness: SqsHarness) -> None:
    url = harness.create_queue("q", MaximumMessageSize="1024")
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(url)})
    with pytest.raises(InvalidParameterValue):
        deliver(harness, url, "x" * 1025)


def test_of_messages_delivered_together_the_one_too_long_is_refused_and_its_neighbours_are_stored(
    harness: SqsHarness,
) -> None:
    url = harness.create_queue("q", MaximumMessageSize="1024")
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(url)})
    deliveries = [Delivery(body, {}) for body in ("first", "x" * 1025, "\0", "last")]
    errors = harness.inside(
        lambda context: harness.sqs.internal.deliver_all(
            context, arn_of(url), deliveries, source_service="sns.amazonaws.com", source_arn=TOPIC
        )
    )
    assert [None if error is None else error.wire_code for error in errors] == [
        None,
        "InvalidParameterValue",
        "InvalidMessageContents",
        None,
    ]
    answer = harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
    assert [message["Body"] for message in answer["Messages"]] == ["first", "last"]


def test_deliver_in_a_transaction_that_fails_leaves_nothing(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(url)})

    def job(context: RequestContext) -> None:
        for number in range(3):
            harness.sqs.internal.deliver(
                context,
                arn_of(url),
                Delivery(str(number), {}),
                source_service="sns.amazonaws.com",
                source_arn=TOPIC,
            )
        raise AwsError("the publish fails after all")

    with pytest.raises(AwsError):
        harness.inside(job)
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 0, 0)


def test_deliver_with_a_condition_on_the_account_asks_for_the_topic_s(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    policy = json.loads(policy_for(url))
    policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    harness.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    deliver(harness, url, source_arn="arn:aws:sns:us-east-1:111111111111:topic")
    with pytest.raises(AccessDenied):
        deliver(harness, url)


def send_many(harness: SqsHarness, url: str, count: int) -> None:
    for start in range(0, count, 10):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(start, min(start + 10, count))]
        harness.call("SendMessageBatch", QueueUrl=url, Entries=entries)


def test_receive_takes_more_than_ten_in_order_with_all_attributes(harness: SqsHarness) -> None:
    url = harness.create_queue("q", VisibilityTimeout="5")
    send_many(harness, url, 120)
    got = harness.receive_inside(url, 100)
    assert [message.body for message in got] == [str(n) for n in range(100)]
    assert got[0].attributes["ApproximateReceiveCount"] == "1"
    assert harness.stored_counts(url) == harness.count_rows(url) == (20, 100, 0)
    harness.advance(5)
    again = harness.receive_inside(url, 1)
    assert again[0].body == "0"
    assert again[0].attributes["ApproximateReceiveCount"] == "2"


def test_delete_removes_what_was_received_and_passes_over_the_rest(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    send_many(harness, url, 30)
    got = harness.receive_inside(url, 30)
    receipts = [message.receipt for message in got]
    of_other = receipts[25]._replace(queue_id=receipts[25].queue_id - 1)
    harness.inside(lambda context: harness.sqs.internal.delete(context, arn_of(url), receipts[:20]))
    harness.inside(lambda context: harness.sqs.internal.delete(context, arn_of(url), [*receipts[:21], of_other]))
    assert harness.stored_counts(url) == harness.count_rows(url) == (0, 9, 0)


def test_make_visible_returns_only_what_is_still_held(harness: SqsHarness) -> None:
    url = harness.create_queue("q", VisibilityTimeout="10")
    send_many(harness, url, 3)
    old = harness.receive_inside(url, 3)
    harness.advance(10)
    new = harness.receive_inside(url, 3)
    stale = [message.receipt for message in old]
    harness.inside(lambda context: harness.sqs.internal.make_visible(context, arn_of(url), stale))
    assert harness.stored_counts(url) == (0, 3, 0)
    harness.inside(lambda context: harness.sqs.internal.make_visible(context, arn_of(url), [new[1].receipt]))
    assert harness.stored_counts(url) == harness.count_rows(url) == (1, 2, 0)


def test_find_queue_tells_what_there_is(harness: SqsHarness) -> None:
    dead_url = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 3})
    url = harness.create_queue("q", VisibilityTimeout="77", RedrivePolicy=redrive)
    info = harness.sqs.internal.find_queue(arn_of(url))
    assert info is not None
    assert (info.name, info.visibility_timeout_s, info.has_redrive_policy, info.is_fifo) == ("q", 77, True, False)
    assert harness.sqs.internal.find_queue(arn_of(url) + "2") is None
    assert harness.sqs.internal.find_queue(TOPIC) is None


def test_gauges_say_what_each_queue_holds(harness: SqsHarness) -> None:
    url = harness.create_queue("q", VisibilityTimeout="600")
    send_many(harness, url, 3)
    harness.call("SendMessage", QueueUrl=url, MessageBody="late", DelaySeconds=900)
    harness.call("ReceiveMessage", QueueUrl=url)
    harness.advance(42)
    gauges = harness.inside(lambda context: list(harness.sqs.internal.gauges(context.now_ms)))
    (account, region, name, values) = gauges[0]
    assert (account, region, name) == ("000000000000", "us-east-1", "q")
    assert values == {
        "ApproximateNumberOfMessagesVisible": 2,
        "ApproximateNumberOfMessagesNotVisible": 1,
        "ApproximateNumberOfMessagesDelayed": 1,
        "ApproximateAgeOfOldestMessage": 42,
    }


def test_metrics_count_what_happened(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    send_many(harness, url, 4)
    messages = harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    harness.call("ReceiveMessage", QueueUrl=url)
    for message in messages[:3]:
        harness.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sums = {key.name: statistic.total for key, statistic in harness.metrics.drain()}
    assert sums == {
        "NumberOfMessagesSent": 4,
        "SentMessageSize": 4,
        "NumberOfMessagesReceived": 4,
        "NumberOfEmptyReceives": 1,
        "NumberOfMessagesDeleted": 3,
    }


def test_metrics_do_not_count_a_move_to_the_dead_letter_queue_as_sent(harness: SqsHarness) -> None:
    dead_url = harness.create_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 1})
    url = harness.create_queue("q", RedrivePolicy=redrive)
    send_many(harness, url, 1)
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
    harness.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
    assert harness.stored_counts(dead_url) == (1, 0, 0)
    sent = [key for key, _ in harness.metrics.drain() if key.name == "NumberOfMessagesSent"]
    assert [key.dimensions for key in sent] == [(("QueueName", "q"),)]
