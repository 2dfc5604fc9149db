"""YAML with CloudFormation's short tags to plain values.

Promises: built from the event stream, as deep as told and no deeper; aliases are refused, dates stay text.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from onebox.services.cloudformation.errors import ValidationError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
_NUMBER_CHARACTERS_MAX = 64
"""A longer plain scalar is text: reading a number of a million digits takes minutes."""
_YAML = "tag:yaml.org,2002:"


def parse_yaml(text: str, depth_max: int) -> Any:
    """The value of the one document in ``text``. Raises ValidationError in AWS's words."""
    try:
        # From the event stream, not PyYAML's node tree: its C composer recurses without a bound.
        return _read_document(yaml.parse(text, Loader=_Loader), depth_max)
    except yaml.MarkedYAMLError as error:
        raise _not_well_formed(error.problem_mark or error.context_mark) from None
    except (yaml.YAMLError, ValueError, KeyError):  # the last two: ``!!int x``, ``!!bool x``
        raise _not_well_formed(None) from None


def _not_well_formed(mark: Any) -> ValidationError:
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return ValidationError(f"Template format error: YAML not well-formed.{where}")


def _read_document(events: Iterator[Any], depth_max: int) -> Any:
    value: Any = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _not_well_formed(event.start_mark)
            value = _read_value(next(events), events, depth_max)
    return value


def _read_value(event: Any, events: Iterator[Any], depth_left: int) -> Any:
    if isinstance(event, yaml.AliasEvent):
        raise ValidationError("Template error: YAML aliases are not allowed in CloudFormation templates")
    if depth_left < 0:
        raise _not_well_formed(event.start_mark)
    tag = event.tag
    function = _function_of(tag, event)
    if isinstance(event, yaml.ScalarEvent):
        value = event.value if function else _read_scalar(event)
    elif isinstance(event, yaml.SequenceStartEvent):
        value = _read_sequence(events, depth_left)
    else:
        value = _read_mapping(events, depth_left)
    return {function: value} if function else value


def _read_sequence(events: Iterator[Any], depth_left: int) -> list[Any]:
    values = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        values.append(_read_value(event, events, depth_left - 1))
    return values


def _read_mapping(events: Iterator[Any], depth_left: int) -> dict[str, Any]:
    """Keys are always text, as in JSON (``404: …``, ``true: …``)."""
    values: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise _not_well_formed(event.start_mark)
        values[event.value] = _read_value(next(events), events, depth_left - 1)
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
        if len(event.value) > _NUMBER_CHARACTERS_MAX:
            return event.value
        tag = _resolver.resolve(yaml.ScalarNode, event.value, event.implicit) if plain else f"{_YAML}str"
    if len(event.value) > _NUMBER_CHARACTERS_MAX:
        return event.value
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
