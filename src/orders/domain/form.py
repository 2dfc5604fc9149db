"""An order typed into a form: from its fields to the text that is published, and from violations back to the fields.

Promises: a number travels as the digits that were typed, never through a binary number; a field that is left empty is
left out of the order, and so is a line whose fields are all empty; what is wrong is named by the form's own field.
A form's fields are named by their paths in the order: orderId, items[0].unitPrice.
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
# The order as a form has it: one line without items is an order of other systems.
ORDER_FIELDS = tuple(field for field in FIELDS if field.kind != "array" and field.name not in ("itemName", "quantity"))
# What no sum of prices comes near; where it would not do, there is no sum rather than a rounded one.
_EXACT = Context(prec=200, Emax=999, Emin=-999, traps=[Inexact, InvalidOperation, Overflow])

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_match_line = re.compile(r"items\[([0-9]{1,6})\]\.([A-Za-z]+)").fullmatch
_starts_with_line = re.compile(r"items\[([0-9]+)\]").match


@dataclass(frozen=True)
class OrderForm:
    """What was typed, without the spaces around it."""

    values: Mapping[str, str]
    """By field."""
    lines: Mapping[int, Mapping[str, str]]
    """By the number that the form gave them, in their order; each by field."""
    sums_up: bool = True
    """Whether the total is what the lines come to."""

    @property
    def filled_lines(self) -> list[tuple[int, Mapping[str, str]]]:
        return [(number, line) for number, line in self.lines.items() if any(line.values())]


def read_form(sent: Iterable[tuple[str, str]], *, sums_up: bool) -> OrderForm:
    """The form that these fields make; fields that no order has are left out."""
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
    """The order's text. What is no number stands there as a string, for the contract to name it."""
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
    """What was expected, by the field of the form; under the empty name what concerns the order as a whole."""
    numbers = [number for number, _ in form.filled_lines]
    found: dict[str, str] = {}
    for path, expectation in find_violations(compose(form)):
        found.setdefault(_field_of(path, numbers), expectation)
    return found


def sum_lines(form: OrderForm) -> str | None:
    """What the lines come to, exactly; None where there are none or one lacks a number."""
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
    """The form's name for a path in the order, whose lines are counted without the empty ones."""
    found = _starts_with_line(path)
    if found is None:
        return path
    return f"{LINES_NAME}[{numbers[int(found[1])]}]{path[found.end() :]}"
