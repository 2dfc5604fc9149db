"""Goal: an order of too many values is refused by its text, exactly, at once, and whatever the text is."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain import value_count
from orders.domain.order import parse_order
from orders.domain.value_count import VALUES_MAX, check_value_count
from orders.errors import OrderRejected

CLAIM = 4 * 1024 * 1024
values = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a,"[]{}\\\n\u00e9', max_size=6),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('a,"[{\\', max_size=3), inner, max_size=4),
    max_leaves=40,
)


def count(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, members))


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_bound_is_on_the_values_and_on_nothing_else(value: Any, indent: Any, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_count, "COUNTED_CHARACTERS_MIN", 0)
        patch.setattr(value_count, "VALUES_MAX", count(value))
        check_value_count(text)
        patch.setattr(value_count, "VALUES_MAX", count(value) - 1)
        with pytest.raises(OrderRejected, match=f"holds {count(value):,} values"):
            check_value_count(text)


def test_as_many_as_are_taken_are_taken_and_one_more_is_not() -> None:
    rest = VALUES_MAX - 3  # the order, its id, the list
    order = parse_order(json.dumps({"orderId": "A", "x": [10] * rest}), bytes_max=None)
    assert len(order.attributes["x"]) == rest
    with pytest.raises(OrderRejected, match="200,001 values: an order has 200,000 at most"):
        parse_order(json.dumps({"orderId": "A", "x": [10] * (rest + 1)}), bytes_max=None)


def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    check_value_count(json.dumps({"orderId": "A", "note": ',[{"' * 400_000}))


@pytest.mark.parametrize(
    "piece", ["0,", "[],", '"",', '{"a":0},', "[", "{", '"\\""', '\\"', '"', "\\", '",', " ,", "[[[[0]]]],"]
)
def test_what_is_too_much_is_refused_in_linear_time_and_memory(piece: str) -> None:
    text = '{"orderId":"A","x":[' + piece * (CLAIM // len(piece)) + '"' * (CLAIM // 100)
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(OrderRejected):
            parse_order(text, bytes_max=None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 4
    assert peak < 30 * CLAIM
