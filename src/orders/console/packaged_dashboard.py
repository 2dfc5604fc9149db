"""The dashboard defined in template.yaml, for a system without a deployed dashboard.

Only the references in its text are replaced: the texts that its charts share, the names of resources, the ARNs of
alarms, the prefix, the region.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from orders.aws.names import Names
from orders.errors import OperatorError

_REFERENCE = re.compile(r"\$\{(?P<logical_id>[A-Za-z0-9:]+)(?:\.(?P<attribute>\w+))?\}")
DASHBOARD = "AWS::CloudWatch::Dashboard"


class _Loader(yaml.SafeLoader):
    """YAML loader that replaces short forms of intrinsic functions with their arguments."""


def _argument(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _argument)


def packaged_dashboard(template: str, names: Names, region: str, alarm_arn: Callable[[str], str]) -> str:
    """The DashboardBody of a template's first dashboard. ``alarm_arn`` returns the ARN of an alarm by name.

    Raises OperatorError if there is none.
    """
    resources: Mapping[str, Any] = yaml.load(template, _Loader)["Resources"]  # noqa: S506 - it is a SafeLoader
    body = next((one["Properties"]["DashboardBody"] for one in resources.values() if one["Type"] == DASHBOARD), None)
    if body is None:
        raise OperatorError("the template defines no dashboard")
    # Fn::Sub takes a text, or a list of a text and its variables.
    text, variables = body if isinstance(body, list) else (body, {})
    known = {"AWS::Region": region, "NamePrefix": names.prefix}

    def resolve(reference: re.Match[str]) -> str:
        name = reference["logical_id"]
        if name in known:
            return known[name]
        properties = resources[name]["Properties"]
        named = next(str(value) for key, value in properties.items() if key.endswith("Name") and key != "MetricName")
        resource = _REFERENCE.sub(resolve, named)
        return alarm_arn(resource) if reference["attribute"] == "Arn" else resource

    known |= {name: _REFERENCE.sub(resolve, str(value)) for name, value in variables.items()}
    return _REFERENCE.sub(resolve, str(text))
