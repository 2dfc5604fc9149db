"""DynamoDB's limits on an order as a whole, known and unknown fields alike.

Promises: an order that passes fits into a DynamoDB item with all that is stored beside it (stored_item.py), so an
oversized order is refused before it is published. The check is linear in the order's size, and the path in an error is
bounded. For ordinary orders one type check a value is enough; texts and sizes are measured only if the length of the
JSON text shows that they may exceed a limit.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html (sizes)
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from orders.domain.stored_item import ARRIVAL_BYTES_MAX
from orders.errors import OrderRejected

# A number has up to 38 significant digits. It is zero, or its magnitude is 1E-130 to 9.99E+125.
DIGITS_MAX = 38
EXPONENT_MAX = 125
EXPONENT_MIN = -130
LEVELS_MAX = 32
NAME_BYTES_MAX = 65_535
ITEM_BYTES_MAX = 400 * 1024
# An item may also hold how the order came. The limit is the same without a history, which can be switched on later.
ORDER_BYTES_MAX = ITEM_BYTES_MAX - ARRIVAL_BYTES_MAX

_PLAIN_INTEGER_MAX = 10**DIGITS_MAX - 1
# A shorter text holds no name that is too long: a character takes at most 4 bytes.
_SHORT_NAME = NAME_BYTES_MAX // 4
# A text of so many bytes makes no item that is too large: no value takes more than twice the bytes of its text.
_SHORT_TEXT_BYTES = ORDER_BYTES_MAX // 2
_CONTAINER_BYTES = 3
_PATH_PART_MAX = 60
_PATH_MAX = 300

_Link = tuple["_Link | None", "str | int"]


class _Place(NamedTuple):
    """A value inside an order. ``link`` chains its name or index to its parents'; levels count from 1."""

    link: _Link | None
    level: int
    value: Any


def check_limits(
    attributes: Mapping[str, Any], text: str | None = None, *, bytes_max: int | None = ORDER_BYTES_MAX
) -> None:
    """Refuse an order that DynamoDB cannot hold. Raises OrderRejected, which names the path.

    ``text`` is the JSON text of the order; without it everything is measured. ``bytes_max`` bounds the whole, None does
    not: the body of such an order is kept in S3 (bodies.py).
    """
    _check_values(attributes)
    if text is None or "\\u" in text or not _is_utf8(text):
        _check_texts(attributes)
    if "" in attributes:
        raise OrderRejected("a field name is empty: DynamoDB takes names of 1 to 65535 bytes")
    if (text is None or len(text) > _SHORT_NAME) and _has_long_name(attributes):
        measure_item(attributes)
    if bytes_max is not None:
        check_item_size(attributes, text, bytes_max)


def check_item_size(attributes: Mapping[str, Any], text: str | None = None, bytes_max: int = ORDER_BYTES_MAX) -> None:
    """Refuse an order that is too large for an item. Raises OrderRejected.

    ``text`` is what it was read from, with or without a wrapping: a short text is not measured.
    """
    if text is not None and not _is_long(text):
        return
    size = measure_item(attributes)
    if size > bytes_max:
        raise OrderRejected(f"the order takes {size:,} bytes in DynamoDB, which leaves {bytes_max:,} for an order")


def fits_number(value: int | Decimal) -> bool:
    """Whether DynamoDB can hold this number without losing a digit."""
    if type(value) is int:
        if -_PLAIN_INTEGER_MAX <= value <= _PLAIN_INTEGER_MAX:
            return True
        value = Decimal(value)
    assert isinstance(value, Decimal)
    if not value:
        return value.is_finite()
    magnitude = value.adjusted()
    return value.is_finite() and EXPONENT_MIN <= magnitude <= EXPONENT_MAX and len(significant(value)) <= DIGITS_MAX


def significant(value: Decimal) -> str:
    """The digits of a finite number without leading or trailing zeros."""
    return "".join(map(str, value.as_tuple().digits)).strip("0")


def find_unreadable_number(value: Any) -> str | None:
    """The path of the first number in parsed JSON that is NaN, infinite or longer than DIGITS_MAX."""
    for place in _walk(value):
        number = place.value
        if isinstance(number, Decimal) and (not number.is_finite() or len(number.as_tuple().digits) > DIGITS_MAX):
            return show_path(place.link)
    return None


def show_path(link: _Link | None) -> str:
    """A path such as ``items[2].quantity``, of bounded length; characters without UTF-8 encoding are escaped."""
    parts: list[str] = []
    while link is not None and len(parts) <= LEVELS_MAX:
        link, name = link
        parts.append(f"[{name}]" if isinstance(name, int) else f".{_shorten(name, _PATH_PART_MAX)}")
    return _shorten("".join(reversed(parts)).removeprefix("."), _PATH_MAX)


def _shorten(text: str, length: int) -> str:
    short = text if len(text) <= length else f"{text[: length - 3]}..."
    return short.encode("utf-8", "backslashreplace").decode()


