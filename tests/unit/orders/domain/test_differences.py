"""Goal: the differences of two orders are all of them, bounded, and none where DynamoDB sees none."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.differences import (
    DIFFERENCES_MAX,
    PATH_CHARACTERS_MAX,
    VALUE_CHARACTERS_MAX,
    Difference,
    find_differences,
)
from orders.domain.precedence import is_same_content

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(-100, 100, places=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
ORDERS = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)


@given(ORDERS, ORDERS)
def test_differences_are_empty_where_the_content_is_the_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = find_differences(before, after)
    assert (not found.shown) == is_same_content(before, after)
    assert len(found.shown) + found.left_out < 100


@given(st.dictionaries(st.sampled_from("abcd"), SCALARS), st.dictionaries(st.sampled_from("abcd"), SCALARS))
def test_differences_lead_from_one_version_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    made = dict(before)
    for one in find_differences(before, after).shown:
        if one.after is None:
            del made[one.path]
        else:
            made[one.path] = json.loads(one.after, parse_float=Decimal)
    assert is_same_content(made, after)


def test_differences_name_paths_within_lists() -> None:
    before = {"items": [{"sku": "A", "quantity": 1}, {"sku": "B"}], "total": Decimal("22.20")}
    after = {"items": [{"sku": "A", "quantity": 2}], "total": Decimal("22.2"), "paid": True}
    assert find_differences(before, after).shown == (
        Difference("items[0].quantity", "1", "2"),
        Difference("items[1]", '{"sku": "B"}', None),
        Difference("paid", None, "true"),
    )


def test_differences_of_hostile_orders_are_bounded() -> None:
    wide = {f"f{number}": "x" * 10_000 for number in range(5_000)}
    deep: Any = "end"
    for _ in range(30):
        deep = {"n" * 60_000: deep}
    found = find_differences({}, wide)
    assert (len(found.shown), found.left_out) == (DIFFERENCES_MAX, 5_000 - DIFFERENCES_MAX)
    assert all(len(one.after or "") <= VALUE_CHARACTERS_MAX + 1 for one in found.shown)
    [one] = find_differences(deep, {"n" * 60_000: {"n" * 60_000: 1}}).shown
    assert len(one.path) <= PATH_CHARACTERS_MAX + 1
