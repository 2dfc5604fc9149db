"""Lifecycle rules: what is due for deletion, and when. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html. Offered are the expiration of current
objects and of earlier versions and the end of forgotten uploads, for a prefix; rules with anything else are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onebox.services.s3.errors import InvalidArgument, MalformedXML, NotOffered
from onebox.services.s3.limits import LIFECYCLE_RULES_MAX

DAY_MS = 24 * 60 * 60 * 1000
_OFFERED = frozenset(
    {"ID", "Status", "Prefix", "Filter", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"}
)


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule that is switched on; None for what it does not do."""

    prefix: str
    expire_after_days: int | None
    expire_at_ms: int | None
    noncurrent_after_days: int | None
    abort_after_days: int | None


def check_lifecycle(document: Any) -> None:
    """Raises MalformedXML, InvalidArgument or NotImplemented."""
    rules = document.get("Rules", [])
    if not 1 <= len(rules) <= LIFECYCLE_RULES_MAX:
        raise MalformedXML
    ids = [rule["ID"] for rule in rules if "ID" in rule]
    if len(set(ids)) < len(ids):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: dict[str, Any]) -> None:
    if rule.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXML
    if unknown := rule.keys() - _OFFERED:
        raise NotOffered(Header=sorted(unknown)[0])
    if set(rule.get("Filter", {})) - {"Prefix"}:
        raise NotOffered(Header="Filter")
    expiration = rule.get("Expiration", {})
    if expiration.get("ExpiredObjectDeleteMarker") or "NewerNoncurrentVersions" in rule.get(
        "NoncurrentVersionExpiration", {}
    ):
        raise NotOffered(Header="Expiration")
    days = [
        expiration.get("Days"),
        rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
        rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    ]
    if any(number is not None and number < 1 for number in days):
        raise InvalidArgument("'Days' for Expiration action must be a positive integer")
    if all(number is None for number in days) and "Date" not in expiration:
        raise InvalidArgument("At least one action needs to be specified in a rule")


def parse_rules(document: Any) -> list[LifecycleRule]:
    """The rules that are switched on, of a document that was checked."""
    return [
        LifecycleRule(
            prefix=rule.get("Filter", {}).get("Prefix", rule.get("Prefix", "")),
            expire_after_days=rule.get("Expiration", {}).get("Days"),
            expire_at_ms=rule.get("Expiration", {}).get("Date"),
            noncurrent_after_days=rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            abort_after_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        )
        for rule in document["Rules"]
        if rule["Status"] == "Enabled"
    ]


def due_at_ms(since_ms: int, days: int) -> int:
    """The midnight (UTC) after so many days: AWS rounds up to the next day."""
    return -(-(since_ms + days * DAY_MS) // DAY_MS) * DAY_MS


def is_current_due(rules: Sequence[LifecycleRule], key: str, modified_at_ms: int, now_ms: int) -> bool:
    """Whether a current object is to be deleted."""
    for rule in rules:
        if key.startswith(rule.prefix):
            if rule.expire_after_days is not None and due_at_ms(modified_at_ms, rule.expire_after_days) <= now_ms:
                return True
            if rule.expire_at_ms is not None and rule.expire_at_ms <= now_ms:
                return True
    return False


def is_noncurrent_due(rules: Sequence[LifecycleRule], key: str, superseded_at_ms: int, now_ms: int) -> bool:
    """Whether an earlier version is to be deleted for good."""
    return any(
        rule.noncurrent_after_days is not None
        and key.startswith(rule.prefix)
        and due_at_ms(superseded_at_ms, rule.noncurrent_after_days) <= now_ms
        for rule in rules
    )


def is_upload_due(rules: Sequence[LifecycleRule], key: str, initiated_at_ms: int, now_ms: int) -> bool:
    """Whether an upload in progress is to be discarded."""
    return any(
        rule.abort_after_days is not None
        and key.startswith(rule.prefix)
        and due_at_ms(initiated_at_ms, rule.abort_after_days) <= now_ms
        for rule in rules
    )
