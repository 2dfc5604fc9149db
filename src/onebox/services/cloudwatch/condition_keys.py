"""The condition keys of CloudWatch's requests. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebox.services.cloudwatch.model import ACTION_LISTS
from onebox.services.context import Wire

CONDITION_KEYS = (
    "aws:RequestTag/…",
    "aws:ResourceTag/…",
    "aws:TagKeys",
    "cloudwatch:AlarmActions",
    "cloudwatch:namespace",
)


def find_condition_keys(
    operation: str, resource_tags: Mapping[str, str], request: Wire
) -> dict[str, str | Iterable[str]]:
    """The keys of a request for an alarm or dashboard that has these tags."""
    keys: dict[str, str | Iterable[str]] = {f"aws:ResourceTag/{name}": value for name, value in resource_tags.items()}
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
    keys.update({f"aws:RequestTag/{name}": value for name, value in tags.items()})
    names = [*tags, *(request.get("TagKeys") or ())]
    if names:
        keys["aws:TagKeys"] = names
    # AWS supplies the namespace with PutMetricData alone.
    if operation == "PutMetricData" and request.get("Namespace") is not None:
        keys["cloudwatch:namespace"] = request["Namespace"]
    actions = [arn for member in ACTION_LISTS for arn in request.get(member) or ()]
    if actions:
        keys["cloudwatch:AlarmActions"] = actions
    return keys
