"""Goal: redrive policies are read, and what is wrong with one is said in AWS's words."""

from __future__ import annotations

import json

import pytest

from onebox.services.sqs.errors import InvalidParameterValue
from onebox.services.sqs.model import RedriveAllowPolicy, RedrivePolicy
from onebox.services.sqs.redrive_policy import parse_redrive_allow_policy, parse_redrive_policy

ARN = "arn:aws:sqs:us-east-1:000000000000:dead"


@pytest.mark.parametrize("count", [1, "1", 1000])
def test_parse_redrive_policy_of_a_good_one_gives_its_parts(count: int | str) -> None:
    text = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": count})
    assert parse_redrive_policy(text) == RedrivePolicy(ARN, int(count))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dummy", "Redrive policy is not a valid JSON map."),
        ("[]", "Redrive policy is not a valid JSON map."),
        ('{"maxReceiveCount": 3}', "does not contain mandatory attribute: deadLetterTargetArn."),
        (json.dumps({"deadLetterTargetArn": ARN}), "does not contain mandatory attribute: maxReceiveCount."),
        (json.dumps({"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}), "Invalid value for deadLetterTargetArn."),
        (json.dumps({"deadLetterTargetArn": 3, "maxReceiveCount": 42}), "Invalid value for deadLetterTargetArn."),
        (json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 0}), "valid values are from 1 to 1000"),
        (json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 1001}), "valid values are from 1 to 1000"),
        (json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": True}), "Invalid value for maxReceiveCount: True"),
        (json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 1, "x": 1}), "Only following attributes"),
    ],
)
def test_parse_redrive_policy_of_a_bad_one_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        parse_redrive_policy(text)
    assert refusal.value.message.startswith(f"Value {text} for parameter RedrivePolicy is invalid. Reason: ")
    assert reason in refusal.value.message


def test_parse_redrive_allow_policy_of_good_ones_gives_their_parts() -> None:
    assert parse_redrive_allow_policy('{"redrivePermission": "denyAll"}') == RedriveAllowPolicy("denyAll")
    by_queue = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [ARN]})
    assert parse_redrive_allow_policy(by_queue) == RedriveAllowPolicy("byQueue", (ARN,))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        '{"redrivePermission": "perhaps"}',
        '{"redrivePermission": "byQueue"}',
        '{"redrivePermission": "allowAll", "sourceQueueArns": []}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": []}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": ["x"]}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": "x"}',
        json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [ARN] * 11}),
        '{"redrivePermission": "denyAll", "more": 1}',
    ],
)
def test_parse_redrive_allow_policy_of_a_bad_one_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="for parameter RedriveAllowPolicy is invalid"):
        parse_redrive_allow_policy(text)
