"""Paging tokens: where the next page of a list begins, opaque to the client.

A token is the URL-safe base64, without padding, of a JSON array. What a client sends back is checked for its length,
its form and the types of its parts; whatever is wrong raises the error that the service names for it, and nothing
else. A token is no secret and carries no right: a service looks up what it names as it would look up any parameter.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar, overload

import orjson

from onebox.errors import AwsError

TOKEN_CHARACTERS_MAX = 64 * 1024
"""More than the longest token that is made: a DynamoDB key of an index, all of it escaped."""

_INTEGERS = range(-(2**63), 2**63)  # what SQLite stores

A = TypeVar("A", str, int, bool, dict[str, Any])
B = TypeVar("B", str, int, bool, dict[str, Any])
C = TypeVar("C", str, int, bool, dict[str, Any])


def make_token(*place: str | int | dict[str, Any]) -> str:
    """The token for the place after which the next page begins."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode("ascii").rstrip("=")


@overload
def read_token(token: str | None, invalid: Callable[[], AwsError], first: type[A], /) -> tuple[A] | None: ...
@overload
def read_token(
    token: str | None, invalid: Callable[[], AwsError], first: type[A], second: type[B], /
) -> tuple[A, B] | None: ...
@overload
def read_token(
    token: str | None, invalid: Callable[[], AwsError], first: type[A], second: type[B], third: type[C], /
) -> tuple[A, B, C] | None: ...


def read_token(token: str | None, invalid: Callable[[], AwsError], /, *types: type) -> tuple[Any, ...] | None:
    """The place that :func:`make_token` was given, None without a token (None or empty).

    ``types`` are those of the parts (``str``, ``int``, ``bool``, ``dict``). Raises ``invalid()`` for a token that is
    too long, malformed, or has other parts.
    """
    if not token:
        return None
    place = _decode(token)
    if place is None or [type(part) for part in place] != list(types):
        raise invalid()
    if any(type(part) is int and part not in _INTEGERS for part in place):
        raise invalid()
    return tuple(place)


def _decode(token: str) -> list[Any] | None:
    if len(token) > TOKEN_CHARACTERS_MAX or "=" in token:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        place = orjson.loads(raw)
    except (binascii.Error, ValueError):
        return None
    return place if isinstance(place, list) else None
