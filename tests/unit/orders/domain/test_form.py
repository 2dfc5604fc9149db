"""Goal: an order that was typed is published digit for digit, and its faults are named in the form."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.form import check, compose, read_form, sum_lines
from orders.domain.order import parse_order
from orders.domain.violations import find_violations
from orders.errors import OrderRejected

numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,15})?", fullmatch=True).filter(str.isascii)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def form(*fields: tuple[str, str], sums_up: bool = False) -> str:
    return compose(read_form(fields, sums_up=sums_up))


def test_empty_fields_and_empty_lines_are_left_out() -> None:
    sent = (("orderId", " 1 "), ("userId", " "), ("items[0].sku", ""), ("items[7].sku", "A"), ("items[7].quantity", ""))
    assert form(*sent) == '{"orderId":"1","items":[{"sku":"A"}]}'
    assert form(("orderId", "1"), sums_up=True) == '{"orderId":"1"}'


def test_fields_that_no_order_form_has_are_left_out() -> None:
    assert form(("orderId", "1"), ("csrf", "x"), ("items[0].evil", "x"), ("items[x].sku", "y")) == '{"orderId":"1"}'


@given(numbers)
def test_a_number_travels_as_the_digits_that_were_typed(digits: str) -> None:
    assert form(("orderId", "1"), ("total", digits)) == f'{{"orderId":"1","total":{digits}}}'


@given(texts, texts)
def test_any_text_is_one_value_of_its_field(order_id: str, price: str) -> None:
    order = json.loads(form(("orderId", order_id), ("items[0].unitPrice", price)), parse_float=Decimal)
    assert order.get("orderId", "") == order_id.strip()
    assert set(order) <= {"orderId", "items"}


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8))
def test_the_sum_of_the_lines_is_exact(lines: list[tuple[str, str]]) -> None:
    fields = [
        field
        for number, (quantity, price) in enumerate(lines)
        for field in ((f"items[{number}].quantity", quantity), (f"items[{number}].unitPrice", price))
    ]
    total = sum_lines(read_form(fields, sums_up=True))
    assert total is not None
    assert Fraction(total) == sum(Fraction(quantity) * Fraction(price) for quantity, price in lines)


def test_there_is_no_sum_rather_than_a_wrong_one() -> None:
    for price in ("", "x", "NaN", "1e9999999", "1e-300"):
        fields = [("items[0].quantity", "1"), ("items[0].unitPrice", price), ("items[1].quantity", "1")]
        assert sum_lines(read_form([*fields, ("items[1].unitPrice", "1e300")], sums_up=True)) is None


def test_every_fault_is_named_by_the_field_of_the_form() -> None:
    sent = (
        ("currency", "pounds"),
        ("timestamp", "yesterday"),
        ("items[2].quantity", "1.5"),
        ("items[5].unitPrice", "1,5"),
        ("total", "much"),
    )
    found = check(read_form(sent, sums_up=False))
    assert set(found) == {"orderId", *(name for name, _ in sent)}
    assert found["items[5].unitPrice"] == 'expected a number, got "1,5"'
    assert found["orderId"] == "expected a string of 1 to 2048 bytes"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "GBP", "2026-05-03", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sku", "quantity", "unitPrice", "other"]), inner, max_size=3)
    ),
    max_leaves=6,
)
orders = st.dictionaries(
    st.sampled_from(["orderId", "userId", "timestamp", "currency", "items", "total", "quantity"]), json_values
)


@given(orders | json_values)
def test_there_are_violations_exactly_where_the_processor_rejects_and_the_first_is_its_own(value: object) -> None:
    text = json.dumps(value)
    found, rejected = find_violations(text), _rejection(text)
    if rejected is None:
        assert not found
        return
    assert found[0].path == (rejected.field or "")
    assert rejected.reason.endswith(found[0].expectation)
    assert len({one.path for one in found}) == len(found)


def _rejection(text: str) -> OrderRejected | None:
    """What the processor says of a text."""
    try:
        parse_order(text)
    except OrderRejected as error:
        return error
    return None
