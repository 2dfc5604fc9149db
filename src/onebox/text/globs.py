"""Globs: patterns with ``*`` (any run of characters, also none) and ``?`` (any one character), in linear time.

A pattern is split at its stars. The first segment must begin the text and the last must end it; the segments between
are found from left to right, each at its first place. That is exact, and it never goes back, so a match costs one walk
over the text whatever the pattern is. A segment without ``?`` is found by :meth:`str.find`; one with ``?`` by the
Shift-And algorithm, which keeps all the places where the segment could have begun as the bits of one integer.

Every character matches, line ends too. Comparison is by code point; callers that ignore case pass both sides in lower
case. What the callers' grammars escape, they parse: :func:`compile_tokens` takes literals and wildcards apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache


class Wildcard(Enum):
    """What a pattern leaves open."""

    RUN = "*"
    """Any run of characters, also none."""
    ONE = "?"
    """Exactly one character."""


Token = str | Wildcard
"""A literal text, or a wildcard."""


class Glob:
    """A compiled pattern. Immutable."""

    __slots__ = ("_first", "_inner", "_last", "_least")

    def __init__(self, segments: list[_Segment]) -> None:
        self._first = segments[0]
        self._inner = segments[1:-1]
        self._last = segments[-1] if len(segments) > 1 else None
        self._least = sum(segment.length for segment in segments)

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` fits."""
        end = len(text)
        if end < self._least or not self._first.fits(text, 0):
            return False
        if self._last is None:
            return end == self._least
        end -= self._last.length
        if not self._last.fits(text, end):
            return False
        place = self._first.length
        for segment in self._inner:
            place = segment.find_end(text, place, end)
            if place < 0:
                return False
        return True


class _Segment:
    """What lies between two stars: literals and ``?``. ``_literals`` are pairs of offset and text."""

    __slots__ = ("_any", "_literals", "_masks", "length")

    def __init__(self, tokens: list[Token]) -> None:
        self._literals: list[tuple[int, str]] = []
        self._masks: dict[str, int] = {}
        self._any = 0
        self.length = 0
        for token in tokens:
            if isinstance(token, str):
                self._literals.append((self.length, token))
            else:
                self._any |= 1 << self.length
            self.length += len(token) if isinstance(token, str) else 1

    def fits(self, text: str, place: int) -> bool:
        """Whether ``text`` goes on with the segment at ``place``; it must be long enough."""
        return all(text.startswith(literal, place + offset) for offset, literal in self._literals)

    def find_end(self, text: str, start: int, stop: int) -> int:
        """The end of the first place between ``start`` and ``stop`` where the segment lies; -1 if there is none."""
        if not self._any:
            place = text.find(self._literals[0][1], start, stop) if self._literals else start
            return place + self.length if place >= 0 else -1
        if not self._literals:
            return start + self.length if start + self.length <= stop else -1
        return self._shift_and(text, start, stop)

    def _shift_and(self, text: str, start: int, stop: int) -> int:
        masks, others = self._find_masks(), self._any
        found = 1 << (self.length - 1)
        places = 0
        for index in range(start, stop):
            places = (places << 1 | 1) & masks.get(text[index], others)
            if places & found:
                return index + 1
        return -1

    def _find_masks(self) -> dict[str, int]:
        """For each character of the segment, the offsets at which it may stand."""
        if not self._masks:
            for offset, literal in self._literals:
                for index, character in enumerate(literal, offset):
                    self._masks[character] = self._masks.get(character, self._any) | 1 << index
        return self._masks


def compile_tokens(tokens: Iterable[Token]) -> Glob:
    """A pattern of literals and wildcards, in their order. Empty literals are allowed."""
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wildcard.RUN:
            segments.append([])
        elif not isinstance(token, str):
            segments[-1].append(token)
        elif token:
            # Neighbouring literals become one, so that a segment without ``?`` is one text.
            if segments[-1] and isinstance(segments[-1][-1], str):
                segments[-1][-1] += token
            else:
                segments[-1].append(token)
    # Neighbouring stars mean one: what lies between them is empty.
    inner = [segment for segment in segments[1:-1] if segment]
    return Glob([_Segment(segment) for segment in [segments[0], *inner, *segments[1:][-1:]]])


@lru_cache(maxsize=4096)
def compile_glob(pattern: str, *, one: bool = True) -> Glob:
    """A pattern as text, without escapes: ``*`` and, unless ``one`` is false, ``?`` are wildcards."""
    return compile_tokens(split_wildcards(pattern, one=one))


def split_wildcards(pattern: str, *, one: bool = True) -> list[Token]:
    """The tokens of a pattern as text, without escapes."""
    tokens: list[Token] = []
    for number, run_free in enumerate(pattern.split("*")):
        if number:
            tokens.append(Wildcard.RUN)
        for place, literal in enumerate(run_free.split("?") if one else [run_free]):
            if place:
                tokens.append(Wildcard.ONE)
            if literal:
                tokens.append(literal)
    return tokens
