"""Goal: whatever arrives is either an exact order or a refusal that names what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.contract import FIELDS
from orders.domain.order import parse_moment_ns, parse_order, read_stored
from orders.errors import OrderRejected

ORDER = '{"orderId":"O-1","total":22.20,"items":[{"unitPrice":0.001,"quantity":2}],"note":"a \\"quote\\" £"}'


def envelope(message: str) -> str:
    return json.dumps(
        {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:::OrderTopic", "Message": message}
    )


WRAPPINGS = {
    "raw": ORDER,
    "encoded twice": json.dumps(ORDER),
    "in the envelope": envelope(ORDER),
    "encoded twice in the envelope": envelope(json.dumps(ORDER)),
    "the envelope encoded twice": json.dumps(envelope(ORDER)),
}


@pytest.mark.parametrize("body", WRAPPINGS.values(), ids=WRAPPINGS.keys())
def test_parse_order_in_any_wrapping_gives_the_same_exact_order(body: str) -> None:
    order = parse_order(body)
    assert order.order_id == "O-1"
    assert str(order.attributes["total"]) == "22.20"
    assert order.attributes["items"] == [{"unitPrice": Decimal("0.001"), "quantity": 2}]
    assert order.attributes["note"] == 'a "quote" £'


def test_parse_order_with_envelope_fields_of_its_own_is_not_unwrapped() -> None:
    body = '{"orderId":"O-1","Type":"Notification","TopicArn":"t","Message":"{}"}'
    assert parse_order(body).attributes["Message"] == "{}"


def test_parse_order_with_null_index_keys_leaves_them_out_and_keeps_other_nulls() -> None:
    order = parse_order('{"orderId":"O-1","userId":null,"status":null,"timestamp":null,"coupon":null}')
    assert order.attributes == {"orderId": "O-1", "coupon": None}
    assert order.moment_ns is None


REFUSALS: dict[str, tuple[str, str | None, str]] = {
    "no JSON": ("{", None, "not JSON"),
    "nothing": ("", None, "not JSON"),
    "array": ("[1]", None, "expected a JSON object, got an array"),
    "number": ("7", None, "got a number"),
    "text": ('"hello"', None, "not JSON"),
    "NaN": ('{"orderId":"O","total":NaN}', "total", "total: expected a number, but NaN is not a JSON number"),
    "Infinity": ('{"orderId":"O","a":[1,{"b":-Infinity}]}', "a[1].b", "-Infinity is not a JSON number"),
    "only NaN": ("NaN", None, "NaN is not a JSON number"),
    "thousands of digits": ('{"orderId":"O","a":[%s]}' % ("9" * 5000), "a[0]", "more than 38 digits"),
    "id missing": ('{"total":1}', "orderId", "orderId is missing"),
    "id null": ('{"orderId":null}', "orderId", "got null"),
    "id a number": ('{"orderId":17}', "orderId", "expected a string of 1 to 2048 bytes, got 17"),
    "id empty": ('{"orderId":""}', "orderId", "got an empty string"),
    "id too long": (json.dumps({"orderId": "é" * 1025}, ensure_ascii=False), "orderId", "got 2050 bytes"),
    "user a number": (
        '{"orderId":"O","userId":17850}',
        "userId",
        "expected a string of 1 to 2048 bytes, got a number",
    ),
    "status empty": ('{"orderId":"O","status":""}', "status", "got an empty string"),
    "timestamp in words": ('{"orderId":"O","timestamp":"yesterday"}', "timestamp", 'got "yesterday"'),
    "timestamp impossible": ('{"orderId":"O","timestamp":"2026-02-30T00:00:00Z"}', "timestamp", "ISO 8601"),
    "timestamp a number": ('{"orderId":"O","timestamp":1700000000}', "timestamp", "expected an ISO 8601 date and time"),
    "deep": ("[" * 100_000, None, "nested too deep"),
    "wrapped for ever": (json.dumps(json.dumps(json.dumps(json.dumps(json.dumps(ORDER))))), None, "wrapped more than"),
}


@pytest.mark.parametrize(("body", "field", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_parse_order_of_what_is_none_is_refused_by_field_and_reason(body: str, field: str | None, reason: str) -> None:
    with pytest.raises(OrderRejected) as caught:
        parse_order(body)
    assert caught.value.field == field
    assert reason in caught.value.reason


def test_parse_order_with_the_longest_id_is_accepted() -> None:
    order_id = "é" * 1024
    assert parse_order(json.dumps({"orderId": order_id}, ensure_ascii=False)).order_id == order_id


@given(st.text())
def test_parse_order_of_any_text_parses_or_refuses(body: str) -> None:
    try:
        order = parse_order(body)
    except OrderRejected:
        return
    assert order.order_id


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


KNOWN = {"", "Type", *(field.name for field in FIELDS)}


@given(st.dictionaries(st.text().filter(lambda name: name not in KNOWN), json_values))
def test_parse_order_keeps_unknown_fields_as_they_are(fields: dict[str, Any]) -> None:
    content = {**fields, "orderId": "O-1"}
    assert parse_order(json.dumps(content)).attributes == content


def test_read_stored_takes_what_others_wrote_and_reads_the_moment() -> None:
    timestamp = "2026-05-03T12:00:00Z"
    of_others = read_stored({"orderId": "O-1", "total": "19.99", "tags": {"a"}, "timestamp": timestamp, "userId": None})
    assert of_others.attributes == {"orderId": "O-1", "total": "19.99", "tags": {"a"}, "timestamp": timestamp}
    assert of_others.moment_ns == parse_moment_ns(timestamp)
    assert read_stored({"orderId": "O-1", "timestamp": "yesterday"}).moment_ns is None
    assert read_stored({"orderId": "O-1", "timestamp": Decimal(5)}).moment_ns is None


SAME_MOMENT = [
    "2026-05-03T12:00:00Z",
    "2026-05-03T12:00:00.000Z",
    "2026-05-03T12:00Z",
    "2026-05-03 12:00:00",
    "2026-05-03T14:00:00+02:00",
    "2026-05-03T07:30:00-0430",
    "2026-05-03t12:00:00,0z",
]


def test_parse_moment_written_in_other_ways_is_the_same() -> None:
    assert len({parse_moment_ns(text) for text in SAME_MOMENT}) == 1


def test_parse_moment_orders_fractions_and_days() -> None:
    ascending = ["2026-05-02", "2026-05-03T11:59:59Z", "2026-05-03T12:00:00Z", "2026-05-03T12:00:00.000000001Z"]
    moments = [parse_moment_ns(text) for text in ascending]
    assert moments == sorted(set(moments))


@given(st.datetimes(), st.datetimes())
def test_parse_moment_compares_as_the_datetimes_do(one: Any, other: Any) -> None:
    assert (parse_moment_ns(one.isoformat()) < parse_moment_ns(other.isoformat())) == (one < other)
