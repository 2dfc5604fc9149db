"""Evaluating a value: intrinsic functions become what they stand for.

Promises: no function remains in the result; a value that depends on something not known yet becomes
:data:`UNKNOWN` as a whole, which only change sets provide for. Knows nothing of stacks: what names mean is
asked from the :class:`Scope`.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.budget import Budget
from onebox.services.cloudformation.template.references import SUB_VARIABLE, split_attribute, split_sub

Value = Any
_INDEX = re.compile("[0-9]{1,9}")


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NO_VALUE = _Marker("AWS::NoValue")
"""What ``Ref: AWS::NoValue`` yields: the property or list entry that holds it is left out."""
UNKNOWN = _Marker("UNKNOWN")
"""A value that is known only after the stack was changed."""


def _refuse(*_names: str) -> Value:
    raise ValidationError("Template error: resources cannot be referenced here")


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean. ``values`` are parameters and pseudo parameters; ``resource``, ``attribute`` and
    ``import_value`` answer for the rest and may return UNKNOWN or raise."""

    values: Mapping[str, Value]
    mappings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    region: str = ""
    extended: bool = False
    """Whether AWS::LanguageExtensions is on."""
    budget: Budget = field(default_factory=Budget)
    """Shared by all evaluations of one template."""
    resource: Callable[[str], Value] = _refuse
    attribute: Callable[[str, str], Value] = _refuse
    import_value: Callable[[str], Value] = _refuse


def evaluate(value: Value, scope: Scope) -> Value:
    """``value`` with every function evaluated. Raises ValidationError in AWS's words."""
    scope.budget.charge_step()
    if isinstance(value, list):
        items = [evaluate(item, scope) for item in value]
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(argument, scope)
        if name.startswith("Fn::"):
            raise ValidationError(
                f"Template error: Encountered unsupported function: {name} Supported functions are: "
                f"[{', '.join(sorted(function for function in _FUNCTIONS if function != 'Ref'))}]"
            )
    members = {name: evaluate(member, scope) for name, member in value.items()}
    return {name: member for name, member in members.items() if member is not NO_VALUE}


def check_mappings(value: Value, scope: Scope) -> None:
    """Resolve every Fn::FindInMap that will be taken. Raises ValidationError for a key that its map does not have."""
    if isinstance(value, list):
        for item in value:
            check_mappings(item, scope)
    elif isinstance(value, dict):
        if len(value) == 1 and "Fn::FindInMap" in value:
            evaluate(value, replace(scope, resource=_unknown, attribute=_unknown, import_value=_unknown))
            return
        if len(value) == 1 and isinstance(value.get("Fn::If"), list) and len(value["Fn::If"]) == 3:
            name, if_true, if_false = value["Fn::If"]
            check_mappings(if_true if scope.conditions.get(name) else if_false, scope)
            return
        for member in value.values():
            check_mappings(member, scope)


def _unknown(*_names: str) -> Value:
    return UNKNOWN


def contains_unknown(value: Value) -> bool:
    """Whether UNKNOWN stands anywhere in ``value``."""
    if value is UNKNOWN:
        return True
    if isinstance(value, dict):
        return any(contains_unknown(member) for member in value.values())
    return isinstance(value, list) and any(contains_unknown(item) for item in value)


