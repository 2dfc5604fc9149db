"""Refusals as problem documents.

RFC 9457: https://www.rfc-editor.org/rfc/rfc9457
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:orders:problem:"
# Paths are bounded by the contract's check; names with other characters have no pointer.
_is_plain_path = re.compile(r"\w+(?:\.\w+|\[[0-9]+\])*").fullmatch
_steps = re.compile(r"\w+").findall

# The kinds of problems: status and title.
KINDS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request is malformed"),
    "unauthenticated": (401, "No valid credentials"),
    "not-found": (404, "Not found"),
    "method": (405, "Method not allowed"),
    "key-in-use": (409, "A request with this idempotency key is under way"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "Unsupported media type"),
    "contract": (422, "The order violates the contract"),
    "key-reused": (422, "The idempotency key was used with another body"),
    "too-many": (429, "Too many requests"),
    "unavailable": (503, "Not available now"),
}


class FieldError(NamedTuple):
    """One violation of the contract."""

    field: str
    """The path of the field, such as items[0].unitPrice; empty for the order as a whole."""
    detail: str

    def describe(self) -> dict[str, str]:
        """As it stands in a problem document: with a JSON Pointer where the path has one."""
        found = {"field": self.field, "detail": self.detail}
        if not self.field or _is_plain_path(self.field):
            found["pointer"] = "#" + "".join(f"/{step}" for step in _steps(self.field))
        return found


class Problem(NamedTuple):
    """Why a request is refused."""

    kind: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = {}
    further: Mapping[str, Any] = {}
    """Further members of the document."""

    @property
    def status(self) -> int:
        return KINDS[self.kind][0]

    def describe(self) -> dict[str, Any]:
        """The members of the problem document."""
        status, title = KINDS[self.kind]
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind,
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.describe() for error in self.errors]
        return {**document, **self.further}


class Refused(Exception):
    """The request is answered with a problem document."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, detail, headers=headers or {})


def later(seconds: int) -> dict[str, str]:
    """The header that says when to try again."""
    return {"Retry-After": str(max(1, seconds))}
