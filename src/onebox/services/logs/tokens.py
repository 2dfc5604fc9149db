"""Event ids and page tokens. Pure.

An event id is AWS's 56-digit number with the time in its upper bits, so that ids sort as events do, until the year
2111. GetLogEvents hands out ``f/ID/s`` and ``b/ID/s``; the tokens of other pages come from
:mod:`onebox.services.paging`.
"""

from __future__ import annotations

import re

from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.model import Position

_ID = re.compile(r"[0-9]{1,64}")
_TIME_SHIFT = 144
_ID_MASK = (1 << _TIME_SHIFT) - 1
HEAD = Position(0, 0)


def event_id(position: Position) -> str:
    return f"{position.at_ms << _TIME_SHIFT | position.id:056d}"


def forward_token(after: Position) -> str:
    """The token for what comes after ``after``."""
    return f"f/{event_id(after)}/s"


def backward_token(before: Position) -> str:
    """The token for what comes before ``before``."""
    return f"b/{event_id(before)}/s"


def parse_stream_token(token: str) -> tuple[bool, Position]:
    """Direction (True: forward) and place of a GetLogEvents token."""
    parts = token.split("/")
    if len(parts) == 3 and parts[0] in ("f", "b") and _ID.fullmatch(parts[1]) and parts[2] == "s":
        return parts[0] == "f", _position(int(parts[1]))
    raise invalid_token()


def find_position(event_id: str) -> Position | None:
    """The place of the event with an id; None for a text that is no id."""
    if not _ID.fullmatch(event_id):
        return None
    try:
        return _position(int(event_id))
    except InvalidParameterException:
        return None


def invalid_token() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")


def _position(number: int) -> Position:
    at_ms = number >> _TIME_SHIFT
    id_ = number & _ID_MASK
    if at_ms >= 1 << 62 or id_ >= 1 << 62:
        raise invalid_token()
    return Position(at_ms, id_)
