"""Goal: an amount is shown with the decimals of its currency, and no amount changes its value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.amounts import show_amount, with_amounts
from orders.domain.precedence import is_same_content


@pytest.mark.parametrize(
    ("stored", "currency", "shown"),
    [
        (Decimal("19.9"), "GBP", "19.90"),
        (Decimal("-20.9"), "EUR", "-20.90"),
        (20, "USD", "20.00"),
        (Decimal("0.001"), "GBP", "0.001"),
        (1990, "JPY", "1990"),
        (Decimal("1.5"), "KWD", "1.500"),
        (Decimal("19.9"), None, "19.9"),
        (Decimal("19.9"), "pounds", "19.9"),
        ("19.9", "GBP", "19.9"),
        (True, "GBP", "True"),
        (Decimal("1E+100"), "GBP", "1E+100"),
    ],
    ids=str,
)
def test_an_amount_has_the_decimals_of_its_currency(stored: Any, currency: Any, shown: str) -> None:
    assert str(show_amount(stored, currency)) == shown


def test_an_order_shows_its_amounts_as_the_shop_wrote_them() -> None:
    stored = {"currency": "GBP", "total": Decimal("19.9"), "items": [{"unitPrice": Decimal("2.5"), "quantity": 4}, 1]}
    shown = with_amounts(stored)
    assert (str(shown["total"]), str(shown["items"][0]["unitPrice"])) == ("19.90", "2.50")
    assert with_amounts({"currency": "GBP", "total": 1990})["total"] == 1990


numbers = st.integers(-(10**38), 10**38) | st.decimals(allow_nan=False, allow_infinity=False)


@given(numbers, st.sampled_from(["GBP", "JPY", "KWD", "CLF", "xx", None]))
def test_no_amount_changes_its_value(value: Any, currency: Any) -> None:
    assert show_amount(value, currency) == value
    order = {"total": value, "currency": currency, "items": [{"unitPrice": value}]}
    assert is_same_content(with_amounts(order), order)
