"""AWS::LanguageExtensions: loops are written out, and functions of known values are replaced by what they yield.

Promises: pure, bounded by the template's budget. Functions of values that are known only at deployment stay.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-languageextensions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.intrinsics import NO_VALUE, UNKNOWN, Scope, contains_unknown, evaluate

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
_LOOP = "Fn::ForEach::"
_LOOP_WORDS = (
    "Template error: every Fn::ForEach needs a list of three: an identifier, a list of texts or a Ref to a list "
    "parameter, and an object"
)
_FOLDED = ("Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::ToJsonString", "Fn::FindInMap")
_NOT_ALPHANUMERIC = re.compile("[^A-Za-z0-9]+")


def extend(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """The document with its loops written out. ``scope`` has the values of the parameters. Raises ValidationError."""
    expanded = {name: _expand(section, {}, scope) for name, section in document.items() if name != "Mappings"}
    if "Mappings" in document:
        expanded["Mappings"] = document["Mappings"]
    resources = expanded.get("Resources", {})
    for section in ("Resources", "Outputs"):
        if isinstance(expanded.get(section), dict):
            expanded[section] = _fold(expanded[section], scope)
    if not isinstance(resources, dict):
        raise ValidationError("Template format error: Resources section must be an object.")
    return expanded


def _expand(value: Any, variables: Mapping[str, str], scope: Scope) -> Any:
    scope.budget.charge_step()
    if isinstance(value, str):
        return _substitute(value, variables, scope)
    if isinstance(value, list):
        return [_expand(item, variables, scope) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("Ref"), str) and value["Ref"] in variables:
        return variables[value["Ref"]]
    members: dict[str, Any] = {}
    for name, member in value.items():
        if name.startswith(_LOOP):
            _run_loop(name, member, variables, scope, members)
        else:
            _add(members, _substitute(name, variables, scope), _expand(member, variables, scope))
    return members


def _run_loop(name: str, loop: Any, variables: Mapping[str, str], scope: Scope, members: dict[str, Any]) -> None:
    if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[0], str) or not isinstance(loop[2], dict):
        raise ValidationError(f"{_LOOP_WORDS} ({name}).")
    variable = loop[0]
    if variable in variables or variable in scope.values:
        raise ValidationError(f"Template error: the identifier {variable} of {name} is already in use.")
    items = evaluate(_expand(loop[1], variables, scope), scope)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValidationError(f"{_LOOP_WORDS} ({name}).")
    for item in items:
        for key, member in _expand(loop[2], {**variables, variable: item}, scope).items():
            _add(members, key, member)


def _add(members: dict[str, Any], name: str, member: Any) -> None:
    if name in members:
        raise ValidationError(f"Template error: Fn::ForEach produces the key {name} twice.")
    members[name] = member


def _substitute(text: str, variables: Mapping[str, str], scope: Scope) -> str:
    """``${Name}`` is the loop's value; ``&{Name}`` is its letters and digits only, for logical ids."""
    if not variables or "{" not in text:
        return text
    for name, value in variables.items():
        scope.budget.charge_characters(text.count("{") * len(value))
        text = text.replace(f"${{{name}}}", value).replace(f"&{{{name}}}", _NOT_ALPHANUMERIC.sub("", value))
    return text


def _fold(value: Any, scope: Scope) -> Any:
    """Replace functions whose value is known now."""
    if isinstance(value, list):
        return [_fold(item, scope) for item in value]
    if not isinstance(value, dict):
        return value
    folded = {name: _fold(member, scope) for name, member in value.items()}
    if len(folded) == 1 and next(iter(folded)) in _FOLDED and _is_known(next(iter(folded.values())), scope):
        result = evaluate(folded, scope)
        if result is not NO_VALUE and result is not UNKNOWN and not contains_unknown(result):
            return result
    return folded


def _is_known(value: Any, scope: Scope) -> bool:
    """Whether the value depends on parameters and literals only."""
    if isinstance(value, list):
        return all(_is_known(item, scope) for item in value)
    if not isinstance(value, dict):
        return True
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return argument in scope.values
        if name in ("Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Sub", "Fn::Transform"):
            return False
    return all(_is_known(member, scope) for member in value.values())
