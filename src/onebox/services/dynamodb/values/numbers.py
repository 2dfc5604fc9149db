"""DynamoDB's numbers: exact decimals of up to 38 digits, from 1E-130 to 9.99…E+125.

Promises: the canonical text is what DynamoDB returns (plain digits, no exponent, no needless zeros); two numbers
are equal exactly when their canonical texts are; the byte order of :func:`encode_number` is the order of the values.
Knows nothing of attribute values or expressions.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.dynamodb.limits import (
    NUMBER_DIGITS_MAX,
    NUMBER_MAGNITUDE_MAX,
    NUMBER_MAGNITUDE_MIN,
)

_FORM = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?\Z")
_SHORT_CANONICAL = re.compile(r"(-?)(?:0|([1-9][0-9]*))\.([0-9]*[1-9])|(-?)([1-9][0-9]*)")
"""A number in its canonical form, if its text is no longer than NUMBER_DIGITS_MAX; zero is left out."""
_EXACT = Context(prec=600, Emax=1000, Emin=-1000)
"""Wide enough for the exact sum of any two numbers: 126 digits before the point and 168 after it."""
_EXPONENT_DIGITS_MAX = 10
_TEXT_MAX = 512
"""Ours: longer texts, which no client writes, would fill the caches."""

_OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
_UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
_TOO_PRECISE = f"Attempting to store more than {NUMBER_DIGITS_MAX} significant digits in a Number"


class _Parts(NamedTuple):
    """``digits`` without outer zeros, empty for zero; the value is 0.digits times ten to the ``magnitude + 1``."""

    negative: bool
    digits: str
    magnitude: int


CANONICAL_SIZES: dict[str, int] = {}
"""The bytes of numbers that were measured, by their canonical text: for those who measure many. Emptied when full."""
_SIZES_KEPT = 8192


def measure_in_place(value: dict[str, str]) -> int:
    """The bytes of an ``N`` value; its text becomes the canonical one. Raises as :func:`measure_number`."""
    text = value["N"]
    canonical, size = measure_number(text)
    if canonical != text:
        value["N"] = canonical
    else:
        if len(CANONICAL_SIZES) >= _SIZES_KEPT:
            CANONICAL_SIZES.clear()
        CANONICAL_SIZES[text] = size
    return size


@lru_cache(maxsize=8192)
def measure_number(text: str) -> tuple[str, int]:
    """The canonical text and the bytes that DynamoDB counts for it.

    Raises ValidationException for what is no number, too large, too small or too precise.
    """
    # Nearly all numbers come as they are stored: those cost a fourth.
    found = _SHORT_CANONICAL.fullmatch(text) if text and len(text) <= NUMBER_DIGITS_MAX else None
    if found is not None:
        return text, _size_of_canonical(found)
    parts = _parse(text)
    return _format(parts), _size(parts)


def canonical_number(text: str) -> str:
    """The text that DynamoDB returns for this number. Raises ValidationException."""
    return measure_number(text)[0]


@lru_cache(maxsize=8192)
def encode_number(text: str) -> bytes:
    """Bytes whose order is the order of the numbers. ``text`` must be a valid number."""
    negative, digits, magnitude = _parse(text)
    if not digits:
        return b"\x01"
    body = bytes([magnitude - NUMBER_MAGNITUDE_MIN]) + digits.encode()
    if not negative:
        return b"\x02" + body
    # Larger magnitudes sort first; the closing 0xFF puts -1 behind -1.5, whose digits go on.
    return b"\x00" + bytes(255 - byte for byte in body) + b"\xff"


def add_numbers(left: str, right: str) -> str:
    """The exact sum. Raises ValidationException if it cannot be stored exactly."""
    return _canonical_result(_EXACT.add(Decimal(left), Decimal(right)))


def subtract_numbers(left: str, right: str) -> str:
    """The exact difference. Raises ValidationException if it cannot be stored exactly."""
    return _canonical_result(_EXACT.subtract(Decimal(left), Decimal(right)))


def _canonical_result(value: Decimal) -> str:
    text = f"{value:f}"
    if len(_split(text).digits) > NUMBER_DIGITS_MAX:
        raise ValidationException(_OVERFLOW)  # DynamoDB calls a result of too many digits an overflow, too
    return canonical_number(text)


def _parse(text: str) -> _Parts:
    parts = _split(text)
    if parts.digits:
        if parts.magnitude > NUMBER_MAGNITUDE_MAX:
            raise ValidationException(_OVERFLOW)
        if parts.magnitude < NUMBER_MAGNITUDE_MIN:
            raise ValidationException(_UNDERFLOW)
        if len(parts.digits) > NUMBER_DIGITS_MAX:
            raise ValidationException(_TOO_PRECISE)
    return parts


def _split(text: str) -> _Parts:
    if not text:
        raise ValidationException("The parameter cannot be converted to a numeric value")
    match = _FORM.match(text) if len(text) <= _TEXT_MAX else None
    if match is None or not (match[2] or match[3]):
        raise ValidationException(f"The parameter cannot be converted to a numeric value: {text}")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return _Parts(False, "", 0)
    if len(exponent) > _EXPONENT_DIGITS_MAX:
        raise ValidationException(_UNDERFLOW if exponent[0] == "-" else _OVERFLOW)
    magnitude = len(digits) - 1 - len(fraction) + int(exponent)
    return _Parts(sign == "-", digits.rstrip("0"), magnitude)


def _format(parts: _Parts) -> str:
    negative, digits, magnitude = parts
    if not digits:
        return "0"
    if magnitude < 0:
        plain = "0." + "0" * (-magnitude - 1) + digits
    elif len(digits) <= magnitude + 1:
        plain = digits.ljust(magnitude + 1, "0")
    else:
        plain = f"{digits[: magnitude + 1]}.{digits[magnitude + 1 :]}"
    return "-" + plain if negative else plain


def _size(parts: _Parts) -> int:
    """A byte, and one for each begun pair of significant digits on either side of the point, and one for a minus."""
    whole = min(max(parts.magnitude + 1, 0), len(parts.digits))
    fraction = len(parts.digits) - whole
    return 1 + (whole + 1) // 2 + (fraction + 1) // 2 + parts.negative


def _size_of_canonical(found: re.Match[str]) -> int:
    """As :func:`_size`, of a match of ``_SHORT_CANONICAL``."""
    sign, whole, fraction, integer_sign, integer = found.groups()
    if integer is not None:
        return 1 + (len(integer.rstrip("0")) + 1) // 2 + len(integer_sign)
    if whole is None:
        return 1 + (len(fraction.lstrip("0")) + 1) // 2 + len(sign)
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + len(sign)
