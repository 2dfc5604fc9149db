"""Term patterns: ``ERROR "exact phrase" -exclude ?either ?or %regex%``. Pure.

All plain terms must be in the message, none of the excluded ones, and of the optional ones at least one. Beside
other terms AWS ignores the optional ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.patterns.pattern import Extracted, Test, compile_regex, invalid_pattern

_TOKEN = re.compile(r'\s*(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))(?=\s|$)', re.DOTALL)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class TermPattern:
    required: tuple[Test, ...]
    optional: tuple[Test, ...]
    excluded: tuple[Test, ...]

    @property
    def tests(self) -> int:
        return len(self.required) + len(self.optional) + len(self.excluded)

    def extract(self, message: str) -> Extracted | None:
        if any(test(message) for test in self.excluded) or not all(test(message) for test in self.required):
            return None
        if self.optional and not any(test(message) for test in self.optional):
            return None
        return {}

    def select(self, message: str, selector: str) -> str | None:
        return None


def parse_terms(text: str) -> TermPattern:
    tests: dict[str, list[Test]] = {"": [], "?": [], "-": []}
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise invalid_pattern()
        tests[token["sign"]].append(_parse_term(token["phrase"], token["word"]))
        place = token.end()
    required, optional, excluded = (tuple(tests[sign]) for sign in ("", "?", "-"))
    return TermPattern(required, () if required or excluded else optional, excluded)


def _parse_term(phrase: str | None, word: str | None) -> Test:
    if phrase is not None:
        return _contains(re.sub(r"\\(.)", r"\1", phrase, flags=re.DOTALL))
    assert word is not None
    if len(word) > 2 and word.startswith("%") and word.endswith("%"):
        return compile_regex(word[1:-1])
    if not _WORD.fullmatch(word):
        raise InvalidParameterException(f"Invalid character(s) in term '{word}'")
    return _contains(word)


def _contains(term: str) -> Test:
    return lambda message: term in message
