"""Goal: nothing from outside reaches a terminal, a page or a spreadsheet as more than text, and no text is endless."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orders.cli
from orders.json_text import lay_out, to_json
from orders.text import csv_cell, printable, printable_block, printable_json, well_formed

ATTACK = "\x1b]0;owned\x07\x9b2J\r\n\x00\u202e\u2028\ud83d"
anything = st.text(st.characters() | st.sampled_from(ATTACK))
unsafe = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@given(anything, st.integers(0, 40))
def test_printable_is_one_bounded_line_without_controls(text: str, length: int) -> None:
    shown = printable(text, length)
    assert unsafe.search(shown) is None
    assert len(shown) <= length * 10 + 40
    assert len(text) <= length or f"({len(text) - length:,} more characters)" in shown


@given(anything)
def test_printable_block_keeps_lines_and_tabs_only(text: str) -> None:
    assert unsafe.search(printable_block(text).replace("\n", "").replace("\t", "")) is None
    assert printable_block("a\n\tb") == "a\n\tb"


@given(st.recursive(anything | st.integers(), lambda some: st.lists(some) | st.dictionaries(anything, some)))
def test_printable_json_is_the_same_document_without_controls(value: object) -> None:
    text = printable_json(json.dumps(value, ensure_ascii=False))
    assert unsafe.search(text) is None
    assert json.loads(text) == value
    assert json.loads(to_json(value)) == value


@given(anything)
def test_well_formed_text_has_utf8(text: str) -> None:
    assert well_formed(text).encode().decode() == well_formed(text)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")'])
def test_no_csv_cell_is_a_formula(text: str) -> None:
    assert csv_cell(text).startswith("'")
    assert unsafe.search(csv_cell(text)) is None


def test_numbers_and_ordinary_texts_stay_as_they_are_in_csv() -> None:
    assert [csv_cell(value) for value in (Decimal("-1.50"), -2, "GBP", "", None)] == ["-1.50", "-2", "GBP", "", ""]


@pytest.mark.parametrize("number", ["1e300000000", "-1E-300000000", "1e99999999999999999999", "19.90", "1" * 5000])
def test_a_number_is_laid_out_as_it_was_written(number: str) -> None:
    assert lay_out(f'{{"total":{number}}}') == f'{{\n  "total": {number}\n}}'


def test_a_decimal_of_any_exponent_is_short() -> None:
    assert to_json([Decimal("1E+300000000"), Decimal("1E+3"), Decimal("19.90")]) == "[1E+300000000, 1000, 19.90]"


def test_laying_out_never_multiplies_a_deep_text() -> None:
    text = "[" * 150 + ",".join(["1"] * 50_000) + "]" * 150
    assert len(lay_out(text)) < 4 * len(text)


def test_commands_print_through_the_one_way_that_escapes() -> None:
    """The few files that print styled lines escape the parts; test_orders_hostile.py attacks each of them."""
    folder = Path(orders.cli.__file__).parent
    direct = {
        path.name for path in folder.rglob("*.py") if re.search(r"click\.s?echo\(|(?<!\.)\bprint\(", path.read_text())
    }
    # confirmation.py ends a line, with no text.
    assert direct <= {
        "output.py",
        "tables.py",
        "watch.py",
        "logs.py",
        "verify.py",
        "demo.py",
        "main.py",
        "confirmation.py",
    }
