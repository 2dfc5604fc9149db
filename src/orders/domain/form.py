"""Converts form fields to the order's text, and maps violations back to the form fields.

Promises: a number keeps the digits that were typed and never becomes a binary float. Empty fields, and lines whose
fields are all empty, are omitted from the order. Errors name the form field.
Form fields are named by their paths in the order: orderId, items[0].unitPrice.
Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow

from orders.domain.contract import FIELDS, LINE_FIELDS, Field
from orders.domain.violations import find_violations

LINES_NAME = "items"
# The order fields in the form. itemName and quantity without items come from other systems.
ORDER_FIELDS = tuple(field for field in FIELDS if field.kind != "array" and field.name not in ("itemName", "quantity"))
# More digits than any real sum needs. A sum that would still be rounded is not shown.
_EXACT = Context(prec=200, Emax=999, Emin=-999, traps=[Inexact, InvalidOperation, Overflow])

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_match_line = re.compile(r"items\[([0-9]{1,6})\]\.([A-Za-z]+)").fullmatch
_starts_with_line = re.compile(r"items\[([0-9]+)\]").match


@dataclass(frozen=True)
class OrderForm:
    """The form's values, without surrounding spaces."""

    values: Mapping[str, str]
    """Values by field name."""
    lines: Mapping[int, Mapping[str, str]]
    """Lines by their number in the form, in order; each maps field names to values."""
    sums_up: bool = True
    """Whether the total is calculated from the lines."""

    @property
    def filled_lines(self) -> list[tuple[int, Mapping[str, str]]]:
        return [(number, line) for number, line in self.lines.items() if any(line.values())]


def read_form(sent: Iterable[tuple[str, str]], *, sums_up: bool) -> OrderForm:
    """Build the form from submitted fields; unknown fields are ignored."""
    values: dict[str, str] = {}
    lines: dict[int, dict[str, str]] = {}
    names = {field.name for field in ORDER_FIELDS}
    members = {field.name for field in LINE_FIELDS}
    for name, value in sent:
        if name in names:
            values[name] = value.strip()
        elif (found := _match_line(name)) and found[2] in members:
            lines.setdefault(int(found[1]), {})[found[2]] = value.strip()
    return OrderForm(values, dict(sorted(lines.items())), sums_up)


def compose(form: OrderForm) -> str:
    """The order's text. An invalid number stays a string, so that validation reports it."""
    members: list[str] = []
    for field in FIELDS:
        if field.name == LINES_NAME and form.filled_lines:
            lines = ",".join(_object(_members(LINE_FIELDS, line)) for _, line in form.filled_lines)
            members.append(f'"{LINES_NAME}":[{lines}]')
        elif field.name == "total" and form.sums_up:
            total = sum_lines(form)
            members += [] if total is None else [f'"total":{total}']
        else:
            members += _members((field,), form.values)
    return _object(members)


def check(form: OrderForm) -> dict[str, str]:
    """The violations by form field; the empty name holds violations of the whole order."""
    numbers = [number for number, _ in form.filled_lines]
    found: dict[str, str] = {}
    for path, expectation in find_violations(compose(form)):
        found.setdefault(_field_of(path, numbers), expectation)
    return found


def sum_lines(form: OrderForm) -> str | None:
    """The exact sum of the lines; None without lines, if one lacks a number, or if the sum would be rounded."""
    total = Decimal(0)
    lines = form.filled_lines
    try:
        for _, line in lines:
            quantity, price = line.get("quantity", ""), line.get("unitPrice", "")
            if not (_is_number(quantity) and _is_number(price)):
                return None
            amount = _EXACT.multiply(_EXACT.create_decimal(quantity), _EXACT.create_decimal(price))
            total = _EXACT.add(total, amount)
    except DecimalException:
        return None
    return format(total, "f") if lines else None


def _members(fields: Iterable[Field], values: Mapping[str, str]) -> list[str]:
    return [f'"{field.name}":{_token(field, values[field.name])}' for field in fields if values.get(field.name)]


def _token(field: Field, text: str) -> str:
    if field.kind in ("integer", "number") and _is_number(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _object(members: Iterable[str]) -> str:
    return "{" + ",".join(members) + "}"


def _field_of(path: str, numbers: list[int]) -> str:
    """The form field for a path in the order. The order's line numbers do not count empty lines."""
    found = _starts_with_line(path)
    if found is None:
        return path
    return f"{LINES_NAME}[{numbers[int(found[1])]}]{path[found.end() :]}"
