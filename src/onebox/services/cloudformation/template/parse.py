"""From template text, YAML with short tags or JSON, to plain values.

Promises: any text gives plain dicts, lists and scalars or a ValidationError in AWS's words; dates stay text,
aliases are refused, of a repeated key the last counts (all three as AWS does it). Knows nothing of what the
values mean.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
import math
from typing import Any

from onebox.services.cloudformation.errors import ValidationError

DEPTH_MAX = 150
"""Levels of nesting. A real template has a dozen; the bound keeps hostile ones from exhausting the stack."""


def parse_template_text(text: str) -> dict[str, Any]:
    """The template's top-level mapping. Raises ValidationError if it is not well-formed or no mapping."""
    if text.lstrip().startswith("{"):
        value = _parse_json(text)
    else:
        # Loaded at first need: PyYAML takes 15 ms and 2 MB, which an onebox that serves no template should not pay.
        from onebox.services.cloudformation.template.yaml_text import parse_yaml

        value = parse_yaml(text, DEPTH_MAX)
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
        if depth > DEPTH_MAX:
            raise ValidationError("Template format error: unsupported structure.")
        if isinstance(value, dict):
            pending.extend((f"{path}/{key}", item, depth + 1) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{path}/{i}", item, depth + 1) for i, item in reversed([*enumerate(value)]))


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise ValidationError(f"Template format error: JSON not well-formed. {where}") from None
    except (RecursionError, ValueError):  # the latter: NaN, or a number of thousands of digits
        raise ValidationError("Template format error: JSON not well-formed.") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
