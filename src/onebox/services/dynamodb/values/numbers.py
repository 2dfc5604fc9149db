"""DynamoDB's numbers: exact decimals of up to 38 digits, from 1E-130 to 9.99…E+125.

Promises: the canonical text is what DynamoDB returns (plain digits, no exponent, no needless zeros); two numbers
are equal exactly when their canonical texts are; the byte order of :func:`encode_number` is the order of the values.
Knows nothing of attribute values or expressions.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal
from functools import lru_cache
from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.dynamodb.limits import (
    NUMBER_DIGITS_MAX,
    NUMBER_MAGNITUDE_MAX,
    NUMBER_MAGNITUDE_MIN,
)

_FORM = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?\Z")
_CANONICAL = r"(?:0|-?(?:[1-9][0-9]*|(?:0|[1-9][0-9]*)\.[0-9]*[1-9]))"
_SHORT_CANONICAL = re.compile(_CANONICAL)
"""A number in its canonical form, if its text is no longer than NUMBER_DIGITS_MAX."""
_ALL_CANONICAL = re.compile(f"(?:{_CANONICAL},)*")
"""As _SHORT_CANONICAL, of several, with a comma behind each."""
_CHARACTERS = "0123456789+-.eE"
_STORED = Context(
    prec=NUMBER_DIGITS_MAX,
    Emin=NUMBER_MAGNITUDE_MIN,
    Emax=NUMBER_MAGNITUDE_MAX,
    traps=[Inexact, InvalidOperation, Overflow, Subnormal],
)
"""What can be stored; all else is trapped."""
_EXACT = Context(prec=600, Emax=1000, Emin=-1000)
"""Wide enough for the exact sum of any two numbers: 126 digits before the point and 168 after it."""
_EXPONENT_DIGITS_MAX = 10
_TO_ZEROS = str.maketrans("123456789", "000000000")
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
    """The canonical text and the bytes that DynamoDB counts for it: one, and one for each begun pair of significant
    digits on either side of the point, and one for a minus.

    Raises ValidationException for what is no number, too large, too small or too precise.
    """
    # Nearly all numbers come as they are stored.
    is_canonical = len(text) <= NUMBER_DIGITS_MAX and _SHORT_CANONICAL.fullmatch(text) is not None
    canonical = text if is_canonical else _canonicalize(text)
    if "." in canonical:
        whole, _, fraction = canonical.lstrip("-0.").partition(".")
        pairs = (len(whole) + 1) // 2 + (len(fraction) + 1) // 2
    else:
        pairs = (len(canonical.strip("-0")) + 1) // 2
    return canonical, 1 + pairs + (canonical[0] == "-")


def measure_numbers(texts: list[str]) -> tuple[list[str], int]:
    """The canonical texts of many numbers and their bytes together, in a fraction of the time that they take one by
    one; ``texts`` itself if they are canonical. Raises as :func:`measure_number`, and TypeError for what is no text."""
    joined = ",".join(texts) + ","
    longest = max(map(len, texts), default=0)
    if joined.count(",") != len(texts) or longest > _TEXT_MAX or joined.strip(_CHARACTERS + ","):
        canonical = [_canonicalize(text) for text in texts]
    elif longest <= NUMBER_DIGITS_MAX and _ALL_CANONICAL.fullmatch(joined):
        canonical = texts
    else:
        canonical = _canonicalize_all(texts)
    return canonical, _measure_all(canonical)


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


def _canonicalize_all(texts: list[str]) -> list[str]:
    """As :func:`_canonicalize`, of texts that hold the characters of numbers alone and are not too long."""
    values = map(_STORED.normalize, map(_STORED.create_decimal, texts))
    try:
        return [f"{value:f}" if value else "0" for value in values]
    except ArithmeticError:
        return [_canonicalize(text) for text in texts]


def _canonicalize(text: str) -> str:
    """The canonical text. Raises as :func:`measure_number`."""
    # Decimal reads more than DynamoDB does: spaces, underscores, other digits, infinity.
    if len(text) <= _TEXT_MAX and not text.strip(_CHARACTERS):
        try:
            value = _STORED.create_decimal(text)
            return f"{value.normalize(_STORED):f}" if value else "0"
        except ArithmeticError:
            pass  # said below in DynamoDB's words
    return _format(_parse(text))


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


def _measure_all(texts: list[str]) -> int:
    """The bytes of numbers in canonical form, as measure_number counts them."""
    significant = ",".join([text.lstrip("-0.").rstrip("0") for text in texts])
    pairs = significant.translate(_TO_ZEROS).replace("00", "2")
    return len(texts) + pairs.count("2") + pairs.count("0") + "".join(texts).count("-")
