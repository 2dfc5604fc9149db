"""Goal: attributes say what the order says, SNS takes each of them, and no digit of an order changes."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.order import parse_order
from orders.errors import OrderRejected
from orders.publishing.bulk import make_order_message
from orders.publishing.message import Attribute, Message, encode_order, find_group, make_message


def test_make_message_of_a_whole_order_has_four_attributes() -> None:
    text = '{"orderId":"1","status":"paid","country":"France","currency":"EUR","total":19.90}'
    assert make_order_message(text).attributes == (
        Attribute("status", "String", "paid"),
        Attribute("country", "String", "France"),
        Attribute("currency", "String", "EUR"),
        Attribute("total", "Number", "19.90"),
    )


@pytest.mark.parametrize("value", [None, "", "a\x00b", "\ud800", 5, True, ["paid"], {"a": 1}])
def test_make_message_leaves_out_a_string_that_sns_would_refuse(value: object) -> None:
    assert make_message("{}", {"status": value}).attributes == ()


@pytest.mark.parametrize(
    "value", [None, "5", True, 1.5, Decimal("NaN"), Decimal("1E+40"), Decimal("1E-39"), 10**38, Decimal("1" * 39)]
)
def test_make_message_leaves_out_a_number_that_sns_would_refuse(value: object) -> None:
    assert make_message("{}", {"total": value}).attributes == ()


def test_make_message_writes_a_number_without_an_exponent() -> None:
    (attribute,) = make_message("{}", {"total": Decimal("1.50E+3")}).attributes
    assert attribute.value == "1500"


def test_size_counts_the_text_and_each_attribute() -> None:
    assert Message("£", (Attribute("status", "String", "é"),)).size_bytes == 2 + len("statusString") + 2


def test_make_order_message_unchecked_sends_what_is_no_order_as_it_is() -> None:
    assert make_order_message("no JSON", check=False) == Message("no JSON")


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text() | st.decimals(-9999, 9999, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), _values, max_size=4))
def test_encode_order_is_read_back_the_same(fields: dict[str, Any]) -> None:
    order = {**fields, "orderId": "1"}
    assert json.loads(encode_order(order), parse_float=Decimal) == order


def test_encode_order_keeps_the_digits_of_a_decimal() -> None:
    text = encode_order({"orderId": "1", "total": Decimal("19.90")})
    assert text == '{"orderId":"1","total":19.90}'
    assert str(parse_order(text).attributes["total"]) == "19.90"


@pytest.mark.parametrize("value", [float("nan"), Decimal("Infinity"), object(), {1: 2}])
def test_encode_order_of_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(OrderRejected, match="JSON"):
        encode_order({"orderId": "1", "x": value})


def test_group_is_the_same_for_the_same_value_and_fits_sns_whatever_the_value() -> None:
    values = ["ada", "Ada", "x" * 2048, "a b", "£\n\ud800", 7, Decimal("7.5"), "7.5 "]
    groups = [find_group({"channel": value}, "channel") for value in values]
    assert all(group is not None and re.fullmatch("[0-9a-f]{32}", group) for group in groups)
    assert len(set(groups)) == len(values)
    assert find_group({"channel": Decimal("7.50")}, "channel") == find_group({"channel": Decimal("7.5")}, "channel")


@pytest.mark.parametrize("value", [None, "", True, [], {}])
def test_order_without_text_or_number_in_the_field_has_no_group(value: object) -> None:
    assert find_group({"channel": value}, "channel") is None
    assert find_group({}, "channel") is None


def test_group_is_made_only_where_a_field_is_named() -> None:
    text = '{"orderId":"1","userId":"ada"}'
    assert make_order_message(text).group is None
    assert make_order_message(text, group_field="userId").group == find_group({"userId": "ada"}, "userId")
    assert make_order_message("no order", check=False, group_field="userId").group is None
