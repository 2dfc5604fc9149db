"""What an unevaluated value refers to: parameters, resources and their attributes, conditions.

Promises: finds every Ref, Fn::GetAtt, Fn::Sub variable, Fn::If condition in a value; with ``conditions`` given
it follows only the branch of Fn::If that will be taken. Knows nothing of whether the targets exist.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onebox.services.cloudformation.errors import ValidationError

Kind = Literal["Ref", "Fn::GetAtt", "Fn::Sub", "Condition"]

SUB_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")
"""``${Name}``, ``${Name.Attribute}``, and ``${!Literal}``."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``kind`` is the function that refers; ``attribute`` is given for Fn::GetAtt and ``${Name.Attribute}``."""

    kind: Kind
    target: str
    attribute: str | None = None


def find_references(value: Any, conditions: Mapping[str, bool] | None = None) -> Iterator[Reference]:
    """All references in ``value``, in order. Raises ValidationError for a malformed function."""
    if isinstance(value, list):
        for item in value:
            yield from find_references(item, conditions)
    elif isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            special = _READERS.get(name)
            if special is not None:
                yield from special(argument, conditions)
                return
        for item in value.values():
            yield from find_references(item, conditions)


def find_imports(value: Any, conditions: Mapping[str, bool]) -> Iterator[Any]:
    """The unevaluated arguments of every Fn::ImportValue that will be taken."""
    if isinstance(value, list):
        for item in value:
            yield from find_imports(item, conditions)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name == "Fn::ImportValue":
                yield member
            elif name == "Fn::If" and len(value) == 1:
                yield from find_imports(member[1] if conditions.get(member[0]) else member[2], conditions)
            else:
                yield from find_imports(member, conditions)


def split_attribute(argument: Any) -> tuple[str, Any]:
    """Resource and attribute of a Fn::GetAtt argument. The attribute may itself be a Ref."""
    if isinstance(argument, str) and "." in argument:
        target, attribute = argument.split(".", 1)
        return target, attribute
    if isinstance(argument, list) and len(argument) >= 2 and isinstance(argument[0], str):
        if all(isinstance(part, str) for part in argument[1:]):
            return argument[0], ".".join(argument[1:])
        if len(argument) == 2 and isinstance(argument[1], dict):
            return argument[0], argument[1]
    raise ValidationError(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
        "resource attribute"
    )


def split_sub(argument: Any) -> tuple[str, dict[str, Any]]:
    """Text and own variables of a Fn::Sub argument."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise ValidationError(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
        "first argument, and an optional second argument to specify a mapping of values to replace in the string"
    )


def _read_ref(argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[Reference]:
    if not isinstance(argument, str):
        raise ValidationError("Template format error: Every Ref object must have a single String value.")
    yield Reference("Ref", argument)


def _read_getatt(argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[Reference]:
    target, attribute = split_attribute(argument)
    if isinstance(attribute, str):
        yield Reference("Fn::GetAtt", target, attribute)
    else:
        yield Reference("Fn::GetAtt", target)
        yield from find_references(attribute, conditions)


def _read_sub(argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[Reference]:
    text, variables = split_sub(argument)
    yield from find_references(list(variables.values()), conditions)
    for literal, content in SUB_VARIABLE.findall(text):
        name = content.strip()
        if literal or name in variables:
            continue
        target, dot, attribute = name.partition(".")
        yield Reference("Fn::Sub", target, attribute if dot else None)


def _read_if(argument: Any, conditions: Mapping[str, bool] | None) -> Iterator[Reference]:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise ValidationError("Template error: Fn::If requires a list argument with three elements")
    name, if_true, if_false = argument
    yield Reference("Condition", name)
    if conditions is None:
        yield from find_references([if_true, if_false])
    else:
        yield from find_references(if_true if conditions.get(name) else if_false, conditions)


_READERS = {"Ref": _read_ref, "Fn::GetAtt": _read_getatt, "Fn::Sub": _read_sub, "Fn::If": _read_if}
