"""Text from outside made safe to show: in a terminal, on a page, in a file.

Promises: the result is bounded where a length is given, has UTF-8, and holds no character that moves a cursor, changes
a terminal's state or turns the direction of what follows. Pure.
"""

from __future__ import annotations

import re

# Unicode's controls, line separators, overrides of direction, and halves of surrogate pairs.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_unsafe = re.compile(f"[{_UNSAFE}]")
_unsafe_in_block = re.compile(f"(?![\n\t])[{_UNSAFE}]")
_unsafe_in_json = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_half = re.compile("[\ud800-\udfff]")


def printable(text: object, length: int | None = None) -> str:
    """One line of text with everything unsafe escaped; of ``length`` characters at most, and how many were left out."""
    whole = str(text)
    left_out = 0 if length is None else len(whole) - length
    line = _unsafe.sub(_escape, whole if left_out <= 0 else whole[:length])
    return line if left_out <= 0 else f"{line}... ({left_out:,} more characters)"


def printable_block(text: str) -> str:
    """As printable, but lines and tabs stay."""
    return _unsafe_in_block.sub(_escape, text)


def printable_json(text: str) -> str:
    """JSON text with everything unsafe in its strings as JSON's own escapes: the same document."""
    return _unsafe_in_json.sub(_escape_json, text)


def well_formed(text: str) -> str:
    """Text that has UTF-8: half of a surrogate pair is shown escaped."""
    return text if text.isascii() else _half.sub(_escape_json, text)


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if value is None:
        return ""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{printable(value)}" if is_formula else printable(value)


def show_duration(duration_ms: int) -> str:
    """``850 ms``, ``12 s``, ``5 min``, ``3.2 h`` or ``2.0 days``."""
    seconds = duration_ms / 1000
    if seconds < 1:
        return f"{duration_ms} ms"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def _escape(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def _escape_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