def _is_long(text: str) -> bool:
    """Whether the item of this JSON text may be too large."""
    if len(text) <= _SHORT_TEXT_BYTES // 4:  # a character takes at most 4 bytes
        return False
    return len(text.encode("utf-8", "surrogatepass")) > _SHORT_TEXT_BYTES


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_values(attributes: Mapping[str, Any]) -> None:
    """Check numbers and depth, level by level. The path is searched only when a limit is exceeded."""
    level: list[Any] = [attributes]
    for _ in range(LEVELS_MAX):
        # All values of a level at once, by functions in C: value by value took four times as long.
        values = list(chain.from_iterable([one if type(one) is list else one.values() for one in level]))
        kinds = set(map(type, values))
        if int in kinds and not _fit_integers([value for value in values if type(value) is int]):
            raise _unfit_value(attributes)
        if Decimal in kinds and not _fit_decimals([value for value in values if type(value) is Decimal]):
            raise _unfit_value(attributes)
        if dict not in kinds and list not in kinds:
            return
        level = [value for value in values if type(value) is dict or type(value) is list]
    raise _unfit_value(attributes)


def _fit_integers(numbers: list[int]) -> bool:
    return (max(numbers) <= _PLAIN_INTEGER_MAX and min(numbers) >= -_PLAIN_INTEGER_MAX) or all(
        map(fits_number, numbers)
    )


def _fit_decimals(numbers: list[Decimal]) -> bool:
    texts = list(map(str, numbers))
    return (max(map(len, texts)) <= DIGITS_MAX and "E" not in "".join(texts)) or all(map(fits_number, numbers))


def _unfit_value(attributes: Mapping[str, Any]) -> OrderRejected:
    """The error for the first number that does not fit, or for the first value nested too deep."""
    for place in _walk(attributes):
        if place.level > LEVELS_MAX and isinstance(place.value, (Mapping, list)):
            path = show_path(place.link)
            return OrderRejected(f"{path}: nested too deep: DynamoDB takes {LEVELS_MAX} levels", path)
        if type(place.value) in (int, Decimal) and not fits_number(place.value):
            path = show_path(place.link)
            return OrderRejected(
                f"{path}: this number does not fit a DynamoDB number: {DIGITS_MAX} digits, "
                f"1E{EXPONENT_MIN} to 9.99E+{EXPONENT_MAX}",
                path,
            )
    raise AssertionError("the level-by-level check found a violation that the walk does not find")


def _check_texts(attributes: Mapping[str, Any]) -> None:
    for place in _walk(attributes):
        name = place.link[1] if place.link is not None else ""
        if type(place.value) is str and not _is_utf8(place.value):
            raise _half_pair(place, "the text")
        if type(name) is str and not _is_utf8(name):
            raise _half_pair(place, "the field name")


def _half_pair(place: _Place, what: str) -> OrderRejected:
    path = show_path(place.link)
    return OrderRejected(f"{path}: {what} holds half of a surrogate pair, which is no Unicode character", path)


def measure_item(attributes: Mapping[str, Any]) -> int:
    """The bytes that DynamoDB counts for an item. Raises OrderRejected for a field name that is too long."""
    size = 0
    for link, level, value in _walk(attributes):
        if link is not None and type(link[1]) is str:
            name_bytes = len(link[1].encode("utf-8", "surrogatepass"))
            if name_bytes > NAME_BYTES_MAX:
                path = show_path(link)
                raise OrderRejected(
                    f"{path}: the field name has {name_bytes:,} bytes: DynamoDB takes {NAME_BYTES_MAX:,}", path
                )
            size += name_bytes
        size += _own_bytes(value) + (1 if level > 2 else 0)
        if level == 1:
            size -= _CONTAINER_BYTES
    return size


def _has_long_name(value: Any) -> bool:
    """Whether the name of a field may be too long. The depth is checked already."""
    if type(value) is list:
        return any(map(_has_long_name, value))
    if type(value) is not dict or not value:
        return False
    return max(map(len, value)) > _SHORT_NAME or any(map(_has_long_name, value.values()))


def _own_bytes(value: Any) -> int:
    """The size that DynamoDB counts for a value, without its members. Each element of a list or map adds 1 byte."""
    if type(value) is str:
        return len(value.encode("utf-8", "surrogatepass"))
    if type(value) is int or type(value) is Decimal:
        return _number_bytes(Decimal(value))
    return _CONTAINER_BYTES if isinstance(value, (Mapping, list)) else 1


def _number_bytes(value: Decimal) -> int:
    """One byte, one for each started pair of significant digits on either side of the point, and one for a minus."""
    digits = significant(value)
    whole = min(max(value.adjusted() + 1, 0), len(digits)) if digits else 0
    return 1 + (whole + 1) // 2 + (len(digits) - whole + 1) // 2 + (value < 0)


def _walk(value: Any) -> Iterator[_Place]:
    """The value and all its members, parents first. Not recursive, because the depth may be large.

    One place of each level is in memory: all at once took 160 bytes a value, 330 MB for an order of 4 MiB.
    """
    left: list[Iterator[_Place]] = [iter([_Place(None, 1, value)])]
    while left:
        place = next(left[-1], None)
        if place is None:
            left.pop()
            continue
        yield place
        if isinstance(place.value, (Mapping, list)):
            left.append(_members(place))


def _members(place: _Place) -> Iterator[_Place]:
    value = place.value
    members: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value)
    return (_Place((place.link, name), place.level + 1, member) for name, member in members)
