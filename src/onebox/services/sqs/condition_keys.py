"""The condition keys of SQS's requests: the tags of the queue, and those in the request. Pure.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html#amazonsqs-policy-keys
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebox.services.context import Wire

CONDITION_KEYS = ("aws:RequestTag/…", "aws:ResourceTag/…", "aws:TagKeys")


def find_condition_keys(queue_tags: Mapping[str, str], request: Wire) -> dict[str, str | Iterable[str]]:
    """``aws:ResourceTag/…``, ``aws:RequestTag/…`` and ``aws:TagKeys`` of a request for a queue."""
    keys: dict[str, str | Iterable[str]] = {f"aws:ResourceTag/{name}": value for name, value in queue_tags.items()}
    # CreateQueue spells the member «tags», TagQueue «Tags».
    tags: Mapping[str, str] = request.get("tags") or request.get("Tags") or {}
    keys.update({f"aws:RequestTag/{name}": value for name, value in tags.items()})
    names = [*tags, *(request.get("TagKeys") or ())]
    if names:
        keys["aws:TagKeys"] = names
    return keys
