"""Goal: queue attributes are accepted, refused, completed and merged as AWS does it."""

from __future__ import annotations

import json

import pytest

from onebox.services.sqs.attributes import (
    check_attributes,
    check_queue_name,
    complete,
    find_difference,
    merge,
)
from onebox.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ],
)
def test_check_attributes_takes_the_bounds_and_nothing_beyond(name: str, low: int, high: int) -> None:
    check_attributes({name: str(low)}, is_fifo=False)
    check_attributes({name: str(high)}, is_fifo=False)
    for value in (str(low - 1), str(high + 1), "", " 60", "60.0", "1e2", "٦٠", "true", f"+{low}"):
        with pytest.raises(InvalidAttributeValue, match=f"Invalid value for the parameter {name}"):
            check_attributes({name: value}, is_fifo=False)


@pytest.mark.parametrize("name", ["Nonsense", "QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages", "All"])
def test_check_attributes_of_a_name_that_cannot_be_set_is_refused(name: str) -> None:
    with pytest.raises(InvalidAttributeName, match=f"Unknown Attribute {name}."):
        check_attributes({name: "1"}, is_fifo=False)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
        ("DeduplicationScope", "queue", "You can specify the DeduplicationScope only when FifoQueue is set to true."),
        ("FifoThroughputLimit", "perQueue", "You can specify the FifoThroughputLimit only when FifoQueue is"),
    ],
)
def test_check_attributes_of_a_fifo_attribute_on_a_standard_queue_is_refused(
    name: str, value: str, sentence: str
) -> None:
    with pytest.raises(InvalidAttributeName) as refusal:
        check_attributes({name: value}, is_fifo=False)
    assert sentence in refusal.value.message


def test_check_attributes_that_would_make_a_fifo_queue_standard_is_refused() -> None:
    with pytest.raises(InvalidAttributeValue, match="Modifying queue type is not supported"):
        check_attributes({"FifoQueue": "false"}, is_fifo=True)


@pytest.mark.parametrize("policy", ["{", "[]", '"x"', "{}", '{"Statement": 3}', '{"Statement": ["x"]}'])
def test_check_attributes_of_a_policy_that_is_none_is_refused(policy: str) -> None:
    with pytest.raises(InvalidAttributeValue, match="Invalid value for the parameter Policy"):
        check_attributes({"Policy": policy}, is_fifo=False)


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 80])
def test_check_queue_name_of_a_good_name_passes(name: str) -> None:
    check_queue_name(name, is_fifo=False)


@pytest.mark.parametrize("name", ["", "a.b", "a.fifo", "x" * 81, "ééé", "a b", "a\n"])
def test_check_queue_name_of_a_bad_standard_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterValue):
        check_queue_name(name, is_fifo=False)


@pytest.mark.parametrize("name", ["", "a", ".fifo", "x" * 76 + ".fifo", "a.fifo.fifo"])
def test_check_queue_name_of_a_bad_fifo_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterValue, match="suffix and be 1 to 80 in length"):
        check_queue_name(name, is_fifo=True)


def test_merge_leaves_out_what_stands_at_its_default() -> None:
    assert merge({"DelaySeconds": "5"}, {"DelaySeconds": "0", "VisibilityTimeout": "30"}, is_fifo=False) == {}


def test_merge_of_an_empty_policy_removes_it() -> None:
    assert merge({"Policy": "{}"}, {"Policy": ""}, is_fifo=False) == {}


def test_merge_of_a_kms_key_switches_the_managed_encryption_off() -> None:
    merged = merge({}, {"KmsMasterKeyId": "key", "KmsDataKeyReusePeriodSeconds": "6000"}, is_fifo=False)
    shown = complete(merged, is_fifo=False)
    assert shown["SqsManagedSseEnabled"] == "false"
    assert shown["KmsDataKeyReusePeriodSeconds"] == "6000"


def test_merge_of_managed_encryption_removes_the_key() -> None:
    old = merge({}, {"KmsMasterKeyId": "key"}, is_fifo=False)
    shown = complete(merge(old, {"SqsManagedSseEnabled": "true"}, is_fifo=False), is_fifo=False)
    assert shown["SqsManagedSseEnabled"] == "true"
    assert "KmsMasterKeyId" not in shown


def test_merge_of_both_encryptions_is_refused() -> None:
    with pytest.raises(InvalidAttributeName, match=r"You can use one type of server-side encryption \(SSE\)"):
        merge({}, {"KmsMasterKeyId": "key", "SqsManagedSseEnabled": "true"}, is_fifo=False)


def test_merge_of_group_throughput_without_group_deduplication_is_refused() -> None:
    with pytest.raises(InvalidAttributeValue, match="FifoThroughputLimit"):
        merge({}, {"FifoThroughputLimit": "perMessageGroupId"}, is_fifo=True)


def test_complete_of_a_fifo_queue_shows_its_attributes() -> None:
    assert complete({}, is_fifo=True)["DeduplicationScope"] == "queue"
    assert "DeduplicationScope" not in complete({}, is_fifo=False)


@pytest.mark.parametrize(
    ("wanted", "different"),
    [
        ({}, None),
        ({"DelaySeconds": "5"}, None),
        ({"DelaySeconds": "5", "VisibilityTimeout": "30"}, None),
        ({"DelaySeconds": "6"}, "DelaySeconds"),
        ({"Policy": json.dumps({})}, "Policy"),
        ({"Policy": ""}, None),
    ],
)
def test_find_difference_compares_what_is_wanted_with_defaults(wanted: dict[str, str], different: str | None) -> None:
    assert find_difference({"DelaySeconds": "5"}, wanted, is_fifo=False) == different
