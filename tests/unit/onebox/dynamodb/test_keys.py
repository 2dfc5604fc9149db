"""Goal: encoded keys keep DynamoDB's order, and the segments of a parallel scan share out all keys."""

from __future__ import annotations

from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.dynamodb.values.keys import encode_partition, encode_scalar, segment_bounds


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_encode_scalar_strings_have_the_order_of_their_utf8(left: str, right: str) -> None:
    assert (encode_scalar({"S": left}) < encode_scalar({"S": right})) == (left.encode() < right.encode())


@given(st.binary(), st.binary())
def test_encode_scalar_binaries_have_the_order_of_their_unsigned_bytes(left: bytes, right: bytes) -> None:
    one, two = ({"B": b64encode(data).decode()} for data in (left, right))
    assert (encode_scalar(one) < encode_scalar(two)) == (left < right)


@given(st.text(min_size=1, alphabet="abcdef0123456789"), st.integers(1, 40))
def test_segment_bounds_every_key_is_in_exactly_one_segment(key: str, total: int) -> None:
    encoded = encode_partition({"S": key})
    owners = [
        segment
        for segment in range(total)
        if segment_bounds(segment, total)[0] <= encoded < segment_bounds(segment, total)[1]
    ]
    assert len(owners) == 1
