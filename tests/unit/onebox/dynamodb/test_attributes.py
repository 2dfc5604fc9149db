"""Goal: every value DynamoDB accepts passes with the size it counts; every other is refused with its words."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import SerializationException, ValidationException
from onebox.services.dynamodb.limits import ITEM_BYTES_MAX
from onebox.services.dynamodb.values.attributes import (
    Item,
    check_value,
    measure_item,
    serialize_item,
    values_equal,
)
from onebox.services.dynamodb.values.numbers import measure_number

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(10**20), 10**20).map(str) | st.decimals(-1000, 1000, places=3).map(str)
binaries = st.binary(max_size=9).map(lambda data: b64encode(data).decode())
scalars = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda text: {"N": text}),
    binaries.map(lambda text: {"B": text}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True).map(lambda members: {"SS": members}),
    st.lists(st.integers(-(10**30), 10**30), min_size=1, max_size=4, unique=True).map(
        lambda members: {"NS": list(map(str, members))}
    ),
    st.lists(binaries.filter(bool), min_size=1, max_size=4, unique=True).map(lambda members: {"BS": members}),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda members: {"L": members})
        | st.dictionaries(names, inner, max_size=4).map(lambda members: {"M": members})
    ),
    max_leaves=20,
)
items = st.dictionaries(names, values, max_size=6)


def modelled_size(value: dict[str, Any]) -> int:
    """The size by AWS's rules, spelled out."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return measure_number(content)[1]
    if kind == "B":
        return len(b64decode(content))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + modelled_size(member) for member in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + modelled_size(member) for name, member in content.items())
    return sum(modelled_size({kind[0]: member}) for member in content)


@given(items)
def test_serialize_item_any_item_has_the_modelled_size(item: Item) -> None:
    expected = sum(len(name.encode()) + modelled_size(value) for name, value in item.items())
    data, size_bytes = serialize_item(item)
    assert size_bytes == expected
    assert orjson.loads(data) == item


@given(items)
def test_serialize_item_twice_changes_nothing(item: Item) -> None:
    first, _ = serialize_item(item)
    assert serialize_item(orjson.loads(first))[0] == first


@given(values)
def test_values_equal_a_value_and_its_copy(value: dict[str, Any]) -> None:
    check_value(value)
    assert values_equal(value, orjson.loads(orjson.dumps(value)))


def test_values_equal_sets_in_another_order_inside_maps() -> None:
    assert values_equal({"M": {"a": {"SS": ["x", "y"]}}}, {"M": {"a": {"SS": ["y", "x"]}}})
    assert not values_equal({"L": [{"S": "x"}, {"S": "y"}]}, {"L": [{"S": "y"}, {"S": "x"}]})
    assert not values_equal({"S": "1"}, {"N": "1"})


def test_serialize_item_booleans_may_be_written_as_strings() -> None:
    item: Item = {"a": {"NULL": "Yes"}, "b": {"BOOL": "0"}, "c": {"BOOL": "TRUE"}}
    serialize_item(item)
    assert item == {"a": {"NULL": True}, "b": {"BOOL": False}, "c": {"BOOL": True}}


