"""Goal: the head of a large order tells what lists and precedence need, and the body is the order that was stored."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.domain.bodies import DamagedBody, body_key, digest, read_body, split_body
from orders.domain.limits import ITEM_BYTES_MAX, ORDER_BYTES_MAX, measure_item
from orders.domain.order import parse_order, read_stored
from orders.domain.precedence import Effect, decide_effect
from orders.domain.stored_item import BODY_ATTRIBUTE
from orders.domain.value_count import VALUES_MAX
from orders.errors import OrderRejected

NOTE = "x" * ITEM_BYTES_MAX
numbers = st.integers(-(10**30), 10**30) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6
)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=4),
    max_leaves=10,
)


def large(**fields: Any) -> str:
    return json.dumps({"orderId": "1", "note": NOTE, **fields})


def split(text: str) -> tuple[Any, bytes | None]:
    return split_body(parse_order(text, bytes_max=None), text)


def test_an_order_that_fits_is_stored_whole() -> None:
    order, body = split('{"orderId": "1"}')
    assert (order.attributes, body) == ({"orderId": "1"}, None)


def test_the_head_has_the_short_fields_that_lists_need_and_fits() -> None:
    order, body = split(large(userId="ada", status="new", total=1.5, country="y" * 5_000, email="ada@example.com"))
    assert order.attributes.keys() == {"orderId", "userId", "status", "total", BODY_ATTRIBUTE}
    assert measure_item(order.attributes) < 1_000
    assert body is not None
    assert read_body(order.attributes, body)["email"] == "ada@example.com"


def test_the_same_content_is_a_duplicate_whatever_its_notation_and_other_content_a_conflict() -> None:
    moment = "2026-05-03T12:00:00Z"
    one, _ = split(large(timestamp=moment, total=22.2))
    same = f'{{"total": 22.20, "timestamp": "{moment}", "note": "{NOTE}", "orderId": "1"}}'
    assert decide_effect(one, split(same)[0]) is Effect.DUPLICATE
    assert decide_effect(one, split(large(timestamp=moment, total=22.2, more=1))[0]) is Effect.CONFLICT


def test_an_order_whose_body_was_kept_by_an_earlier_version_is_a_duplicate_when_it_comes_whole() -> None:
    """Earlier versions left an item 1,024 bytes less: what they kept in S3 may fit an item today."""
    moment = "2026-05-03T12:00:00Z"
    text = json.dumps({"orderId": "1", "timestamp": moment, "total": 22.2, "note": "x" * (ORDER_BYTES_MAX - 100)})
    whole, body = split(text)
    assert body is None
    kept = {"sha256": digest(whole.attributes), "bytes": measure_item(whole.attributes)}
    head = {"orderId": "1", "timestamp": moment, "total": Decimal("22.2"), BODY_ATTRIBUTE: kept}
    stored = read_stored(head)
    assert decide_effect(stored, whole) is Effect.DUPLICATE
    assert decide_effect(stored, split(text.replace("22.2", "22.20"))[0]) is Effect.DUPLICATE
    assert decide_effect(stored, split(text.replace("22.2", "22.3"))[0]) is Effect.CONFLICT


def test_what_was_stored_stays_readable_although_an_order_of_so_many_values_is_refused_today() -> None:
    text = json.dumps({"orderId": "1", "x": [10] * VALUES_MAX})
    head, body = split_body(parse_order(text, bytes_max=None, is_stored=True), text)
    assert body is not None
    assert len(read_body(head.attributes, body)["x"]) == VALUES_MAX
    with pytest.raises(OrderRejected, match="200,003 values"):
        split(text)


def test_the_body_of_a_wrapped_order_is_the_order() -> None:
    envelope = {"Type": "Notification", "TopicArn": "t", "Message": large()}
    _, body = split(json.dumps(envelope))
    assert body == large().encode()


@pytest.mark.parametrize("content", [b"{}", b"\xff", b'{"orderId": "1"}', large(total=1).encode()])
def test_another_body_is_damaged(content: bytes) -> None:
    order, _ = split(large())
    with pytest.raises(DamagedBody):
        read_body(order.attributes, content)


def test_an_order_cannot_say_that_it_has_a_body() -> None:
    assert parse_order('{"orderId": "1", "orders:body": {"sha256": "x", "bytes": 1}}').attributes == {"orderId": "1"}


def test_keys_of_bodies_tell_nothing_of_the_order() -> None:
    key = body_key({"orderId": "of ada", BODY_ATTRIBUTE: {"sha256": "ab", "bytes": 1}})
    assert key is not None
    assert key.startswith("bodies/")
    assert key.endswith("/ab")
    assert "ada" not in key
    assert body_key({"orderId": "1"}) is None


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1, max_size=5), values, max_size=5))
def test_the_digest_does_not_depend_on_order_or_notation(attributes: dict[str, Any]) -> None:
    turned = dict(reversed(attributes.items()))
    assert digest(attributes) == digest(turned)
    assert digest(attributes) == digest({name: _otherwise(value) for name, value in attributes.items()})
    assert digest(attributes) != digest({**attributes, "further": 1})


def _otherwise(value: Any) -> Any:
    """The same value with further zeros."""
    if type(value) is int:
        return Decimal(f"{value}.0")
    return value
