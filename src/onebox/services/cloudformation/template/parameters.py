"""Parameters of a template: their declarations, and the values a stack is given for them.

Promises: a value that passes satisfies the declaration's type and constraints. Values stay text, as the API
carries them; :func:`parameter_value` gives what Ref yields. Knows nothing of stacks.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import ValidationError

_MEMBERS = frozenset(
    [
        "Type",
        "Default",
        "NoEcho",
        "Description",
        "AllowedValues",
        "AllowedPattern",
        "MinLength",
        "MaxLength",
        "MinValue",
        "MaxValue",
        "ConstraintDescription",
    ]
)
_NUMBER_CHARACTERS_MAX = 400
_PATTERN_BYTES_MAX = 1 << 20
"""Memory of one compiled AllowedPattern."""
_LISTS = ("CommaDelimitedList", "List<String>", "List<Number>")
_STORED = "AWS::SSM::Parameter::Value<String>"
_STORED_LISTS = ("AWS::SSM::Parameter::Value<List<String>>", "AWS::SSM::Parameter::Value<CommaDelimitedList>")
"""The value is the name of a parameter in the Parameter Store; Ref yields what is stored there."""
_TYPES = ("String", "Number", *_LISTS, "AWS::SSM::Parameter::Name", _STORED, *_STORED_LISTS)


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """One entry of Parameters."""

    name: str
    type: str
    default: str | None = None
    no_echo: bool = False
    description: str | None = None
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    length_min: int | None = None
    length_max: int | None = None
    value_min: Decimal | None = None
    value_max: Decimal | None = None
    constraint_description: str | None = None


def decide_parameters(
    declared: Mapping[str, ParameterDeclaration],
    given: Sequence[Mapping[str, Any]],
    previous: Mapping[str, str] | None,
) -> dict[str, str]:
    """The value of every parameter, from the request's ``Parameters``, the stack's previous values and the defaults.

    ``previous`` is None for a new stack. Raises ValidationError in AWS's words."""
    requested = {item.get("ParameterKey", ""): item for item in given}
    unknown = [name for name in requested if name not in declared]
    if unknown:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    for name, declaration in declared.items():
        value = _choose(declaration, requested.get(name), previous)
        if value is not None:
            values[name] = value
    missing = [name for name in declared if name not in values]
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        check_value(declared[name], value)
    return values


def _choose(
    declaration: ParameterDeclaration, item: Mapping[str, Any] | None, previous: Mapping[str, str] | None
) -> str | None:
    name = declaration.name
    if item is not None and item.get("UsePreviousValue"):
        if item.get("ParameterValue"):
            raise ValidationError(
                f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty value "
                "for a parameter"
            )
        if previous is None or name not in previous:
            raise ValidationError(
                f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template"
            )
        return previous[name]
    if item is not None and "ParameterValue" in item:
        return str(item["ParameterValue"])
    return declaration.default


def check_value(declaration: ParameterDeclaration, value: str) -> None:
    """Raise ValidationError unless ``value`` satisfies the declaration."""
    if len(value) > limits.PARAMETER_VALUE_CHARACTERS:
        raise ValidationError(
            f"Parameter '{declaration.name}' has a value that is too long: at most "
            f"{limits.PARAMETER_VALUE_CHARACTERS} characters are allowed"
        )
    allowed = frozenset(declaration.allowed_values)
    for part in _parts(declaration, value):
        reason = _find_violation(declaration, part, allowed)
        if reason is None:
            continue
        if declaration.constraint_description and "must be a number." not in reason:
            raise ValidationError(
                f"Parameter {declaration.name} failed to satisfy constraint: {declaration.constraint_description}"
            )
        raise ValidationError(f"Parameter '{declaration.name}' {reason}")


def _parts(declaration: ParameterDeclaration, value: str) -> list[str]:
    return [part.strip() for part in value.split(",")] if declaration.type in _LISTS else [value]


