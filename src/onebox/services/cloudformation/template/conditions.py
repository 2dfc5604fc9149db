"""The Conditions section: which conditions hold for given parameter values.

Promises: every condition is decided or a ValidationError says why not, cycles included. Also decides rule assertions.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.intrinsics import NO_VALUE, Scope, evaluate, scalar_text


def decide_conditions(declared: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """The truth of every condition."""
    decided: dict[str, bool] = {}
    for name in declared:
        _decide(name, declared, scope, decided, [])
    return decided


def check_rules(rules: Mapping[str, Any], scope: Scope) -> None:
    """Raise ValidationError if an assertion of a rule that applies fails."""
    for name, rule in rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions"), list):
            raise ValidationError(f"Template format error: [/Rules/{name}] Every Rules member must contain Assertions.")
        if "RuleCondition" in rule and not _truth(rule["RuleCondition"], {}, scope, {}, []):
            continue
        for assertion in rule["Assertions"]:
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                raise ValidationError(f"Template format error: [/Rules/{name}] Every Assertion must contain an Assert.")
            if not _truth(assertion["Assert"], {}, scope, {}, []):
                reason = assertion.get("AssertDescription", f"Rule {name} failed")
                raise ValidationError(f"Template validation error: {reason}")


def _decide(name: Any, declared: Mapping[str, Any], scope: Scope, decided: dict[str, bool], path: list[str]) -> bool:
    if not isinstance(name, str):
        raise ValidationError("Template format error: Every Condition member must be a string.")
    if name in decided:
        return decided[name]
    if name in path:
        circle = ", ".join(path[path.index(name) :])
        raise ValidationError(f"Template format error: Circular dependency between conditions: [{circle}]")
    if name not in declared:
        raise ValidationError(
            f"Template format error: Unresolved condition dependency {name} in the Conditions block of the template"
        )
    decided[name] = _truth(declared[name], declared, scope, decided, [*path, name])
    return decided[name]


def _truth(value: Any, declared: Mapping[str, Any], scope: Scope, decided: dict[str, bool], path: list[str]) -> bool:
    if isinstance(value, dict) and len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Condition":
            return _decide(argument, declared, scope, decided, path)
        if function == "Fn::Not":
            (inner,) = _arguments(function, argument, 1, 1)
            return not _truth(inner, declared, scope, decided, path)
        if function in ("Fn::And", "Fn::Or"):
            parts = [_truth(part, declared, scope, decided, path) for part in _arguments(function, argument, 2, 10)]
            return all(parts) if function == "Fn::And" else any(parts)
        compare = _COMPARISONS.get(function)
        if compare is not None:
            first, second = _arguments(function, argument, 2, 2)
            return bool(compare(_operand(first, scope), _operand(second, scope)))
        if function == "Fn::If":
            name, if_true, if_false = _arguments(function, argument, 3, 3)
            chosen = if_true if _decide(name, declared, scope, decided, path) else if_false
            return _truth(chosen, declared, scope, decided, path)
    if isinstance(value, bool) or value in ("true", "false"):
        return value in (True, "true")
    raise ValidationError(
        "Template format error: Conditions can only be boolean operations on parameters and other conditions"
    )


def _arguments(function: str, argument: Any, count_min: int, count_max: int) -> list[Any]:
    if not isinstance(argument, list) or not count_min <= len(argument) <= count_max:
        many = {
            (1, 1): "a list argument with one element",
            (2, 2): "a list argument with two elements",
            (3, 3): "a list argument with three elements",
        }.get((count_min, count_max), "a list of 2 to 10 conditions")
        raise ValidationError(f"Template error: {function} requires {many}")
    return argument


def _operand(value: Any, scope: Scope) -> Any:
    result = evaluate(value, scope)
    if result is NO_VALUE:
        return ""
    return [scalar_text(item) for item in result] if isinstance(result, list) else _comparable(result)


def _comparable(value: Any) -> Any:
    return value if isinstance(value, dict) else scalar_text(value)


def _equals(first: Any, second: Any) -> bool:
    return bool(first == second)


def _contains(items: Any, item: Any) -> bool:
    return item in _as_list(items)


def _each_member_equals(items: Any, item: Any) -> bool:
    return all(member == item for member in _as_list(items))


def _each_member_in(items: Any, allowed: Any) -> bool:
    return all(member in _as_list(allowed) for member in _as_list(items))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_COMPARISONS = {
    "Fn::Equals": _equals,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_member_equals,
    "Fn::EachMemberIn": _each_member_in,
}
