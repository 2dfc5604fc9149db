"""Lifecycle rules: what is due for deletion, and when. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html. Offered are the expiration of current
objects, of earlier versions and of delete markers that stand alone, and the end of forgotten uploads; rules with
transitions are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onebox.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXML, NotOffered
from onebox.services.s3.limits import LIFECYCLE_RULES_MAX, NEWER_VERSIONS_MAX
from onebox.services.s3.model import StoredObject

DAY_MS = 24 * 60 * 60 * 1000
_OFFERED = frozenset(
    {"ID", "Status", "Prefix", "Filter", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"}
)
_LARGER, _SMALLER = "ObjectSizeGreaterThan", "ObjectSizeLessThan"
_FILTERS = frozenset({"Prefix", "Tag", _LARGER, _SMALLER, "And"})
_ABORT, _EXPIRED_MARKER, _NEWER = (
    "AbortIncompleteMultipartUpload",
    "ExpiredObjectDeleteMarker",
    "NewerNoncurrentVersions",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which objects a rule is for."""

    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    larger_than: int = -1
    smaller_than: int | None = None

    def matches(self, stored: StoredObject) -> bool:
        """Whether a version is among them."""
        return (
            stored.key.startswith(self.prefix)
            and stored.size_bytes > self.larger_than
            and (self.smaller_than is None or stored.size_bytes < self.smaller_than)
            and self.tags.items() <= stored.tags.items()
        )


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule that is switched on; None for what it does not do."""

    filter: Filter
    expire_after_days: int | None = None
    expire_at_ms: int | None = None
    expires_markers: bool = False
    """Delete markers that stand alone are deleted at once."""
    noncurrent_after_days: int | None = None
    newer_versions: int = 0
    """How many earlier versions are kept, whatever their age."""
    abort_after_days: int | None = None


def check_lifecycle(document: Any) -> None:
    """Raises MalformedXML, InvalidArgument, InvalidRequest or NotImplemented."""
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
    _check_filter(rule)
    expiration, noncurrent = rule.get("Expiration", {}), rule.get("NoncurrentVersionExpiration", {})
    if expiration.get(_EXPIRED_MARKER) and ("Days" in expiration or "Date" in expiration):
        raise MalformedXML
    days = [
        expiration.get("Days"),
        noncurrent.get("NoncurrentDays"),
        rule.get(_ABORT, {}).get("DaysAfterInitiation"),
    ]
    if any(number is not None and number < 1 for number in days):
        raise InvalidArgument("'Days' for Expiration action must be a positive integer")
    if _NEWER in noncurrent:
        if not 1 <= noncurrent[_NEWER] <= NEWER_VERSIONS_MAX:
            raise InvalidArgument(
                f"'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer of at "
                f"most {NEWER_VERSIONS_MAX}"
            )
        if "NoncurrentDays" not in noncurrent:
            raise MalformedXML
    if all(number is None for number in days) and not {"Date", _EXPIRED_MARKER} & expiration.keys():
        raise InvalidArgument("At least one action needs to be specified in a rule")


def _check_filter(rule: dict[str, Any]) -> None:
    given = rule.get("Filter") or {}
    if len(given) > 1 or ("Prefix" in rule and "Filter" in rule):
        raise MalformedXML
    if unknown := given.keys() - _FILTERS:
        raise NotOffered(Header=sorted(unknown)[0])
    both = given.get("And")
    if both is not None and sum(len(value) if isinstance(value, list) else 1 for value in both.values()) < 2:
        raise MalformedXML
    found = _parse_filter(rule)
    if found.smaller_than is not None and found.larger_than + 1 >= found.smaller_than:
        raise InvalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
    is_narrow = bool(found.tags) or found.larger_than >= 0 or found.smaller_than is not None
    if is_narrow and _ABORT in rule:
        raise InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.")
    if found.tags and rule.get("Expiration", {}).get(_EXPIRED_MARKER):
        raise InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")


def _parse_filter(rule: dict[str, Any]) -> Filter:
    given = rule.get("Filter") or {}
    both = given.get("And") or given
    tags = both.get("Tags") or ([both["Tag"]] if "Tag" in both else [])
    return Filter(
        prefix=both.get("Prefix", rule.get("Prefix", "")),
        tags={tag["Key"]: tag["Value"] for tag in tags},
        larger_than=both.get(_LARGER, -1),
        smaller_than=both.get(_SMALLER),
    )


def parse_rules(document: Any) -> list[LifecycleRule]:
    """The rules that are switched on, of a document that was checked."""
    return [
        LifecycleRule(
            filter=_parse_filter(rule),
            expire_after_days=rule.get("Expiration", {}).get("Days"),
            expire_at_ms=rule.get("Expiration", {}).get("Date"),
            expires_markers=bool(rule.get("Expiration", {}).get(_EXPIRED_MARKER)),
            noncurrent_after_days=rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            newer_versions=rule.get("NoncurrentVersionExpiration", {}).get(_NEWER, 0),
            abort_after_days=rule.get(_ABORT, {}).get("DaysAfterInitiation"),
        )
        for rule in document["Rules"]
        if rule["Status"] == "Enabled"
    ]


def due_at_ms(since_ms: int, days: int) -> int:
    """The midnight (UTC) after so many days: AWS rounds up to the next day."""
    return -(-(since_ms + days * DAY_MS) // DAY_MS) * DAY_MS


def is_current_due(rules: Sequence[LifecycleRule], stored: StoredObject, now_ms: int) -> bool:
    """Whether a current object is to be deleted, or a delete marker that stands alone."""
    for rule in rules:
        if not rule.filter.matches(stored):
            continue
        if rule.expires_markers and stored.is_delete_marker:
            return True
        if rule.expire_after_days is not None and due_at_ms(stored.modified_at_ms, rule.expire_after_days) <= now_ms:
            return True
        if rule.expire_at_ms is not None and rule.expire_at_ms <= now_ms:
            return True
    return False


def find_kept_versions(
    rules: Sequence[LifecycleRule], stored: StoredObject, superseded_at_ms: int, now_ms: int
) -> int | None:
    """How many newer earlier versions there must be for an earlier version to be deleted for good; None if it stays."""
    due = [
        rule.newer_versions
        for rule in rules
        if rule.noncurrent_after_days is not None
        and rule.filter.matches(stored)
        and due_at_ms(superseded_at_ms, rule.noncurrent_after_days) <= now_ms
    ]
    return min(due, default=None)


def is_upload_due(rules: Sequence[LifecycleRule], key: str, initiated_at_ms: int, now_ms: int) -> bool:
    """Whether an upload in progress is to be discarded."""
    return any(
        rule.abort_after_days is not None
        and key.startswith(rule.filter.prefix)
        and due_at_ms(initiated_at_ms, rule.abort_after_days) <= now_ms
        for rule in rules
    )
