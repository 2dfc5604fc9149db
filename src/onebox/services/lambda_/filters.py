"""FilterCriteria of event source mappings: which messages a function wants to see.

A filter is an object of the record's shape whose leaves are lists of conditions; a message passes if any filter
matches it. A pattern for ``body`` that is an object wants a JSON body, a list wants a plain text. Pure.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.errors import InvalidParameterValueException

FILTERS_MAX = 5
_PATTERN_CHARACTERS_MAX = 4096
_COMPARISONS = frozenset(("=", "<", "<=", ">", ">="))
_Pattern = dict[str, Any]


def parse_filters(criteria: Wire) -> list[_Pattern]:
    """The patterns of a FilterCriteria. Raises InvalidParameterValueException."""
    filters = criteria.get("Filters") or []
    if len(filters) > FILTERS_MAX:
        raise InvalidParameterValueException(f"The number of filters must not be greater than {FILTERS_MAX}.")
    return [_parse_pattern(item.get("Pattern", "")) for item in filters]


def passes(patterns: Sequence[_Pattern], record: bytes) -> bool:
    """Whether a record, as functions get it, matches one of the patterns; no patterns let everything pass."""
    if not patterns:
        return True
    parsed = orjson.loads(record)
    if "body" not in parsed:
        return any(_matches(pattern, parsed) for pattern in patterns)
    try:
        body = orjson.loads(parsed["body"])
    except orjson.JSONDecodeError:
        body = None
    with_object = {**parsed, "body": body}
    # Plain text is compared as such; a body that is a JSON object is none.
    with_text = {**parsed, "body": None} if isinstance(body, (dict, list)) else parsed
    return any(
        _matches(pattern, with_object if isinstance(pattern.get("body"), dict) else with_text) for pattern in patterns
    )


def _parse_pattern(text: str) -> _Pattern:
    try:
        pattern = orjson.loads(text)
    except orjson.JSONDecodeError:
        pattern = None
    if not isinstance(pattern, dict) or len(text) > _PATTERN_CHARACTERS_MAX or not _is_pattern(pattern):
        raise InvalidParameterValueException("Invalid filter pattern definition.")
    return pattern


def _is_pattern(pattern: Any) -> bool:
    if not isinstance(pattern, dict) or not pattern:
        return False
    for name, wanted in pattern.items():
        if name == "$or":
            if not isinstance(wanted, list) or len(wanted) < 2 or not all(map(_is_pattern, wanted)):
                return False
        elif isinstance(wanted, list):
            if not wanted or not all(map(_is_condition, wanted)):
                return False
        elif not _is_pattern(wanted):
            return False
    return True


def _is_condition(condition: Any) -> bool:
    if not isinstance(condition, dict):
        return not isinstance(condition, list)
    if len(condition) != 1:
        return False
    [(kind, operand)] = condition.items()
    if kind == "exists":
        return isinstance(operand, bool)
    if kind in ("prefix", "suffix", "equals-ignore-case"):
        return isinstance(operand, str)
    if kind == "anything-but":
        return bool(operand) if isinstance(operand, (list, dict)) else operand is not None
    if kind == "numeric":
        return (
            isinstance(operand, list)
            and len(operand) in (2, 4)
            and all(sign in _COMPARISONS for sign in operand[0::2])
            and all(_is_number(bound) for bound in operand[1::2])
        )
    return False


def _matches(pattern: _Pattern, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    for name, wanted in pattern.items():
        if name == "$or":
            if not any(_matches(alternative, value) for alternative in wanted):
                return False
        elif isinstance(wanted, dict):
            if not _matches(wanted, value.get(name)):
                return False
        elif not any(_holds(condition, name in value, value.get(name)) for condition in wanted):
            return False
    return True


def _holds(condition: Any, present: bool, value: Any) -> bool:
    """Whether a leaf meets a condition; of a list one element is enough."""
    if isinstance(condition, dict) and "exists" in condition:
        return bool(condition["exists"] == present)
    if not present:
        return False
    if isinstance(value, list):
        return any(_holds_one(condition, element) for element in value)
    return _holds_one(condition, value)


def _holds_one(condition: Any, value: Any) -> bool:
    if not isinstance(condition, dict):
        return _equal(condition, value)
    [(kind, operand)] = condition.items()
    if kind == "anything-but":
        if isinstance(operand, dict):
            return not _holds_one(operand, value)
        return not any(_equal(one, value) for one in (operand if isinstance(operand, list) else [operand]))
    if kind == "numeric":
        return _is_number(value) and all(
            _compares(value, sign, bound) for sign, bound in zip(operand[0::2], operand[1::2], strict=True)
        )
    if not isinstance(value, str):
        return False
    if kind == "prefix":
        return value.startswith(operand)
    if kind == "suffix":
        return value.endswith(operand)
    return value.lower() == str(operand).lower()


def _compares(value: float, sign: str, bound: float) -> bool:
    return {
        "=": value == bound,
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
    }[sign]


def _equal(wanted: Any, value: Any) -> bool:
    # In JSON true is not 1.
    return (type(wanted) is type(value) and wanted == value) or (
        _is_number(wanted) and _is_number(value) and wanted == value
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