def scalar_text(value: Value) -> str:
    """A scalar as text, in AWS's form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value)


def _ref(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, str):
        raise ValidationError("Template format error: Every Ref object must have a single String value.")
    if argument == "AWS::NoValue":
        return NO_VALUE
    if argument in scope.values:
        # A parameter with this text removes the property, as the pseudo parameter does.
        found = scope.values[argument]
        return NO_VALUE if found == "AWS::NoValue" else _charged(found, scope)
    return _charged(scope.resource(argument), scope)


def _charged(value: Value, scope: Scope) -> Value:
    scope.budget.charge_value(value)
    return value


def _get_att(argument: Any, scope: Scope) -> Value:
    target, attribute = split_attribute(argument)
    name = attribute if isinstance(attribute, str) else evaluate(attribute, scope)
    if name is UNKNOWN:
        return UNKNOWN
    if not isinstance(name, str):
        raise ValidationError("Template error: every Fn::GetAtt attribute must be a string")
    return _charged(scope.attribute(target, name), scope)


def _sub(argument: Any, scope: Scope) -> Value:
    text, variables = split_sub(argument)
    own = {name: evaluate(variable, scope) for name, variable in variables.items()}
    pieces: list[str] = []
    end = 0
    scope.budget.charge_characters(len(text))
    for match in SUB_VARIABLE.finditer(text):
        scope.budget.charge_step()
        pieces.append(text[end : match.start()])
        end = match.end()
        literal, content = match.groups()
        if literal:
            pieces.append(f"${{{content}}}")
            continue
        value = _sub_variable(content.strip(), own, scope)
        if value is UNKNOWN:
            return UNKNOWN
        if value is NO_VALUE or isinstance(value, (dict, list)):
            raise ValidationError(
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                "underscores, periods, and colons"
                if value is NO_VALUE
                else "Template error: every value of the context object of every Fn::Sub object must be a string or a "
                "function that returns a string"
            )
        pieces.append(scalar_text(value))
        scope.budget.charge_characters(len(pieces[-1]))
    return "".join([*pieces, text[end:]])


def _sub_variable(name: str, own: Mapping[str, Value], scope: Scope) -> Value:
    if name in own:
        return own[name]
    if name in scope.values or "." not in name:
        return _ref(name, scope)
    target, attribute = name.split(".", 1)
    return scope.attribute(target, attribute)


def _join(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise ValidationError(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
            "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
        )
    items = evaluate(argument[1], scope)
    if contains_unknown(items):
        return UNKNOWN
    if not isinstance(items, list) or any(isinstance(item, (dict, list)) for item in items):
        raise ValidationError("Template error: every Fn::Join object requires a list of strings to be joined.")
    texts = [scalar_text(item) for item in items]
    scope.budget.charge_characters(sum(map(len, texts)) + len(argument[0]) * len(texts))
    return argument[0].join(texts)


def _select(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        raise ValidationError(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
        )
    index, items = evaluate(argument[0], scope), evaluate(argument[1], scope)
    if index is UNKNOWN or items is UNKNOWN:
        return UNKNOWN
    if not _INDEX.fullmatch(scalar_text(index)) or not isinstance(items, list):
        raise ValidationError(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
        )
    position = int(scalar_text(index))
    if position >= len(items):
        raise ValidationError(f"Template error: Fn::Select cannot select nonexistent value at index {position}")
    return items[position]


def _split(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
        raise ValidationError(
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
            "to be split or a function that returns a string to be split."
        )
    text = evaluate(argument[1], scope)
    if text is UNKNOWN:
        return UNKNOWN
    if not isinstance(text, str):
        raise ValidationError("Template error: Fn::Split requires a string to be split.")
    scope.budget.charge_characters(2 * len(text))
    return text.split(argument[0])


def _find_in_map(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, list) or len(argument) not in (3, 4 if scope.extended else 3):
        raise ValidationError(
            "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
            "attribute for return value"
        )
    name, key, attribute = (evaluate(part, scope) for part in argument[:3])
    if any(part is UNKNOWN for part in (name, key, attribute)):
        return UNKNOWN
    if any(part is NO_VALUE or isinstance(part, (dict, list)) for part in (name, key, attribute)):
        raise ValidationError("Template error: every Fn::FindInMap parameter must be a string")
    if name not in scope.mappings:
        raise ValidationError(
            f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        )
    inner = scope.mappings[name].get(scalar_text(key), {})
    if scalar_text(attribute) in inner:
        return evaluate(inner[scalar_text(attribute)], scope)
    if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:
        return evaluate(argument[3]["DefaultValue"], scope)
    raise ValidationError(
        f"Template error: Unable to get mapping for {name}::{scalar_text(key)}::{scalar_text(attribute)}"
    )


def _base64(argument: Any, scope: Scope) -> Value:
    text = evaluate(argument, scope)
    if text is UNKNOWN:
        return UNKNOWN
    if isinstance(text, (dict, list)) or text is NO_VALUE:
        raise ValidationError("Template error: every Fn::Base64 object must have a String-typed value.")
    scope.budget.charge_characters(2 * len(scalar_text(text)))
    return base64.b64encode(scalar_text(text).encode()).decode()


def _import_value(argument: Any, scope: Scope) -> Value:
    name = evaluate(argument, scope)
    if name is UNKNOWN:
        return UNKNOWN
    if not isinstance(name, str):
        raise ValidationError("Template error: every Fn::ImportValue object must have a String-typed value.")
    return _charged(scope.import_value(name), scope)


def _get_azs(argument: Any, scope: Scope) -> Value:
    region = evaluate(argument, scope) or scope.region
    if region is UNKNOWN:
        return UNKNOWN
    if not isinstance(region, str):
        raise ValidationError("Template error: every Fn::GetAZs object must have a String-typed value.")
    scope.budget.charge_characters(3 * len(region))
    return [f"{region}{zone}" for zone in "abc"]


def _if(argument: Any, scope: Scope) -> Value:
    if not isinstance(argument, list) or len(argument) != 3:
        raise ValidationError("Template error: Fn::If requires a list argument with three elements")
    name, if_true, if_false = argument
    if not isinstance(name, str) or name not in scope.conditions:
        raise ValidationError(f"Template error: unresolved condition dependency {name} in Fn::If")
    return evaluate(if_true if scope.conditions[name] else if_false, scope)


def _length(argument: Any, scope: Scope) -> Value:
    _need_extension("Fn::Length", scope)
    items = evaluate(argument, scope)
    if items is UNKNOWN:
        return UNKNOWN
    if not isinstance(items, list):
        raise ValidationError("Template error: every Fn::Length object must have a list value.")
    return len(items)


def _to_json_string(argument: Any, scope: Scope) -> Value:
    _need_extension("Fn::ToJsonString", scope)
    value = evaluate(argument, scope)
    if contains_unknown(value):
        return UNKNOWN
    scope.budget.charge_value(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    scope.budget.charge_characters(len(text))
    return text


def _need_extension(name: str, scope: Scope) -> None:
    if not scope.extended:
        raise ValidationError(
            f"Template format error: {name} requires the transform AWS::LanguageExtensions in the template"
        )


_FUNCTIONS: dict[str, Callable[[Any, Scope], Value]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::GetAZs": _get_azs,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json_string,
}
