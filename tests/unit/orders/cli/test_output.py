"""Goal: JSON answers are JSON, and exact."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.times import parse_duration_ms
from orders.errors import OperatorError
from orders.json_text import to_json

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 2]))
def test_to_json_is_read_as_the_same_value(value: Any, indent: int | None) -> None:
    assert json.loads(to_json(value, indent=indent), parse_float=Decimal) == value


def test_to_json_writes_decimals_digit_for_digit() -> None:
    assert to_json({"total": Decimal("22.20"), "small": Decimal("1E-7")}) == '{"total": 22.20, "small": 0.0000001}'


def test_to_json_with_indent_is_laid_out_as_json_dumps_does() -> None:
    value = {"a": [1, {"b": []}], "c": {}}
    assert to_json(value, indent=2) == json.dumps(value, indent=2)


def test_parse_duration_of_units_and_of_nonsense() -> None:
    assert [parse_duration_ms(text) for text in ("90s", "10m", "2h", "7d")] == [90_000, 600_000, 7_200_000, 604_800_000]
    with pytest.raises(OperatorError, match="not a duration"):
        parse_duration_ms("soon")
