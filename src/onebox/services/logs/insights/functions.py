"""Functions on single values. Pure; a function of a missing or unfit value is missing."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Sequence
from typing import Any

from onebox.services.logs.insights.values import Moment, compare, to_number, to_text

Function = Callable[[Sequence[Any]], Any]


def _on_number(apply: Callable[[float], Any]) -> Function:
    def call(arguments: Sequence[Any]) -> Any:
        number = to_number(arguments[0])
        try:
            return None if number is None else apply(number)
        except (ValueError, OverflowError):
            return None

    return call


def _on_text(apply: Callable[[str], Any]) -> Function:
    return lambda arguments: None if arguments[0] is None else apply(to_text(arguments[0]))


def _extreme(wanted: int) -> Function:
    def call(arguments: Sequence[Any]) -> Any:
        found = None
        for argument in arguments:
            order = compare(argument, found)
            if found is None or (order is not None and order * wanted > 0):
                found = argument if argument is not None else found
        return found

    return call


def _substr(arguments: Sequence[Any]) -> Any:
    start, length = to_number(arguments[1]), to_number(arguments[2]) if len(arguments) > 2 else None
    if arguments[0] is None or start is None:
        return None
    text = to_text(arguments[0])
    begin = max(0, int(start))
    return text[begin:] if length is None else text[begin : begin + max(0, int(length))]


def _replace(arguments: Sequence[Any]) -> Any:
    text, searched, replacement = (None if value is None else to_text(value) for value in arguments)
    if text is None or not searched or replacement is None:
        return text
    # What it becomes may not be many times what it was.
    return text.replace(searched, replacement) if len(replacement) <= len(searched) + 100 else text


def _is_address(version: int) -> Function:
    def call(arguments: Sequence[Any]) -> Any:
        try:
            address = ipaddress.ip_address(to_text(arguments[0])[:64])
        except ValueError:
            return False
        return version in (0, address.version)

    return call


def _rounded(*, up: bool) -> Function:
    def call(arguments: Sequence[Any]) -> Any:
        at_ms, span_ms = to_number(arguments[0]), to_number(arguments[1])
        if at_ms is None or span_ms is None or span_ms < 1:
            return None
        below = int(at_ms) - int(at_ms) % int(span_ms)
        return Moment(below + int(span_ms) if up and below < at_ms else below)

    return call


def _moment(arguments: Sequence[Any]) -> Any:
    number = to_number(arguments[0])
    return None if number is None or not math.isfinite(number) else Moment(int(number))


def _milliseconds(arguments: Sequence[Any]) -> Any:
    number = to_number(arguments[0])
    return None if number is None or not math.isfinite(number) else int(number)


# By name: the least and the most arguments, and the function.
FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "abs": (1, 1, _on_number(abs)),
    "ceil": (1, 1, _on_number(math.ceil)),
    "floor": (1, 1, _on_number(math.floor)),
    "greatest": (1, 50, _extreme(1)),
    "least": (1, 50, _extreme(-1)),
    "log": (1, 1, _on_number(math.log)),
    "sqrt": (1, 1, _on_number(math.sqrt)),
    "isempty": (1, 1, lambda arguments: arguments[0] is None or to_text(arguments[0]) == ""),
    "isblank": (1, 1, lambda arguments: arguments[0] is None or not to_text(arguments[0]).strip()),
    "ispresent": (1, 1, lambda arguments: arguments[0] is not None),
    "coalesce": (1, 50, lambda arguments: next((value for value in arguments if value is not None), None)),
    "concat": (1, 50, lambda arguments: "".join(to_text(value) for value in arguments)),
    "ltrim": (1, 2, lambda arguments: _strip(str.lstrip, arguments)),
    "rtrim": (1, 2, lambda arguments: _strip(str.rstrip, arguments)),
    "trim": (1, 2, lambda arguments: _strip(str.strip, arguments)),
    "strlen": (1, 1, _on_text(len)),
    "toupper": (1, 1, _on_text(str.upper)),
    "tolower": (1, 1, _on_text(str.lower)),
    "substr": (2, 3, _substr),
    "replace": (3, 3, _replace),
    "strcontains": (2, 2, lambda arguments: int(to_text(arguments[1]) in to_text(arguments[0]))),
    "isvalidip": (1, 1, _is_address(0)),
    "isvalidipv4": (1, 1, _is_address(4)),
    "isvalidipv6": (1, 1, _is_address(6)),
    "datefloor": (2, 2, _rounded(up=False)),
    "dateceil": (2, 2, _rounded(up=True)),
    "frommillis": (1, 1, _moment),
    "tomillis": (1, 1, _milliseconds),
}


def _strip(strip: Callable[..., str], arguments: Sequence[Any]) -> Any:
    if arguments[0] is None:
        return None
    characters = to_text(arguments[1]) if len(arguments) > 1 and arguments[1] is not None else None
    return strip(to_text(arguments[0]), characters)
