"""What a template declares: its parameters, and whether given values fit them. Pure.

CloudFormation checks the same again; here a wrong name is answered with the valid ones before anything is uploaded.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from orders.errors import OperatorError

SHOWN_MAX = 60
TEXT_MAX = 300


class Parameter(NamedTuple):
    name: str
    default: str | None
    """None for a parameter without default."""
    is_number: bool
    allowed: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    description: str


def read_parameters(template: str) -> dict[str, Parameter]:
    """The parameters by name, in the template's order. Raises OperatorError for what is no template."""
    document = _load(template)
    declared = document.get("Parameters") or {} if isinstance(document, dict) else None
    if not isinstance(declared, dict):
        raise OperatorError("the template is not a CloudFormation template", "It is a mapping with Resources.")
    return {str(name): _read(str(name), one) for name, one in declared.items() if isinstance(one, dict)}


def check_given(parameters: Mapping[str, Parameter], given: Mapping[str, str]) -> None:
    """Raises OperatorError for the first name that the template does not declare, or value that it does not take."""
    for name, value in given.items():
        if name not in parameters:
            near = get_close_matches(name.lower(), [one.lower() for one in parameters], 1)
            nearest = next((one for one in parameters if near and one.lower() == near[0]), None)
            hint = f"; did you mean {nearest}?" if nearest else ""
            raise OperatorError(f"the template has no parameter {_cut(name)}{hint}", describe(parameters))
        problem = _find_problem(parameters[name], value)
        if problem:
            raise OperatorError(
                f"{name}={_cut(value)}: {problem}", f"{name}: {parameters[name].description or 'see the template'}"
            )


def check_claim_days(values: Mapping[str, str]) -> None:
    """Raises OperatorError where an archived notification would outlive the order in S3 that it points to."""
    if values.get("ClaimCheck") == values.get("Archive") == "Yes":
        claim, archive = values.get("ClaimDays", ""), values.get("ArchiveDays", "")
        if claim.isdecimal() and archive.isdecimal() and int(claim) < int(archive):
            raise OperatorError(
                f"ClaimDays={claim} is less than ArchiveDays={archive}: large orders could not be replayed",
                f"Give -p ClaimDays={archive} as well.",
            )


def describe(parameters: Mapping[str, Parameter]) -> str:
    """The valid parameters with their defaults, a line each."""
    shown = list(parameters.values())[:SHOWN_MAX]
    width = max((len(one.name) for one in shown), default=0)
    lines = [f"  {one.name:<{width}}  {_describe_default(one)}" for one in shown]
    return "\n".join(["Parameters and defaults:", *lines])


def _describe_default(parameter: Parameter) -> str:
    default = "(no default)" if parameter.default is None else parameter.default or '""'
    return f"{default}  of {', '.join(parameter.allowed)}" if parameter.allowed else default


def _find_problem(parameter: Parameter, value: str) -> str:
    if parameter.allowed and value not in parameter.allowed:
        near = get_close_matches(value, parameter.allowed, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"expected one of {', '.join(parameter.allowed)}{hint}"
    if not parameter.is_number:
        return ""
    try:
        number = float(value)
    except ValueError:
        return "expected a number"
    if parameter.minimum is not None and number < parameter.minimum:
        return f"expected a number of at least {parameter.minimum:g}"
    if parameter.maximum is not None and number > parameter.maximum:
        return f"expected a number of at most {parameter.maximum:g}"
    return ""


def _read(name: str, declared: dict[Any, Any]) -> Parameter:
    default = declared.get("Default")
    return Parameter(
        name=name,
        default=None if default is None else str(default),
        is_number=declared.get("Type") == "Number",
        allowed=tuple(str(value) for value in declared.get("AllowedValues") or ()),
        minimum=_number(declared.get("MinValue")),
        maximum=_number(declared.get("MaxValue")),
        description=str(declared.get("Description") or "").strip(),
    )


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}..."


def _load(template: str) -> Any:
    import yaml  # imported here: only a deployment needs it

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Takes CloudFormation's short forms (`!Ref`), whose values nobody here asks for."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    try:
        return yaml.load(template, Loader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise OperatorError(f"the template is neither YAML nor JSON: {' '.join(str(error).split())}") from error
