"""Values of Logs Insights: texts, numbers, truth values and moments. Pure."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_NUMBER_CHARACTERS_MAX = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MS = 253_402_300_799_999

UNITS_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "mo": 2_592_000_000,
    "q": 7_776_000_000,
    "y": 31_536_000_000,
}
"""The units of bin() and its kin, by their short names."""


class Moment(int):
    """A moment in ms since the epoch: a number that is shown as a date."""


Value = str | float | int | bool | None


def to_number(value: Any) -> float | int | None:
    """The number that a value is; None for what is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and len(value) <= _NUMBER_CHARACTERS_MAX and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def to_text(value: Any) -> str:
    """A value as results show it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Moment):
        return moment_text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(round(value, 4))
    if isinstance(value, int):
        return str(value)
    return "" if value is None else orjson.dumps(value).decode()


def moment_text(at_ms: int) -> str:
    """``2026-01-02 03:04:05.678``."""
    moment = _EPOCH + timedelta(milliseconds=max(0, min(_LAST_MS, at_ms)))
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def is_true(value: Any) -> bool:
    """Whether a condition holds."""
    if isinstance(value, str):
        return value.lower() not in ("", "0", "false")
    return bool(value)


def compare(left: Any, right: Any) -> int | None:
    """Negative, zero or positive; numbers as numbers, all else as text. None if a side is missing."""
    if left is None or right is None:
        return None
    first, second = to_number(left), to_number(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    one, other = to_text(left), to_text(right)
    return (one > other) - (one < other)


def sort_key(value: Any) -> tuple[int, float, str]:
    """The place of a value in a sorted column: missing, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    number = to_number(value)
    return (1, float(number), "") if number is not None else (2, 0.0, to_text(value))
