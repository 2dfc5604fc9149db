"""Names, paths, tags and pages in requests, checked as IAM checks them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.errors import InvalidInputException, LimitExceededException
from onebox.services.iam.limits import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, TAGS_MAX
from onebox.services.paging import make_token, read_token

T = TypeVar("T")

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|(/[\x21-\x2e\x30-\x7e]+)+/")
USAGES = ("PermissionsPolicy", "PermissionsBoundary")
"""What a list of policies or of their entities can be limited to."""
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")


def check_name(member: str, name: str, most: int) -> None:
    """Raise ValidationError unless it is a name of IAM of at most ``most`` characters."""
    if len(name) > most:
        raise invalid(member, name, f"Member must have length less than or equal to {most}")
    if not name:
        raise invalid(member, name, "Member must have length greater than or equal to 1")
    if not _NAME.fullmatch(name):
        raise ValidationError(
            f"The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the"
            " following: +=,.@_-"
        )


def check_path(path: str) -> None:
    """Raise ValidationError unless it begins and ends with a slash."""
    if len(path) > 512 or not _PATH.fullmatch(path):
        raise ValidationError(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric"
            " characters and/or / characters."
        )


def invalid(member: str, value: object, constraint: str) -> ValidationError:
    """The error of a value that breaks a constraint of the service model."""
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


def check_choice(request: Wire, member: str, *allowed: str) -> None:
    """Raise ValidationError for a value of an optional member that is none of those of the service model."""
    if member in request and request[member] not in allowed:
        wire_name = f"{member[0].lower()}{member[1:]}"
        raise invalid(wire_name, request[member], f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def parse_tags(context: RequestContext, tags: Sequence[Wire]) -> dict[str, str]:
    """Tags as a mapping. Raises InvalidInput or LimitExceeded."""
    parsed: dict[str, str] = {}
    seen: set[str] = set()
    for tag in tags:
        key = tag["Key"]
        if not _TAG_KEY.fullmatch(key) or not context.may_set_tag(key):
            pattern = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
            raise invalid("tags.1.member.key", key, f"Member must satisfy regular expression pattern: {pattern}")
        if key.lower() in seen:
            raise InvalidInputException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        seen.add(key.lower())
        parsed[key] = tag.get("Value", "")
    check_tag_number(parsed)
    return parsed


def check_tag_number(tags: dict[str, str]) -> None:
    """Raise LimitExceeded for more than 50."""
    if len(tags) > TAGS_MAX:
        raise LimitExceededException(f"Cannot exceed quota for TagsPerEntity: {TAGS_MAX}")


def tag_list(tags: dict[str, str]) -> list[Wire]:
    """Tags as IAM lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(request: Wire, member: str, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], object]) -> Wire:
    """One page of a list that is in the order of ``key``: at most MaxItems after Marker."""
    limit = page_limit(request)
    after = parse_marker(request)
    rest = [item for item in items if key(item) > after] if after else list(items)
    return page_of(member, rest[: limit + 1], limit, key, show)


def page_of(member: str, found: Sequence[T], limit: int, key: Callable[[T], str], show: Callable[[T], object]) -> Wire:
    """The same for a list already read after the marker, with one item more than fits if there is one."""
    shown = found[:limit]
    result: Wire = {member: [show(item) for item in shown], "IsTruncated": len(found) > limit}
    if len(found) > limit:
        result["Marker"] = make_token(key(shown[-1]))
    return result


def page_limit(request: Wire) -> int:
    """MaxItems, which is 100 if not given."""
    limit: int = request.get("MaxItems", PAGE_ITEMS_DEFAULT)
    if not 1 <= limit <= PAGE_ITEMS_MAX:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {PAGE_ITEMS_MAX}"
        raise invalid("maxItems", limit, f"Member must have value {bound}")
    return limit


def parse_marker(request: Wire) -> str:
    """The key after which the page begins; empty for the first page."""
    place = read_token(request.get("Marker"), invalid_marker, str)
    return "" if place is None else place[0]


def invalid_marker() -> ValidationError:
    """The error of a Marker that no answer gave."""
    return ValidationError("Invalid Marker.")
