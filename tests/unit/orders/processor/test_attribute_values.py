"""Goal: orders become attribute values exactly, and come back the same; boto3's own converter is the other end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from orders.processor.attribute_values import (
    decode_item,
    decode_value,
    encode_members,
    encode_value,
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
        st.fixed_dictionaries({name: st.one_of(digits, decimals, texts) for name in names}), min_size=8, max_size=10
    )
)


@given(rows)
def test_encode_value_of_objects_of_one_shape_is_what_each_is_alone(elements: list[dict[str, Any]]) -> None:
    assert encode_value(elements) == f'{{"L":[{",".join(map(encode_value, elements))}]}}'


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


@pytest.mark.parametrize("text", [*FITTING, "0E+500", "-0E-500", "1." + "0" * 600, "-123E-120"])
def test_encode_value_writes_any_number_that_fits_in_few_characters(text: str) -> None:
    written = json.loads(encode_value(Decimal(text)))["N"]
    assert len(written) <= 45
    assert Decimal(written) == Decimal(text)


def test_encode_value_of_an_integer_of_many_zeros_is_short() -> None:
    assert json.loads(encode_value(-(10**120)))["N"] == "-1E120"
