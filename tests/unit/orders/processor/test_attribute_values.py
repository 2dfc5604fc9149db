"""Goal: orders become attribute values exactly, and come back the same; boto3's own converter is the other end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import OrderRejected
from orders.processor.attribute_values import (
    decode_item,
    decode_value,
    encode_members,
    encode_value,
    find_unfit_number,
    fits_number,
)

digits = st.integers(-(10**38) + 1, 10**38 - 1)
decimals = st.builds(
    lambda number, exponent: Decimal(number).scaleb(exponent).normalize(),
    st.integers(-(10**30), 10**30),
    st.integers(-20, 20),
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | digits | decimals | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def from_boto3(value: Any) -> Any:
    return TypeDeserializer().deserialize(value)


@given(values)
def test_encode_value_is_read_by_boto3_as_the_same_value(value: Any) -> None:
    assert from_boto3(json.loads(encode_value(value))) == value


rows = st.lists(st.sampled_from(["sku", "quantity", "unitPrice", '"%s"']), max_size=4, unique=True).flatmap(
    lambda names: st.lists(
        st.fixed_dictionaries({name: st.one_of(digits, decimals, texts) for name in names}), min_size=4, max_size=6
    )
)


@given(rows)
def test_encode_value_of_objects_of_one_shape_is_what_each_is_alone(elements: list[dict[str, Any]]) -> None:
    assert encode_value(elements) == f'{{"L":[{",".join(map(encode_value, elements))}]}}'


def test_encode_value_of_objects_of_one_shape_refuses_a_number_that_one_of_them_has_too_large() -> None:
    with pytest.raises(OrderRejected):
        encode_value([{"quantity": 1}, {"quantity": 10**38 + 1}, {"quantity": 3}, {"quantity": 4}])


@given(values)
def test_decode_value_of_what_boto3_writes_is_the_same_value(value: Any) -> None:
    assert decode_value(TypeSerializer().serialize(value)) == value


@given(st.dictionaries(texts, values, max_size=5))
def test_encode_members_and_decode_item_round_trip(attributes: dict[str, Any]) -> None:
    assert decode_item(json.loads(encode_members(attributes))) == attributes


def test_encode_value_keeps_the_digits_as_they_were_written() -> None:
    assert encode_value(Decimal("22.20")) == '{"N":"22.20"}'
    assert encode_value(Decimal("0.001")) == '{"N":"0.001"}'


def test_decode_value_of_sets_and_binary_gives_pythons_own() -> None:
    assert decode_value({"SS": ["a", "b"]}) == {"a", "b"}
    assert decode_value({"NS": ["1", "2.5"]}) == {1, Decimal("2.5")}
    assert decode_value({"B": "aGk="}) == b"hi"
    assert decode_value({"B": b"hi"}) == b"hi"


FITTING = ["0", "-0.0", "1E-130", "9.9E+125", "1" * 38, "0.0000001", "1" + "0" * 100, "-9.99E+125"]
UNFIT = ["1E-131", "1E+126", "1" * 39, "0." + "1" * 39, "-1E+126"]


@pytest.mark.parametrize("text", FITTING)
def test_fits_number_within_dynamodbs_range(text: str) -> None:
    assert fits_number(Decimal(text))
    encode_value(Decimal(text))


@pytest.mark.parametrize("text", UNFIT)
def test_encode_value_beyond_dynamodbs_range_is_refused(text: str) -> None:
    assert not fits_number(Decimal(text))
    with pytest.raises(OrderRejected, match="does not fit a DynamoDB number"):
        encode_value({"items": [{"price": Decimal(text)}]})


def test_find_unfit_number_gives_its_path() -> None:
    order = {"total": 1, "items": [{"price": Decimal("1.5")}, {"price": 10**40 + 1}]}
    assert find_unfit_number(order) == "items[1].price"
    assert find_unfit_number({"total": 1}) is None
