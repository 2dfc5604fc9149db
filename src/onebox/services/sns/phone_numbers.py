"""Telephone numbers as SNS takes them. Pure."""

from __future__ import annotations

import re

_CHARACTERS_MAX = 50
_NUMBER = re.compile(r"\+?[0-9]+(?:[-. ][0-9]+)*")


def is_phone_number(text: str) -> bool:
    """``+`` and digits, with single hyphens, spaces or dots between them."""
    return len(text) <= _CHARACTERS_MAX and _NUMBER.fullmatch(text) is not None
