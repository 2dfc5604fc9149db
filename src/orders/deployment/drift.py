"""What of the processing path differs from what the stack's last deployment made. Pure.

CloudFormation's own drift detection compares only properties that the template names, and never the code. So the
function is compared here: its code with the package of the last deployment, its settings with the properties that
CloudFormation expects, and what it has besides (layers).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

PROCESSOR = "OrderProcessor"
TRIGGER = "OrderTrigger"
QUEUES = ("OrderQueue", "OrderDLQ")
COMPARED = (PROCESSOR, TRIGGER, *QUEUES)
CODE = "code"
SHOWN_MAX = 200
# Function properties and what a function has that does not state them.
FUNCTION_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "Handler": "",
    "Layers": [],
    "MemorySize": 128,
    "Role": None,
    "Runtime": None,
    "Timeout": 3,
}
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html, for a queue.
TRIGGER_DEFAULTS: dict[str, Any] = {
    "BatchSize": 10,
    "FilterCriteria": {},
    "FunctionResponseTypes": [],
    "MaximumBatchingWindowInSeconds": 0,
    "ScalingConfig": {},
}
_digest_in_key = re.compile(r"(?:^|/)([0-9a-f]{64})\.zip\Z")


class Difference(NamedTuple):
    """One setting that was changed outside of the stack."""

    resource: str
    """The logical id in the stack."""
    name: str
    """The property, or CODE."""
    actual: Any
    expected: Any

    def describe(self) -> str:
        if self.name == CODE:
            return f"{self.resource}: its code is not that of the last deployment"
        return f"{self.resource}: {self.name} is {_show(self.actual)}, deployed as {_show(self.expected)}"


def digest_of_key(key: str) -> str | None:
    """The CodeSha256 of a package whose key names its digest, as `orders deploy` names it."""
    found = _digest_in_key.search(key)
    return None if found is None else base64.b64encode(bytes.fromhex(found.group(1))).decode()


def compare_function(
    configuration: Mapping[str, Any], expected: Mapping[str, Any] | None, code_sha256: str | None
) -> list[Difference]:
    """``configuration`` as Lambda tells it, ``expected`` as CloudFormation; None for what is unknown."""
    found = []
    if code_sha256 is not None and configuration["CodeSha256"] != code_sha256:
        found.append(Difference(PROCESSOR, CODE, configuration["CodeSha256"], code_sha256))
    for name, default in FUNCTION_DEFAULTS.items() if expected is not None else ():
        wanted = (expected or {}).get(name, default)
        actual = _function_value(configuration, name, default)
        if wanted is not None and _canonical(actual) != _canonical(wanted):
            found.append(Difference(PROCESSOR, name, actual, wanted))
    return found


def compare_trigger(mapping: Mapping[str, Any], expected: Mapping[str, Any]) -> list[Difference]:
    """Whether the trigger is enabled is not compared: pausing is no drift."""
    found = []
    for name, default in TRIGGER_DEFAULTS.items():
        wanted, actual = expected.get(name, default), mapping.get(name) or default
        if _canonical(actual) != _canonical(wanted):
            found.append(Difference(TRIGGER, name, actual, wanted))
    function = str(expected.get("FunctionName", ""))
    if function and not (mapping["FunctionArn"] == function or mapping["FunctionArn"].endswith(f":{function}")):
        found.append(Difference(TRIGGER, "FunctionName", mapping["FunctionArn"], function))
    return found


def compare_queue(logical_id: str, expected: Mapping[str, Any], differences: list[dict[str, Any]]) -> list[Difference]:
    """What CloudFormation found, by whole property."""
    names = dict.fromkeys(one["PropertyPath"].split("/")[1] for one in differences)
    actual = {one["PropertyPath"].split("/")[1]: one["ActualValue"] for one in differences}
    return [Difference(logical_id, name, actual[name], expected[name]) for name in names if name in expected]


def queue_attributes(differences: list[Difference]) -> dict[str, str]:
    """The SQS attributes that undo the differences of a queue."""
    return {
        one.name: json.dumps(one.expected) if isinstance(one.expected, (dict, list)) else _attribute(one.expected)
        for one in differences
    }


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _function_value(configuration: Mapping[str, Any], name: str, default: Any) -> Any:
    value = configuration.get(name)
    if name == "Layers":
        return [layer["Arn"] for layer in value or []]
    if name == "Environment":
        return {"Variables": (value or {}).get("Variables") or {}}
    return default if value is None else value


def _canonical(value: Any) -> str:
    """Numbers and booleans as text: CloudFormation and the services do not agree on their types."""
    if isinstance(value, Mapping):
        return json.dumps({key: _canonical(member) for key, member in value.items()}, sort_keys=True)
    if isinstance(value, (list, tuple)):
        return json.dumps(sorted(map(_canonical, value)))
    return _attribute(value)


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
