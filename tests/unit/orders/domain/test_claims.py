"""Goal: pointers have the form of AWS's Extended Client Libraries, and nothing but a claim of the system is taken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.claims import (
    CLAIM_BYTES_MAX,
    Pointer,
    check_pointer,
    find_pointer,
    make_key,
    read_content,
    write_pointer,
)
from orders.errors import OrderRejected

BUCKET = "orders-claims-123456789012-eu-west-1"
# As amazon-sns-extended-client 1.0.1 publishes it.
PUBLISHED = '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": "claims/2f0c"}]'
LEGACY = '["com.amazon.sqs.javamessaging.MessageS3Pointer",{"s3BucketName":"b","s3Key":"claims/2f0c"}]'
ENVELOPE = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:1:OrderTopic"}


@pytest.mark.parametrize("text", [PUBLISHED, LEGACY, json.dumps({**ENVELOPE, "Message": PUBLISHED})])
def test_pointers_of_the_extended_clients_are_found(text: str) -> None:
    assert find_pointer(text) == Pointer("b", "claims/2f0c")


def test_a_pointer_is_written_as_the_extended_client_writes_it() -> None:
    assert write_pointer("b", "claims/2f0c") == PUBLISHED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "S3Pointer",
        '{"orderId": "1", "note": "software.amazon.payloadoffloading.PayloadS3Pointer"}',
        '["software.amazon.payloadoffloading.PayloadS3Pointer"]',
        '["anything.S3Pointer", {"s3BucketName": "b", "s3Key": "claims/1"}]',
        f"{'[' * 100_000}S3Pointer",
    ],
)
def test_anything_else_is_no_pointer(text: str) -> None:
    assert find_pointer(text) is None


@pytest.mark.parametrize("place", [None, 7, [], {}, {"s3BucketName": 1, "s3Key": {}}])
def test_a_pointer_to_nothing_is_refused(place: object) -> None:
    pointer = find_pointer(json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", place]))
    assert pointer == Pointer("", "")
    with pytest.raises(OrderRejected):
        check_pointer(pointer, BUCKET)


@given(st.text(), st.text())
def test_no_reason_repeats_what_a_pointer_says(bucket: str, key: str) -> None:
    told = f"#{bucket}#", f"#{key}#"
    with pytest.raises(OrderRejected) as refused:
        check_pointer(Pointer(*told), BUCKET)
    assert not any(one in refused.value.reason for one in told)


@pytest.mark.parametrize(
    "key", ["claims/", "claims/a/b", "claims/../x", "bodies/a", "claims/a b", "claims/é", "/claims/a"]
)
def test_only_claims_of_the_own_bucket_are_read(key: str) -> None:
    with pytest.raises(OrderRejected, match="another place"):
        check_pointer(Pointer(BUCKET, key), BUCKET)


def test_without_claim_checks_the_reason_says_how_to_switch_them_on() -> None:
    with pytest.raises(OrderRejected, match="ClaimCheck=Yes"):
        check_pointer(Pointer(BUCKET, "claims/a"), None)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_only_the_content_that_was_published_is_taken(content: bytes, other: bytes) -> None:
    key = make_key(content)
    assert check_pointer(Pointer(BUCKET, key), BUCKET) == key
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None:
        assert read_content(key, content) == text
    if other != content:
        with pytest.raises(OrderRejected, match="size or digest"):
            read_content(key, other)


def test_a_claim_is_bounded() -> None:
    with pytest.raises(OrderRejected, match="4,194,305 bytes"):
        read_content("claims/library", b" " * (CLAIM_BYTES_MAX + 1))
