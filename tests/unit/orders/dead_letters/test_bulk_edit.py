"""Goal: one change is applied to many orders exactly where it is named, and nothing else of them changes."""

from __future__ import annotations

import json

import pytest

from orders.dead_letters.bulk_edit import apply_change, describe, make_change
from orders.errors import OperatorError

ORDER = '{"orderId": "A", "total": 19.90, "currency": "pounds", "items": [{"sku": "x", "quantity": "six"}, {"sku": "y", "quantity": 1}]}'  # noqa: E501


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("currency", "GBP", {"currency": "GBP"}),
        ("currency", '"GBP"', {"currency": "GBP"}),
        ("items[0].quantity", "6", {"items": [{"sku": "x", "quantity": 6}, {"sku": "y", "quantity": 1}]}),
        ("items[].quantity", "2", {"items": [{"sku": "x", "quantity": 2}, {"sku": "y", "quantity": 2}]}),
        ("items[9].quantity", "2", {}),
        ("new.deep", "2", {}),
        ("note", "hello there", {"note": "hello there"}),
    ],
)
def test_a_field_is_set_where_the_path_names_it(path: str, value: str, expected: dict[str, object]) -> None:
    edited = apply_change(ORDER, make_change(path, value))
    assert json.loads(edited.after) == {**json.loads(ORDER), **expected}
    assert '"total": 19.90' in edited.after, "other numbers keep their text"


def test_a_field_is_removed() -> None:
    edited = apply_change(ORDER, make_change("items", "", is_removal=True))
    assert "items" not in json.loads(edited.after)
    assert describe(make_change("items[].sku", "", is_removal=True)) == "remove items[].sku"


def test_what_the_contract_says_of_the_result_is_reported() -> None:
    assert "currency" in apply_change(ORDER, make_change("items[0].quantity", "6")).violation
    fixed = apply_change(
        apply_change(ORDER, make_change("items[0].quantity", "6")).after, make_change("currency", "GBP")
    )
    assert (fixed.violation, fixed.is_changed) == ("", True)


def test_a_body_that_is_not_json_stays() -> None:
    edited = apply_change("{", make_change("a", "1"))
    assert (edited.is_changed, edited.violation) == (False, "not JSON: edit this order by itself")


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[x]", "[0]", "a[0", "x" * 201])
def test_a_path_that_names_no_field_is_refused(path: str) -> None:
    with pytest.raises(OperatorError):
        make_change(path, "1")
