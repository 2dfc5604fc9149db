"""The condition keys of SNS's requests: tags, and protocol and endpoint of a subscription. Pure.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html#amazonsns-policy-keys
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebox.services.context import Wire

CONDITION_KEYS = ("aws:RequestTag/…", "aws:ResourceTag/…", "aws:TagKeys", "sns:Endpoint", "sns:Protocol")


def find_condition_keys(topic_tags: Mapping[str, str], request: Wire) -> dict[str, str | Iterable[str]]:
    """``aws:ResourceTag/…``, ``aws:RequestTag/…``, ``aws:TagKeys``, ``sns:Protocol`` and ``sns:Endpoint``."""
    keys: dict[str, str | Iterable[str]] = {f"aws:ResourceTag/{name}": value for name, value in topic_tags.items()}
    tags: list[Wire] = request.get("Tags") or []
    keys.update({f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags})
    names = [*(tag["Key"] for tag in tags), *(request.get("TagKeys") or ())]
    if names:
        keys["aws:TagKeys"] = names
    return keys | subscription_keys(request)


def subscription_keys(request: Wire) -> dict[str, str | Iterable[str]]:
    """``sns:Protocol`` and ``sns:Endpoint`` of a Subscribe request; nothing for others."""
    keys: dict[str, str | Iterable[str]] = {}
    if "Protocol" in request:
        keys["sns:Protocol"] = request["Protocol"]
    if "Endpoint" in request:
        keys["sns:Endpoint"] = request["Endpoint"]
    return keys
