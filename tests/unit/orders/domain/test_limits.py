"""Goal: what DynamoDB cannot hold is refused by path, in linear time, and nothing else is."""

from __future__ import annotations

import json
import time
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.limits import (
    DIGITS_MAX,
    ITEM_BYTES_MAX,
    LEVELS_MAX,
    NAME_BYTES_MAX,
    ORDER_BYTES_MAX,
    check_limits,
    fits_number,
    measure_item,
)
from orders.domain.order import parse_order
from orders.errors import REASON_MAX, OrderRejected
from orders.publishing.message import encode_order

FITTING = ["0", "-0.0", "0E+500", "1E-130", "9.9E+125", "1" * 38, "0.0000001", "1" + "0" * 100, "-9.99E+125"]
UNFIT = ["1E-131", "1E+126", "1" * 39, "0." + "1" * 39, "-1E+126", "1e300000000", "1E400", "1e-300000000"]


def refusal_of(text: str) -> OrderRejected:
    with pytest.raises(OrderRejected) as caught:
        parse_order(text)
    assert len(caught.value.reason) <= REASON_MAX + 40
    caught.value.reason.encode()
    return caught.value


@pytest.mark.parametrize("text", FITTING)
def test_a_number_within_dynamodbs_range_fits(text: str) -> None:
    assert fits_number(Decimal(text))
    parse_order(f'{{"orderId":"A","x":[{{"y":{text}}}]}}')


@pytest.mark.parametrize("text", UNFIT)
def test_a_number_beyond_dynamodbs_range_is_refused_by_its_path(text: str) -> None:
    assert not fits_number(Decimal(text))
    error = refusal_of(f'{{"orderId":"A","ok":1.5,"x":[1,{{"y":{text}}}]}}')
    assert (error.field, error.order_id) == ("x[1].y", "A")


@pytest.mark.parametrize("text", ["1e99999999999999999999", "-1e-99999999999999999999", "1" * 5000, "NaN", "-Infinity"])
def test_a_number_that_python_cannot_read_is_refused_by_its_path(text: str) -> None:
    assert refusal_of(f'{{"orderId":"A","x":[1,{{"y":{text}}}]}}').field == "x[1].y"


def nested(levels: int, opening: str, closing: str, inner: str) -> str:
    """An order whose innermost container is at this level, the order being the first."""
    return f'{{"orderId":"A","x":{opening * (levels - 1)}{inner}{closing * (levels - 1)}}}'


@pytest.mark.parametrize(("opening", "closing", "inner"), [("[", "]", "1"), ("[", "]", ""), ('{"a":', "}", "{}")])
def test_32_levels_are_taken_and_33_refused(opening: str, closing: str, inner: str) -> None:
    most = LEVELS_MAX - (inner == "{}")
    parse_order(nested(most, opening, closing, inner))
    error = refusal_of(nested(most + 1, opening, closing, inner))
    assert "32 levels" in error.reason
    assert error.field is not None
    assert error.field.startswith("x")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (r'"note":"\ud83d"', "note"),
        (r'"a":[{"b":"x\udc00y"}]', "a[0].b"),
        (r'"na\ud83dme":1', "na\\ud83dme"),
        ('"note":"\ud83d"', "note"),
    ],
)
def test_half_a_surrogate_pair_is_refused_by_its_path(fields: str, path: str) -> None:
    assert refusal_of(f'{{"orderId":"A",{fields}}}').field == path
    assert refusal_of(json.dumps(f'{{"orderId":"A",{fields}}}')).field == path


def test_half_a_surrogate_pair_in_the_id_is_refused() -> None:
    assert refusal_of(r'{"orderId":"\ud83d"}').field == "orderId"


def test_a_whole_surrogate_pair_and_control_characters_are_taken() -> None:
    order = parse_order(r'{"orderId":"A","note":"\ud83d\ude00\u0000\u001b[2J","\u0007":1}')
    assert order.attributes["note"] == "😀\0\x1b[2J"


