"""The condition keys of CloudWatch Logs' requests. Pure.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebox.services.context import Wire

CONDITION_KEYS = ("aws:RequestTag/…", "aws:ResourceTag/…", "aws:TagKeys", "logs:DestinationArn")


def find_condition_keys(group_tags: Mapping[str, str], request: Wire) -> dict[str, str | Iterable[str]]:
    """The keys of a request for a group that has these tags."""
    keys: dict[str, str | Iterable[str]] = {f"aws:ResourceTag/{name}": value for name, value in group_tags.items()}
    tags = request.get("tags")
    # TagResource has a map, UntagLogGroup a list of names under the same member.
    requested: Mapping[str, str] = tags if isinstance(tags, dict) else {}
    keys.update({f"aws:RequestTag/{name}": value for name, value in requested.items()})
    names = [*requested, *(tags if isinstance(tags, list) else ()), *(request.get("tagKeys") or ())]
    if names:
        keys["aws:TagKeys"] = names
    if request.get("destinationArn") is not None:
        keys["logs:DestinationArn"] = request["destinationArn"]
    return keys