def _find_violation(declaration: ParameterDeclaration, value: str, allowed: frozenset[str]) -> str | None:
    if allowed and value not in allowed:
        return "must be one of AllowedValues"
    if declaration.type in ("Number", "List<Number>"):
        number = _find_number(value)
        if number is None:
            return "must be a number."
        if declaration.value_min is not None and number < declaration.value_min:
            return f"must be a number not less than {declaration.value_min}"
        if declaration.value_max is not None and number > declaration.value_max:
            return f"must be a number not greater than {declaration.value_max}"
        return None
    if declaration.allowed_pattern is not None and not _matches(declaration.allowed_pattern, value):
        return f"must match pattern {declaration.allowed_pattern}"
    if declaration.length_min is not None and len(value) < declaration.length_min:
        return f"must contain at least {declaration.length_min} characters"
    if declaration.length_max is not None and len(value) > declaration.length_max:
        return f"must contain at most {declaration.length_max} characters"
    return None


def _matches(pattern: str, value: str) -> bool:
    return _compile(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> Any:
    """The pattern as RE2 compiles it: every match takes linear time. Raises re2.error."""
    # Loaded at first need: most templates have no pattern.
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_BYTES_MAX
    return re2.compile(pattern, options)


def _find_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip()) if len(text) <= _NUMBER_CHARACTERS_MAX else None
    except InvalidOperation:
        return None
    # A few characters can stand for a number of a million digits.
    return number if number is not None and number.is_finite() and abs(number.adjusted()) <= 400 else None


def is_stored(declaration: ParameterDeclaration) -> bool:
    """Whether the value names a parameter of the Parameter Store, whose value is meant."""
    return declaration.type == _STORED or declaration.type in _STORED_LISTS


def parameter_value(declaration: ParameterDeclaration, value: str) -> str | list[str]:
    """What ``Ref`` yields: the text, or the list for the list types. ``value`` is what the Parameter Store holds, for
    the types that name a parameter there."""
    if declaration.type in _STORED_LISTS:
        return [part.strip() for part in value.split(",")]
    return _parts(declaration, value) if declaration.type in _LISTS else value


def parse_parameter_declaration(name: str, value: Any) -> ParameterDeclaration:
    """One entry of the Parameters section. Raises ValidationError in AWS's words."""
    if not isinstance(value, dict):
        raise ValidationError(f"Template format error: [/Parameters/{name}] Every Parameters member must be an object.")
    for member in value:
        if member not in _MEMBERS:
            raise ValidationError(f"Invalid template parameter property '{member}'")
    if "Type" not in value:
        raise ValidationError("Template format error: Every Parameters object must contain a Type member.")
    if value["Type"] not in _TYPES:
        raise ValidationError(f"Template format error: Unrecognized parameter type: {value['Type']}")
    return ParameterDeclaration(
        name=name,
        type=value["Type"],
        default=_parse_default(name, value.get("Default")),
        no_echo=_text(value.get("NoEcho", False)).lower() == "true",
        description=value.get("Description"),
        allowed_values=_parse_allowed_values(value.get("AllowedValues")),
        allowed_pattern=_parse_pattern(name, value.get("AllowedPattern")),
        length_min=_parse_integer(name, value, "MinLength"),
        length_max=_parse_integer(name, value, "MaxLength"),
        value_min=_parse_number(name, value, "MinValue"),
        value_max=_parse_number(name, value, "MaxValue"),
        constraint_description=value.get("ConstraintDescription"),
    )


def _parse_default(name: str, value: Any) -> str | None:
    if isinstance(value, (dict, list)):
        raise ValidationError(f"Template format error: [/Parameters/{name}] Every Default member must be a string.")
    return None if value is None else _text(value)


def _parse_allowed_values(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValidationError("Template format error: Every AllowedValues member must be a list.")
    return tuple(_text(item) for item in value)


def _parse_pattern(name: str, value: Any) -> str | None:
    if value is None:
        return None
    import re2

    try:
        _compile(_text(value))
    except re2.error as error:
        raise ValidationError(
            f"Template format error: [/Parameters/{name}/AllowedPattern] is not a regular expression that RE2 supports "
            f"(it has no look-around and no back references): {error}"
        ) from None
    return _text(value)


def _parse_integer(name: str, value: Mapping[str, Any], member: str) -> int | None:
    number = _parse_number(name, value, member)
    return None if number is None else int(number)


def _parse_number(name: str, value: Mapping[str, Any], member: str) -> Decimal | None:
    if member not in value:
        return None
    number = _find_number(_text(value[member]))
    if number is None:
        raise ValidationError(f"Template format error: [/Parameters/{name}] Every {member} member must be a number.")
    return number


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
