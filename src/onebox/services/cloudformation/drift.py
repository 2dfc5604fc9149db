"""Compares declared properties with the live ones. Pure.

Promises: only properties that the template gives and the service can tell are compared, as AWS does it.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.services.context import Wire


def find_differences(expected: Wire, actual: Wire) -> list[Wire]:
    """The PropertyDifferences between the template's properties and the live ones."""
    differences: list[Wire] = []
    for name, wanted in expected.items():
        if name != "Tags" and name in actual:
            _compare(f"/{name}", wanted, actual[name], differences)
    return differences


def comparable(expected: Wire, actual: Wire) -> Wire:
    """The live properties that the comparison is about."""
    return {name: actual[name] for name in expected if actual.get(name) is not None}


def mask(actual: Wire, expected: Wire, shown: Wire) -> Wire:
    """The live properties, those of NoEcho values as ``shown`` has them."""
    return {name: shown[name] if shown.get(name) != expected[name] else value for name, value in actual.items()}


def mask_differences(differences: list[Wire], expected: Wire, shown: Wire) -> list[Wire]:
    """The differences, those of NoEcho values without the values."""
    hidden = {name for name in expected if shown.get(name) != expected[name]}
    return [
        {**difference, "ExpectedValue": "****", "ActualValue": "****"}
        if difference["PropertyPath"].split("/")[1] in hidden
        else difference
        for difference in differences
    ]


def _compare(path: str, wanted: Any, live: Any, differences: list[Wire]) -> None:
    if isinstance(wanted, dict) and isinstance(live, dict):
        for name in {**wanted, **live}:
            _compare(f"{path}/{name}", wanted.get(name), live.get(name), differences)
    elif not _same(wanted, live):
        kind = "ADD" if wanted is None else "REMOVE" if live is None else "NOT_EQUAL"
        differences.append(
            {
                "PropertyPath": path,
                "ExpectedValue": _text(wanted),
                "ActualValue": _text(live),
                "DifferenceType": kind,
            }
        )


def _same(wanted: Any, live: Any) -> bool:
    """Equal, whatever the order of lists: the services do not keep it."""
    if isinstance(wanted, list) and isinstance(live, list):
        return sorted(map(_canonical, wanted)) == sorted(map(_canonical, live))
    return _canonical(wanted) == _canonical(live)


def _canonical(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
