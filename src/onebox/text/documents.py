"""JSON documents from outside, read with bounds: policies, dashboards, filters.

Size, depth and duplicate members are checked here, so that no caller does. A document is valid UTF-8 without half
surrogate pairs, without NaN and Infinity, and without numbers beyond the range of a double. Integers beyond 64 bits
become floats. Raises ValueError for everything else, and nothing but ValueError.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

DOCUMENT_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 100


class DuplicateMember(ValueError):
    """An object names a member twice; ``name`` is the member."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the member {name!r} occurs twice in an object")
        self.name = name


def parse_document(
    text: str | bytes,
    *,
    bytes_max: int = DOCUMENT_BYTES_MAX,
    depth_max: int = DEPTH_MAX,
    unique_members: bool = False,
) -> Any:
    """The value of a JSON text.

    ``bytes_max`` bounds the UTF-8 text, ``depth_max`` the nesting of objects and arrays. Of members with the same name
    the last one counts; with ``unique_members`` they raise :class:`DuplicateMember`.
    """
    # Encoding refuses half surrogate pairs; UnicodeEncodeError is a ValueError.
    raw = text.encode("utf-8") if isinstance(text, str) else text
    if len(raw) > bytes_max:
        raise ValueError(f"the document has {len(raw)} bytes; at most {bytes_max} are allowed")
    value = orjson.loads(raw)
    # Most documents have fewer brackets than levels are allowed, and need no walk.
    if raw.count(b"[") + raw.count(b"{") > depth_max and _is_deeper(value, depth_max):
        raise ValueError(f"the document is nested deeper than {depth_max} levels")
    if unique_members:
        json.loads(raw, object_pairs_hook=_refuse_duplicates)
    return value


def parse_object(
    text: str | bytes,
    *,
    bytes_max: int = DOCUMENT_BYTES_MAX,
    depth_max: int = DEPTH_MAX,
    unique_members: bool = False,
) -> dict[str, Any]:
    """The same for a document that must be an object."""
    value = parse_document(text, bytes_max=bytes_max, depth_max=depth_max, unique_members=unique_members)
    if not isinstance(value, dict):
        raise ValueError("the document is not an object")
    return value


def _is_deeper(value: Any, depth_max: int) -> bool:
    """Whether containers lie deeper than ``depth_max``; level by level, without recursion."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(depth_max):
        level = [
            member
            for container in level
            for member in (container.values() if isinstance(container, dict) else container)
            if isinstance(member, (dict, list))
        ]
        if not level:
            return False
    return bool(level)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise DuplicateMember(name)
            seen.add(name)
    return members
