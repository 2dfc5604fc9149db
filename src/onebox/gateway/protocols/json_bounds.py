"""Whether a JSON body is cheap enough to parse on the event loop.

A parser's time goes with the number of values rather than with bytes: 16 MB of ``{}`` take two seconds, one string of
16 MB twenty milliseconds. The count below is made by a few passes at the speed of memory, only for large bodies, and
counts nothing that stands inside a string.
"""

from __future__ import annotations

COUNTED_FROM_BYTES = 256 * 1024
"""Smaller bodies cannot hold enough values to matter."""
CONTAINERS_MAX = 140_000
"""Objects and arrays of one body: some 80 ms of parsing. A DynamoDB item of 400 KB holds up to 136,000 numbers other
than zero. It may hold more values of one or two bytes (zero, null, a boolean, an empty text): those are refused."""
SEPARATORS_MAX = 400_000
"""Commas of one body, which separate members of sets above all: an item of 400 KB holds a set of 200,000 numbers."""

TOO_MANY_VALUES = "The request holds more values than onebox takes at once"


def is_cheap_json(body: bytes) -> bool:
    """False for a body whose values are too many to be parsed at once."""
    if len(body) < COUNTED_FROM_BYTES or _within_bounds(body):
        return True
    text = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if text.count(b'"') > 8 * CONTAINERS_MAX:
        return False
    return _within_bounds(b"".join(text.split(b'"')[::2]))


def _within_bounds(text: bytes) -> bool:
    return text.count(b"{") + text.count(b"[") <= CONTAINERS_MAX and text.count(b",") <= SEPARATORS_MAX
