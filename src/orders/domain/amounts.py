"""Amounts of money for people, with the decimals of their currency: 19.90 GBP, 1990 JPY.

DynamoDB drops the trailing zeros of a number: the published 19.90 is stored as 19.9, the same number. Only zeros are
added here; no value is rounded. Pure.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
https://www.iso.org/iso-4217-currency-codes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from orders.domain.contract import CURRENCY_PATTERN

DECIMALS = 2
# The currencies of ISO 4217 with other decimals than two.
NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
FOUR_DECIMALS = "CLF UYW"
OTHER_DECIMALS = {
    currency: decimals
    for decimals, currencies in ((0, NO_DECIMALS), (3, THREE_DECIMALS), (4, FOUR_DECIMALS))
    for currency in currencies.split()
}
# DynamoDB's numbers have 38 digits; the zeros that are added come on top.
_EXACT = Context(prec=60)
_is_currency = re.compile(CURRENCY_PATTERN).search


def show_amount(value: Any, currency: Any) -> Any:
    """An amount with at least the decimals of its currency; unchanged without one, or if it is no number."""
    if type(value) not in (int, Decimal) or not isinstance(currency, str) or not _is_currency(currency):
        return value
    decimals = OTHER_DECIMALS.get(currency, DECIMALS)
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or exponent <= -decimals or exact.adjusted() + decimals >= _EXACT.prec:
        return value
    return exact.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def with_amounts(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order with its total and its unit prices written in its currency; equal to the order in every value.

    Whole numbers stay as they are, since an order may count in the currency's smallest unit.
    """
    currency = order.get("currency")
    shown = dict(order)
    if "total" in order:
        shown["total"] = _show_fraction(order["total"], currency)
    items = order.get("items")
    if isinstance(items, list):
        shown["items"] = [_with_price(line, currency) for line in items]
    return shown


def _with_price(line: Any, currency: Any) -> Any:
    if not isinstance(line, dict) or "unitPrice" not in line:
        return line
    return {**line, "unitPrice": _show_fraction(line["unitPrice"], currency)}


def _show_fraction(value: Any, currency: Any) -> Any:
    return value if type(value) is int else show_amount(value, currency)