def test_serialize_item_unknown_and_null_members_are_ignored() -> None:
    item: Item = {"a": {"S": "x", "N": None, "Other": 1}}
    assert measure_item(item) == 2
    assert item == {"a": {"S": "x"}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "Supplied AttributeValue is empty"),
        ({"X": "1"}, "Supplied AttributeValue is empty"),
        ({"S": None}, "Supplied AttributeValue is empty"),
        ({"S": "a", "N": "1"}, "more than one datatypes set"),
        ({"SS": []}, "An string set  may not be empty"),
        ({"NS": []}, "An number set  may not be empty"),
        ({"BS": []}, "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, "Input collection .* contains duplicates"),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"BS": ["YQ==", "YQ=="]}, "Input collection .*contains duplicates"),
        ({"NULL": "no"}, "Null attribute value types must have the value of true"),
        ({"S": "a", "N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"N": ""}, "cannot be converted to a numeric value"),
        ({"L": [{"M": {"deep": {"SS": []}}}]}, "An string set  may not be empty"),
    ],
)
def test_check_value_invalid_value_is_refused(value: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationException, match=words):
        check_value(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": True}, "TRUE_VALUE cannot be converted to String"),
        ({"N": ["1"]}, "Start of list found where not expected"),
        ({"S": {"a": "b"}}, "Start of structure or map found where not expected"),
        ({"BOOL": "maybe"}, "STRING_VALUE cannot be converted to Boolean"),
        ({"NULL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"M": []}, "Start of list found where not expected"),
        ({"M": "x"}, "STRING_VALUE cannot be converted to Map"),
        ({"L": {}}, "Start of structure or map found where not expected"),
        ({"L": "x"}, "STRING_VALUE cannot be converted to List"),
        ({"SS": "x"}, "STRING_VALUE cannot be converted to List"),
        ({"SS": [1]}, "NUMBER_VALUE cannot be converted to String"),
        ({"B": "?"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 1"),
        ({"B": "=+/="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "+/+="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "+x=="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "????"}, "Invalid last non-pad Base64 character dectected"),
        ("S", "STRING_VALUE cannot be converted to AttributeValue"),
        (None, "Start of structure"),
        ({"L": ["S"]}, "STRING_VALUE cannot be converted to AttributeValue"),
        ({"M": {"a": 5}}, "NUMBER_VALUE cannot be converted to AttributeValue"),
    ],
)
def test_check_value_wrong_json_type_is_a_serialization_error(value: Any, words: str) -> None:
    with pytest.raises(SerializationException, match=words):
        check_value(value)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([*map(str, range(700)), "1.0", "x"], "The parameter cannot be converted to a numeric value: x"),
        (["0", "-0", *map(str, range(1, 700)), "x"], "The parameter cannot be converted to a numeric value: x"),
        ([*map(str, range(700)), "1.0"], "Input collection contains duplicates"),
        (["7", "0.70e1", *map(str, range(10, 700))], "Input collection contains duplicates"),
        (["0e5"] * 400_000, "Input collection contains duplicates"),
    ],
    ids=[
        "wrong behind equal",
        "wrong far behind equal",
        "equal far apart",
        "equal side by side",
        "more than an item's",
    ],
)
def test_serialize_item_large_set_is_refused_for_a_wrong_number_then_for_equal_ones(
    members: list[str], words: str
) -> None:
    with pytest.raises(ValidationException) as refusal:
        serialize_item({"a": {"NS": members}})
    assert refusal.value.message == words


def test_serialize_item_too_large_with_few_values_is_refused_for_a_wrong_value_first() -> None:
    large = {"S": "x" * (ITEM_BYTES_MAX + 1)}
    for item in ({"a": large, "b": {"N": "x"}}, {"a": {"L": [large, {"M": {"b": {"N": "x"}}}]}}):
        with pytest.raises(ValidationException, match="cannot be converted to a numeric value: x"):
            serialize_item(item)
    assert serialize_item({"a": large, "b": {"N": "1"}})[1] == ITEM_BYTES_MAX + 5


@pytest.mark.parametrize("element", [{"M": {"a": {"N": "1"}}}, {"L": []}])
def test_serialize_item_list_at_the_limit_of_nesting_holds_numbers_alone(element: dict[str, Any]) -> None:
    def nested(elements: list[dict[str, Any]]) -> Item:
        value: dict[str, Any] = {"L": elements}
        for _ in range(30):
            value = {"L": [value]}
        return {"a": value}

    numbers = [{"N": f"{number}.0"} for number in range(1_000)]
    assert b'"999"' in serialize_item(nested(numbers))[0]
    for elements in ([element] * 20, [*numbers, element], [element, *numbers], [*numbers[:512], *[element] * 20]):
        with pytest.raises(ValidationException, match="Nesting Levels have exceeded supported limits"):
            serialize_item(nested(elements))


@pytest.mark.parametrize("wrap", [lambda value: {"M": {"a": value}}, lambda value: {"L": [value]}])
def test_serialize_item_nesting_beyond_32_levels_is_refused(wrap: Any) -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(31):
        value = wrap(value)
    serialize_item({"a": value})
    with pytest.raises(ValidationException, match="Nesting Levels have exceeded supported limits"):
        serialize_item({"a": wrap(wrap(value))})


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["S", "N", "B", "M", "L", "SS", "NS", "BS", "BOOL", "NULL", "x"]), inner, max_size=2
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(names, _junk, max_size=3))
def test_serialize_item_any_json_passes_or_gives_a_client_error(item: dict[str, Any]) -> None:
    try:
        data, _ = serialize_item(item)
    except (ValidationException, SerializationException):
        return
    assert serialize_item(orjson.loads(data))[0] == data
