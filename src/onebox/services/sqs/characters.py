"""The characters that a message may hold: those of XML 1.0. Pure."""

from __future__ import annotations

import re

ALLOWED_CHARACTERS = "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]"

# Lone surrogates cannot be encoded either.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORBIDDEN_ASCII = bytes(set(range(0x20)) - set(b"\t\n\r"))


def find_forbidden_character(text: str) -> str | None:
    """The first character that a message may not hold; None if there is none."""
    # The usual cases go a much faster way: nothing printable is forbidden, and of ASCII only control characters are.
    if text.isprintable() or (text.isascii() and not _has_forbidden_ascii(text)):
        return None
    found = _FORBIDDEN.search(text)
    return None if found is None else found.group()


def _has_forbidden_ascii(text: str) -> bool:
    return len(text.encode().translate(None, _FORBIDDEN_ASCII)) != len(text)
