"""Goal: the console shows amounts as the commands do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.cli.output import show_number
from orders.console.render import exact, money


@pytest.mark.parametrize("value", [0.0, 3.0, 19.9, 1_234.5, 12_345_678.25])
def test_a_value_of_the_last_hour_is_the_one_that_status_shows(value: float) -> None:
    assert exact(value) == show_number(value)


def test_an_amount_has_the_decimals_of_its_currency_without_scripts_too() -> None:
    assert ">19.90 GBP<" in money(Decimal("19.9"), "GBP")
    assert ">1990 JPY<" in money(Decimal(1990), "JPY")
    assert ">19.9<" in money(Decimal("19.9"))
