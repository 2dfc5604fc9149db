"""From template text, YAML with short tags or JSON, to plain values.

Promises: any text gives plain dicts, lists and scalars or a ValidationError in AWS's words; dates stay text,
aliases are refused, of a repeated key the last counts (all three as AWS does it). Knows nothing of what the
values mean.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from onebox.services.cloudformation.errors import ValidationError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH_MAX = 200
"""Levels of nesting. A real template has a dozen; the bound keeps hostile ones from exhausting the stack."""
_PLAIN_TAGS = frozenset({"!Ref", "!Condition"})
_FUNCTION_TAGS = frozenset(
    [
        "!Base64",
        "!Cidr",
        "!FindInMap",
        "!GetAtt",
        "!GetAZs",
        "!ImportValue",
        "!Join",
        "!Length",
        "!Select",
        "!Split",
        "!Sub",
        "!ToJsonString",
        "!Transform",
        "!And",
        "!Equals",
        "!If",
        "!Not",
        "!Or",
        "!Contains",
        "!EachMemberEquals",
        "!EachMemberIn",
        "!RefAll",
        "!ValueOf",
        "!ValueOfAll",
    ]
)
_YAML = "tag:yaml.org,2002:"


def parse_template_text(text: str) -> dict[str, Any]:
    """The template's top-level mapping. Raises ValidationError if it is not well-formed or no mapping."""
    value = _parse_json(text) if text.lstrip().startswith("{") else _parse_yaml(text)
    if not isinstance(value, dict):
        raise ValidationError("Template format error: unsupported structure.")
    _check_values(value)
    return value


def _check_values(template: dict[str, Any]) -> None:
    """Refuse null, which AWS allows nowhere, and nesting that would exhaust the stack later."""
    pending: list[tuple[str, Any, int]] = [("", template, 0)]
    while pending:
        path, value, depth = pending.pop()
        if value is None:
            raise ValidationError(f"Template format error: [{path}] 'null' values are not allowed in templates")
        if depth > _DEPTH_MAX:
            raise ValidationError("Template format error: unsupported structure.")
        if isinstance(value, dict):
            pending.extend((f"{path}/{key}", item, depth + 1) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{path}/{i}", item, depth + 1) for i, item in reversed([*enumerate(value)]))


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise ValidationError(f"Template format error: JSON not well-formed. {where}") from None
    except RecursionError:
        raise ValidationError("Template format error: JSON not well-formed.") from None


def _parse_yaml(text: str) -> Any:
    try:
        # From the event stream, not PyYAML's node tree: its C composer recurses without a bound.
        return _read_document(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise _not_well_formed(error.problem_mark or error.context_mark) from None
    except (yaml.YAMLError, ValueError, KeyError):  # the last two: ``!!int x``, ``!!bool x``
        raise _not_well_formed(None) from None


def _not_well_formed(mark: Any) -> ValidationError:
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return ValidationError(f"Template format error: YAML not well-formed.{where}")


def _read_document(events: Iterator[Any]) -> Any:
    value: Any = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _not_well_formed(event.start_mark)
            value = _read_value(next(events), events, 0)
    return value


def _read_value(event: Any, events: Iterator[Any], depth: int) -> Any:
    if isinstance(event, yaml.AliasEvent):
        raise ValidationError("Template error: YAML aliases are not allowed in CloudFormation templates")
    if depth > _DEPTH_MAX:
        raise _not_well_formed(event.start_mark)
    tag = event.tag
    function = _function_of(tag, event)
    if isinstance(event, yaml.ScalarEvent):
        value = event.value if function else _read_scalar(event)
    elif isinstance(event, yaml.SequenceStartEvent):
        value = _read_sequence(events, depth)
    else:
        value = _read_mapping(events, depth)
    return {function: value} if function else value


def _read_sequence(events: Iterator[Any], depth: int) -> list[Any]:
    values = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        values.append(_read_value(event, events, depth + 1))
    return values


def _read_mapping(events: Iterator[Any], depth: int) -> dict[str, Any]:
    """Keys are always text, as in JSON (``404: …``, ``true: …``)."""
    values: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise _not_well_formed(event.start_mark)
        values[event.value] = _read_value(next(events), events, depth + 1)
    return values


def _function_of(tag: str | None, event: Any) -> str | None:
    """The intrinsic function that a short tag stands for, or None for no tag or one of YAML's own."""
    if tag is None or tag == "!" or tag.startswith(_YAML):
        return None
    if tag in _PLAIN_TAGS:
        return tag[1:]
    if tag in _FUNCTION_TAGS:
        return f"Fn::{tag[1:]}"
    raise _not_well_formed(event.start_mark)


def _read_scalar(event: Any) -> Any:
    plain, _quoted = event.implicit
    tag = event.tag
    if tag is None or tag == "!":
        tag = _resolver.resolve(yaml.ScalarNode, event.value, event.implicit) if plain else f"{_YAML}str"
    construct = _SCALARS.get(tag)
    return construct(yaml.ScalarNode(tag, event.value)) if construct else event.value


_resolver: Any = yaml.resolver.Resolver()
_constructor: Any = yaml.constructor.SafeConstructor()
# Timestamps are absent on purpose: ``Version: 2012-10-17`` is text to AWS.
_SCALARS: dict[str, Any] = {
    f"{_YAML}bool": _constructor.construct_yaml_bool,
    f"{_YAML}int": _constructor.construct_yaml_int,
    f"{_YAML}float": _constructor.construct_yaml_float,
    f"{_YAML}null": _constructor.construct_yaml_null,
}
