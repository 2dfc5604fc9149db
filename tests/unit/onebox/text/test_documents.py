"""Goal: a document from outside costs little whatever it is, and never raises anything but ValueError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.text.documents import DEPTH_MAX, DuplicateMember, parse_document, parse_object

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_is_read_as_written(value: Any) -> None:
    assert parse_document(json.dumps(value)) == value
    assert parse_document(json.dumps(value), unique_members=True) == value


@given(st.text() | st.binary())
def test_anything_else_raises_value_error_alone(text: str | bytes) -> None:
    try:
        parse_document(text)
    except ValueError:
        return
    assert json.loads(text) is not Ellipsis, "what is accepted is JSON"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 3_000,
        "[" * 500_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1),
        "NaN",
        "[Infinity]",
        "1e999",
        '"\\ud800"',
        '"\ud800"',
        b"\xff",
        "[1",
        "9" * 5_000 + "x",
        '"' + "x" * 2_000_000 + '"',
    ],
    ids=lambda text: repr(text)[:20],
)
def test_hostile_documents_are_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the contract is ValueError
        parse_document(text)


def test_depth_counts_nesting_and_not_width() -> None:
    wide = json.dumps([[[1]]] * 10_000)
    assert parse_document(wide, depth_max=3) == [[[1]]] * 10_000
    with pytest.raises(ValueError, match="deeper than 2"):
        parse_document(wide, depth_max=2)
    assert parse_document("[" * DEPTH_MAX + "]" * DEPTH_MAX)


def test_the_last_of_two_members_counts_unless_they_are_refused() -> None:
    text = '{"a": {"b": 1, "b": 2}}'
    assert parse_document(text) == {"a": {"b": 2}}
    with pytest.raises(DuplicateMember) as caught:
        parse_document(text, unique_members=True)
    assert caught.value.name == "b"


def test_size_counts_bytes() -> None:
    assert parse_document('"éé"', bytes_max=6) == "éé"
    with pytest.raises(ValueError, match="at most 5"):
        parse_document('"éé"', bytes_max=5)


def test_an_object_is_an_object() -> None:
    assert parse_object('{"a": 1}') == {"a": 1}
    with pytest.raises(ValueError, match="not an object"):
        parse_object("[1]")