def test_names_of_64_kilobytes_less_one_are_taken_and_longer_or_empty_ones_refused() -> None:
    for name in ("n" * NAME_BYTES_MAX, "é" * (NAME_BYTES_MAX // 2)):
        parse_order(json.dumps({"orderId": "A", name: 1}))
        error = refusal_of(json.dumps({"orderId": "A", name + "é": 1}))
        assert "65,535" in error.reason
        assert len(error.field or "") < 100
    assert "empty" in refusal_of('{"orderId":"A","":1}').reason


def test_an_order_that_leaves_room_for_how_it_came_is_taken_and_one_byte_more_refused() -> None:
    assert ITEM_BYTES_MAX - len("orders:notification") - 100 - len("orders:traceparent") - 55 == ORDER_BYTES_MAX
    rest = ORDER_BYTES_MAX - len("orderIdA") - len("x")
    parse_order(json.dumps({"orderId": "A", "x": "y" * rest}))
    error = refusal_of(json.dumps({"orderId": "A", "x": "y" * (rest + 1)}))
    assert error.reason == "the order takes 409,409 bytes in DynamoDB, which leaves 409,408 for an order"


def test_a_null_that_is_not_stored_does_not_count() -> None:
    order = {"orderId": "A", "userId": None, "x": "y" * (ORDER_BYTES_MAX - len("orderIdA") - len("x"))}
    assert "userId" not in parse_order(json.dumps(order)).attributes
    assert "409,409 bytes" in refusal_of(json.dumps({**order, "x": f"{order['x']}y"})).reason


@pytest.mark.parametrize(("element", "element_bytes"), [("1", 3), ("-1", 4), ("[]", 4), ("{}", 4), ('"\u00e9"', 3)])
def test_many_small_values_are_counted_whatever_the_length_of_their_text(element: str, element_bytes: int) -> None:
    fitting = (ORDER_BYTES_MAX - len("orderIdA") - len("x") - 3) // element_bytes
    parse_order(f'{{"orderId":"A","x":[{",".join([element] * fitting)}]}}')
    assert "bytes in DynamoDB" in refusal_of(f'{{"orderId":"A","x":[{",".join([element] * (fitting + 1))}]}}').reason


def test_a_refusal_takes_linear_time_whatever_is_long() -> None:
    began = time.process_time()
    name, many = "n" * 60_000, "[" + "1," * 60_000 + "1e400]"
    refusal_of(f'{{"orderId":"A","{name}":{many}}}')
    refusal_of(f'{{"orderId":"A","{name}":{many[:-6]}NaN]}}')
    refusal_of(f'{{"orderId":"A","{name}":{many[:-6]}"\\ud83d"]}}')
    refusal_of(f'{{"orderId":"A","x":{"[" * 900}{"]" * 900}}}')
    assert time.process_time() - began < 2


def test_measuring_takes_no_memory_for_each_value() -> None:
    """A claim of 4 MiB may hold two million values: 160 bytes for each did not leave the function its memory."""
    order = {"orderId": "A", "x": [0] * 50_000, "y": {str(number): [] for number in range(1_000)}}
    tracemalloc.start()
    try:
        assert measure_item(order) > 100_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 10**37)
    | st.sampled_from(["1e5", "0", "-0.0", "1E-7"]).map(Decimal)
    | st.text(max_size=3)
    | st.decimals(-99, 99, places=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=20,
)


@given(_values)
def test_no_item_takes_more_than_twice_the_bytes_of_its_text(value: object) -> None:
    order = {"orderId": "A", "x": value}
    assert measure_item(order) <= 2 * len(encode_order(order).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("levels", [1, 2, 30])
@pytest.mark.parametrize("inner", ["1", "-1", "1e5", "0", '""', "[]", "{}", "null", '"\\u0041"'])
def test_the_densest_texts_make_no_larger_item(inner: str, levels: int) -> None:
    text = f'{{"orderId":"A","x":{"[" * levels}{inner}{"]" * levels}}}'
    assert measure_item(parse_order(text).attributes) <= 2 * len(text)


def test_checking_without_the_text_checks_everything() -> None:
    with pytest.raises(OrderRejected):
        check_limits({"x": "\ud83d"})
    with pytest.raises(OrderRejected):
        check_limits({"x": "y" * ITEM_BYTES_MAX})
    check_limits({"x": [1, Decimal("1.5"), None, True, {"y": "1" * DIGITS_MAX}]})
