"""Event ids and page tokens. Pure.

An event id is AWS's 56-digit number with the time in its upper bits, so that ids sort as events do. GetLogEvents
hands out ``f/ID/s`` and ``b/ID/s``; other pages have opaque tokens.
"""

from __future__ import annotations

import base64
import binascii

from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.model import Position

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
    if len(parts) == 3 and parts[0] in ("f", "b") and parts[1].isdecimal() and parts[2] == "s":
        return parts[0] == "f", _position(int(parts[1]))
    raise invalid_token()


def filter_token(forward: bool, last: Position) -> str:
    return encode_token(("f" if forward else "b") + event_id(last))


def parse_filter_token(token: str) -> tuple[bool, Position]:
    text = decode_token(token)
    if text[:1] in ("f", "b") and text[1:].isdecimal():
        return text[0] == "f", _position(int(text[1:]))
    raise invalid_token()


def encode_token(text: str) -> str:
    """An opaque token that stands for ``text``."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(token: str) -> str:
    """What :func:`encode_token` was given; InvalidParameterException for anything else."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_token() from error


def invalid_token() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")


def _position(number: int) -> Position:
    at_ms = number >> _TIME_SHIFT
    id_ = number & _ID_MASK
    if at_ms >= 1 << 62 or id_ >= 1 << 62:
        raise invalid_token()
    return Position(at_ms, id_)
