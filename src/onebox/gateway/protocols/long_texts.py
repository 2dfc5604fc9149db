"""JSON with long texts, such as a function's zip file in base64, read without moving a text as a whole.

The parser copies its input and each text twice, and keeps every thread waiting for it: 180 ms for 67 MB on a slow
machine. Long texts are therefore cut out of the body before it is parsed, a short word in the place of each, and stay
where they are until their member is decoded, a slice at a time.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any

import orjson

from onebox.gateway.protocols.base64_text import decode_base64
from onebox.gateway.protocols.json_bounds import is_cheap_json
from onebox.services.pieces import Pieces

LONG_TEXT_BYTES = 1024 * 1024
"""From this size on a text stays in the body."""
REST_BYTES_MAX = 4 * 1024 * 1024
"""What the body may hold besides."""
_MARK = b"\\u0000"
"""Begins the word that stands for a long text. No text of a request with long ones has this character."""
_TEXTS_MAX = 100_000
_SLICE_BYTES = 1024 * 1024
_ESCAPED_QUOTES_MAX = 100_000
_BACKSLASHES_MAX = 1_000
"""In a row, before a quote."""
_ESCAPE_BYTES = 6
"""The longest escape that stands for one character of base64: ``\\u002B``."""


class LongText:
    """A text that is still in the body, its escapes as they came."""

    __slots__ = ("_view",)

    def __init__(self, view: memoryview) -> None:
        self._view = view

    def __str__(self) -> str:
        return f"(a text of {len(self._view)} bytes)"

    def from_base64(self) -> Pieces | None:
        """What the text means as strict base64, or None."""
        try:
            return Pieces(self._decoded())
        except (ValueError, binascii.Error):
            return None

    def _decoded(self) -> Iterator[bytes]:
        """Raises ValueError unless all of it is strict base64."""
        pending = b""
        for slice_ in self._unescaped():
            text = pending + slice_
            end = max(0, len(text) - 1) // 4 * 4  # what may hold padding stays for the end
            pending = text[end:]
            decoded = binascii.a2b_base64(text[:end])
            if len(decoded) != end // 4 * 3:  # the decoder skips foreign characters
                raise ValueError("foreign characters, or padding amid the text")
            yield decoded
        last = decode_base64(pending.decode("ascii"))
        if last is None:
            raise ValueError("an unfinished text")
        yield last

    def _unescaped(self) -> Iterator[bytes]:
        view, at = self._view, 0
        while at < len(view):
            part = bytes(view[at : at + _SLICE_BYTES])
            if b"\\" in part:
                cut = part.find(b"\\", -_ESCAPE_BYTES)
                if cut > 0 and at + len(part) < len(view):
                    part = part[:cut]  # the escape may go on in the next slice
                yield orjson.loads(b'"%b"' % part).encode()
            else:
                yield part
            at += len(part)


def load_json(body: bytes) -> Any:
    """The value of a body; its long texts as :class:`LongText`, a long name of a member as some other name.

    Raises ValueError for what is no JSON, OverflowError for a body with too many values, or with too much besides its
    long texts."""
    rest, texts = _cut(body) if len(body) > LONG_TEXT_BYTES else (body, {})
    if not is_cheap_json(rest):
        raise OverflowError("too many values")
    value = orjson.loads(rest)
    if type(value) is str:
        return texts.get(value, value)
    if texts:
        _put_back(value, texts)
    return value


def _cut(body: bytes) -> tuple[bytes, dict[str, LongText]]:
    view = memoryview(body)
    parts: list[bytes | memoryview] = []
    texts: dict[str, LongText] = {}
    kept_from = kept_bytes = 0
    for begin, end in _strings(body):
        if end - begin >= LONG_TEXT_BYTES:
            parts += (view[kept_from:begin], b"%b%d" % (_MARK, len(texts)))
            texts[f"\0{len(texts)}"] = LongText(view[begin:end])
            kept_bytes += begin - kept_from
            kept_from = end
        elif kept_bytes + end - kept_from > REST_BYTES_MAX:
            break
    parts.append(view[kept_from:])
    if kept_bytes + len(body) - kept_from > REST_BYTES_MAX:
        raise OverflowError("too much besides the long texts")
    rest = b"".join(parts)
    if texts and rest.count(_MARK) > len(texts):
        raise ValueError("a text that stands for another")
    return rest, texts


def _strings(body: bytes) -> Iterator[tuple[int, int]]:
    """Where the texts of a body begin and end, without their quotes. Raises OverflowError if they are too many."""
    at = 0
    escaped = 0
    for _ in range(_TEXTS_MAX):
        begin = _find_quote(body, at) + 1
        if not begin:
            return
        end = _find_quote(body, begin)
        while end > 0 and _is_escaped(body, begin, end):
            escaped += 1
            if escaped > _ESCAPED_QUOTES_MAX:
                raise OverflowError("too many escaped quotes")
            end = _find_quote(body, end + 1)
        if end < 0:
            return
        yield begin, end
        at = end + 1
    raise OverflowError("too many texts")


def _find_quote(body: bytes, at: int) -> int:
    for start in range(at, len(body), _SLICE_BYTES):
        found = body.find(b'"', start, start + _SLICE_BYTES)
        if found >= 0:
            return found
    return -1


def _is_escaped(body: bytes, begin: int, at: int) -> bool:
    """Whether the quote at ``at``, of a text that begins at ``begin``, is part of the text."""
    count = 0
    while at - count > begin and body[at - count - 1] == 0x5C:
        count += 1
        if count > _BACKSLASHES_MAX:
            raise OverflowError("too many backslashes")
    return count % 2 == 1


def _put_back(value: Any, texts: dict[str, LongText]) -> None:
    """Put the long texts where their words stand."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            places = list(one.items())
        elif type(one) is list:
            places = list(enumerate(one))
        else:
            continue
        for place, item in places:
            if type(item) is str:
                if item in texts:
                    one[place] = texts[item]
            elif type(item) in (dict, list):
                waiting.append(item)
