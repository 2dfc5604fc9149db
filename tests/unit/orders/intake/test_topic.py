"""Goal: what SNS did not accept is never taken for accepted, and a dead endpoint costs one call."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

from orders.intake.topic import SnsTopic
from orders.publishing.message import Message

ARN = "arn:aws:sns:eu-west-1:123456789012:OrderTopic"
MESSAGES = [Message(f"m{number}") for number in range(12)]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> SnsTopic:
    for name, value in (
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return SnsTopic(ARN)


def test_each_message_has_its_own_outcome(topic: SnsTopic) -> None:
    failed = [
        {"Id": "1", "Code": "InvalidParameter", "Message": "no", "SenderFault": True},
        {"Id": "2", "Code": "Throttled", "SenderFault": True},
        {"Id": "3", "Code": "InternalError", "SenderFault": False},
    ]
    successful = [{"Id": str(place), "MessageId": f"id{place}"} for place in (0, *range(4, 9))]
    with Stubber(topic._sns) as stub:
        stub.add_response("publish_batch", {"Successful": successful, "Failed": failed})
        stub.add_response("publish_batch", {"Successful": [{"Id": "0", "MessageId": "last"}], "Failed": []})
        found = topic.publish(MESSAGES)
        stub.assert_no_pending_responses()
    assert [bool(one.message_id) for one in found] == [True, *[False] * 3, *[True] * 5, False, True, False]
    assert [one.is_final for one in found[1:4]] == [True, False, False]
    assert [one.is_throttled for one in found[1:4]] == [False, True, False]
    assert not found[9].is_final, "what the answer does not name is not accepted"


@pytest.mark.parametrize(("code", "is_throttled"), [("Throttled", True), ("AuthorizationError", False)])
def test_call_that_fails_is_the_last(topic: SnsTopic, code: str, is_throttled: bool) -> None:
    with Stubber(topic._sns) as stub:
        stub.add_client_error("publish_batch", code)
        found = topic.publish(MESSAGES)
        stub.assert_no_pending_responses()
    assert len(found) == len(MESSAGES)
    assert {(one.message_id, one.is_final, one.is_throttled) for one in found} == {("", False, is_throttled)}
