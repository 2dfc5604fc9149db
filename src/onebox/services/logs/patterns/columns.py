"""Space-delimited patterns: ``[ip, user, ..., status = 4*, bytes > 1000]``. Pure.

A message is split at spaces; what stands in quotes or square brackets is one field. The pattern must name
every field, unless ``...`` stands for the ones between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.services.logs.patterns.pattern import (
    Extracted,
    Test,
    find_number,
    invalid_pattern,
    number_test,
    text_test,
)

ELLIPSIS = "..."
_WORD = re.compile(r"\S+")
_CLOSING = {'"': '"', "[": "]"}
_NAME = re.compile(r"\s*([A-Za-z_][\w.\-]*)\s*")
_CONDITION = re.compile(
    r"""\s*(?P<open>\(?)\s*(?P<name>[A-Za-z_][\w.\-]*)\s*(?P<operator>!=|<=|>=|=|<|>)\s*
    (?:"(?P<quoted>[^"]*)"|(?P<regex>%[^%]+%)|(?P<bare>[^\s,&|()"]+))\s*(?P<close>\)?)\s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    test: Test


@dataclass(frozen=True, slots=True)
class ColumnPattern:
    before: tuple[Column, ...]
    """Columns counted from the left: all of them, or those before the ellipsis."""
    after: tuple[Column, ...]
    ellipsis: bool

    @property
    def tests(self) -> int:
        # Splitting a message into its fields costs many times a search in its text.
        return 32 + len(self.before) + len(self.after)

    def extract(self, message: str) -> Extracted | None:
        fields = self._fields(message)
        if fields is None:
            return None
        for column, text in fields:
            if not column.test(text):
                return None
        return {f"${column.name}": text for column, text in fields}

    def select(self, message: str, selector: str) -> str | None:
        fields = self._fields(message)
        return next((text for column, text in fields or () if f"${column.name}" == selector), None)

    def _fields(self, message: str) -> list[tuple[Column, str]] | None:
        texts = split_fields(message)
        named = len(self.before) + len(self.after)
        if len(texts) < named or (len(texts) > named and not self.ellipsis):
            return None
        right = texts[len(texts) - len(self.after) :]
        return [*zip(self.before, texts, strict=False), *zip(self.after, right, strict=True)]


def split_fields(message: str) -> list[str]:
    """The fields of a message: words, and what stands in double quotes or square brackets, without these."""
    fields: list[str] = []
    unclosed: set[str] = set()
    place = 0
    while (word := _WORD.search(message, place)) is not None:
        place = word.start()
        close = _CLOSING.get(message[place])
        if close is not None and close not in unclosed:
            end = message.find(close, place + 1)
            if end >= 0:
                fields.append(message[place + 1 : end])
                place = end + 1
                continue
            unclosed.add(close)  # looked for once: the rest of the message holds none
        fields.append(word[0])
        place = word.end()
    return fields


def parse_columns(text: str) -> ColumnPattern:
    if not text.endswith("]"):
        raise invalid_pattern()
    parts = [part.strip() for part in _split(text[1:-1])]
    if parts.count(ELLIPSIS) > 1 or not all(parts):
        raise invalid_pattern()
    ellipsis = ELLIPSIS in parts
    place = parts.index(ELLIPSIS) if ellipsis else len(parts)
    before = tuple(_parse_column(part) for part in parts[:place])
    return ColumnPattern(before, tuple(_parse_column(part) for part in parts[place + 1 :]), ellipsis)


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside quotes and regular expressions."""
    return re.findall(r'(?:"[^"]*"|%[^%]*%|[^,"%])+', text) or [""]


def _parse_column(text: str) -> Column:
    name = _NAME.fullmatch(text)
    if name:
        return Column(name[1], _anything)
    alternatives: list[list[Test]] = [[]]
    names: set[str] = set()
    place = 0
    while True:
        condition = _CONDITION.match(text, place)
        if condition is None:
            raise invalid_pattern()
        names.add(condition["name"])
        alternatives[-1].append(_condition_test(condition))
        place = condition.end()
        if place == len(text):
            break
        joint = text[place : place + 2]
        if joint not in ("&&", "||"):
            raise invalid_pattern()
        if joint == "||":
            alternatives.append([])
        place += 2
    if len(names) != 1:
        raise invalid_pattern()
    return Column(names.pop(), lambda field: any(all(test(field) for test in group) for group in alternatives))


def _condition_test(condition: re.Match[str]) -> Test:
    operator, quoted = condition["operator"], condition["quoted"]
    value: str = next(text for text in (quoted, condition["regex"], condition["bare"]) if text is not None)
    number = find_number(value) if quoted is None else None
    if number is not None:
        compare = number_test(operator, number)
        return lambda field: (actual := find_number(field)) is not None and compare(actual)
    if operator not in ("=", "!="):
        raise invalid_pattern()
    equals = text_test(value, quoted is not None)
    return equals if operator == "=" else lambda field: not equals(field)


def _anything(field: str) -> bool:
    return True
