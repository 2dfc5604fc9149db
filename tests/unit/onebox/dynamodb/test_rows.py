"""Goal: elements that are alike are measured, made canonical and refused as each of them would be by itself."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AwsError
from onebox.services.dynamodb.values.attributes import serialize_item
from onebox.services.dynamodb.values.numbers import CANONICAL_SIZES, measure_in_place, measure_number
from onebox.services.dynamodb.values.rows import ROWS_MAX, ROWS_MIN, measure_rows

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(lambda text: {"S": text})
_numbers = st.sampled_from(["0", "7", "-2.5", "1E2", "2.50", "+3", "0.0", "1E-130"]).map(lambda text: {"N": text})
_wrong: st.SearchStrategy[Any] = st.sampled_from(
    [
        *({}, {"S": 1}, {"N": 1}, {"N": "x"}, {"N": "1E999"}, {"N": ["1"]}, {"N": True}, {"S": "a", "N": "1"}),
        *(
            {"S": "a", "x": 1},
            {"S": None},
            {"SS": []},
            {"BOOL": True},
            {"M": {}},
            {"L": []},
            "S",
            "N",
            ["S"],
            [],
            "",
            5,
        ),
        *(None, {"M": ""}, {"M": []}, {"M": "ab"}, {"M": None}, {"M": {"a": {"S": "x"}}}, {"M": {"b": "S"}}),
    ]
)


@st.composite
def _rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(["a", "b", "é", "S", "M", ""]), min_size=1, max_size=3, unique=True))
    columns = {name: draw(st.sampled_from([_texts, _numbers])) for name in names}
    count = draw(st.integers(1, 2 * ROWS_MIN))
    return [{"M": {name: draw(column) for name, column in columns.items()}} for _ in range(count)]


def _outcome(elements: list[Any]) -> tuple[Any, ...]:
    """What becomes of a list: its JSON and size, or the words of the refusal."""
    try:
        return serialize_item({"l": {"L": deepcopy(elements)}})
    except AwsError as error:
        return type(error).__name__, error.message


def _outcome_one_by_one(elements: list[Any]) -> tuple[Any, ...]:
    empty_size = _outcome([])[1]
    contents, size_bytes = [], empty_size
    for element in elements:
        data, alone = _outcome([element])
        if isinstance(data, str):
            return data, alone
        contents.append(orjson.loads(data)["l"]["L"][0])
        size_bytes += alone - empty_size
    return orjson.dumps({"l": {"L": contents}}), size_bytes


@given(_rows())
def test_measure_rows_alike_as_one_by_one(elements: list[Any]) -> None:
    assert _outcome(elements) == _outcome_one_by_one(elements)


@given(_rows(), st.data())
def test_measure_rows_with_something_wrong_in_one_as_one_by_one(elements: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(elements) - 1))
    wrong = data.draw(_wrong)
    if data.draw(st.booleans()):
        elements[at] = wrong
    else:
        members = elements[at]["M"]
        members[data.draw(st.sampled_from([*members, "new"]))] = wrong
    assert _outcome(elements) == _outcome_one_by_one(elements)


def test_measure_rows_reports_the_first_wrong_element_though_a_later_one_is_wrong_in_an_earlier_column() -> None:
    elements = [{"M": {"a": {"N": "1"}, "b": {"N": "1"}}} for _ in range(ROWS_MIN)]
    elements[1]["M"]["b"] = {"N": "first"}
    elements[2]["M"]["a"] = {"N": "second"}
    assert "first" in _outcome(elements)[1]


@pytest.mark.parametrize("members", [{}, {"a": {"BOOL": True}}])
def test_measure_rows_others_than_texts_and_numbers_are_left_to_the_walk(members: dict[str, Any]) -> None:
    assert measure_rows([{"M": dict(members)} for _ in range(ROWS_MIN)]) is None


@pytest.mark.parametrize("wrong", [{"N": "x"}, {"S": "a"}, {"BOOL": True}, {"X": "a"}, None])
def test_measure_rows_of_more_than_are_measured_at_once_as_one_by_one(wrong: Any) -> None:
    elements = [{"M": {"a": {"N": f"{row}e1"}, "b": {"S": "é"}}} for row in range(2 * ROWS_MAX + 1)]
    assert _outcome(elements) == _outcome_one_by_one(elements)
    elements[ROWS_MAX + 1]["M"]["a"] = wrong
    assert _outcome(elements) == _outcome_one_by_one(elements)


@pytest.mark.parametrize("names", [15, 100])
def test_numbers_are_worked_out_once_though_their_rows_are_measured_in_vain(names: int) -> None:
    rows = 20_000 // names
    elements = [
        {"M": {**{f"n{at}": {"N": f"{row}{at:03}.5"} for at in range(names)}, "last": {"BOOL": True}}}
        for row in range(1, rows + 1)
    ]
    CANONICAL_SIZES.clear()
    measure_number.cache_clear()
    serialize_item({"l": {"L": elements}})
    assert measure_number.cache_info().misses == rows * names


def test_measure_in_place_keeps_a_bounded_number_of_sizes() -> None:
    for number in range(20_000):
        assert measure_in_place({"N": str(number)}) == measure_number(str(number))[1]
    assert len(CANONICAL_SIZES) <= 8192
