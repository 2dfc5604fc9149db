"""JSON patterns: ``{ ($.level = "ERROR" || $.status >= 500) && $.user.name NOT EXISTS }``. Pure.

``&&`` binds more tightly than ``||``. A comparison with a property that a message lacks is false, whatever
the operator. ``[*]`` means any element of an array.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from onebox.services.logs.patterns.pattern import (
    Extracted,
    find_number,
    invalid_pattern,
    number_test,
    text_test,
)

Step = str | int | None
"""A property's name, an index, or None for every element."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\.?\[(?:"[^"]*"|'[^']*'|\*|\d+)\]|\.[^\s=<>!&|(){}\[\]"',]+)*)
      | (?P<operator>!=|<=|>=|=|<|>|&&|\|\||\(|\)|\{|\})
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<regex>%[^%]+%)
      | (?P<word>[^\s=<>!&|(){}"]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_STEP = re.compile(r"""\.?\[(?:"([^"]*)"|'([^']*)'|(\*)|(\d+))\]|\.([^.\[]+)""")
_DEPTH_MAX = 50
_ELEMENTS_MAX = 20_000
"""Elements of arrays that ``[*]`` looks at in one message, all comparisons together."""
_MISSING = object()


@dataclass(slots=True)
class _Message:
    """A message's document, and how many more elements of arrays may be looked at."""

    document: Any
    elements_left: int = _ELEMENTS_MAX


Node = Callable[[_Message], bool]


@dataclass(frozen=True, slots=True)
class JsonPattern:
    test: Node
    selectors: tuple[tuple[str, tuple[Step, ...]], ...]
    comparisons: int

    @property
    def tests(self) -> int:
        # Parsing and walking a document costs many times a search in its text.
        return 8 * (self.comparisons + 1)

    def extract(self, message: str) -> Extracted | None:
        document = _parse_document(message)
        if document is _MISSING or not self.test(_Message(document)):
            return None
        found = ((selector, _first(document, steps)) for selector, steps in self.selectors)
        return {selector: _as_text(value) for selector, value in found if value is not _MISSING}

    def select(self, message: str, selector: str) -> str | None:
        if not selector.startswith(("$.", "$[")):
            return None
        value = _first(_parse_document(message), parse_selector(selector))
        return None if value is _MISSING or isinstance(value, dict | list) else _as_text(value)


def parse_json_pattern(text: str) -> JsonPattern:
    parser = _Parser(text)
    test = parser.parse()
    return JsonPattern(test, tuple(parser.selectors.items()), parser.comparisons)


def parse_selector(text: str) -> tuple[Step, ...]:
    """The steps of ``$.a.b[0]["c d"][*]``."""
    steps: list[Step] = []
    place = 1
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            raise invalid_pattern()
        name = next((group for group in (step[1], step[2], step[5]) if group is not None), None)
        steps.append(name if name is not None else None if step[3] else int(step[4]))
        place = step.end()
    return tuple(steps)


class _Parser:
    """Recursive descent over the tokens: or, and, then a group or a comparison."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0
        self.selectors: dict[str, tuple[Step, ...]] = {}
        self.comparisons = 0

    def parse(self) -> Node:
        self._expect("{")
        node = self._any()
        self._expect("}")
        if self._place != len(self._tokens):
            raise invalid_pattern()
        return node

    def _any(self) -> Node:
        nodes = [self._all()]
        while self._accept("||"):
            nodes.append(self._all())
        return nodes[0] if len(nodes) == 1 else lambda message: any(node(message) for node in nodes)

    def _all(self) -> Node:
        nodes = [self._one()]
        while self._accept("&&"):
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else lambda message: all(node(message) for node in nodes)

    def _one(self) -> Node:
        if not self._accept("("):
            return self._comparison()
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise invalid_pattern()
        node = self._any()
        self._depth -= 1
        self._expect(")")
        return node

    def _comparison(self) -> Node:
        kind, selector = self._next()
        if kind != "selector":
            raise invalid_pattern()
        steps = parse_selector(selector)
        self.comparisons += 1
        self.selectors[selector] = steps
        kind, operator = self._next()
        if kind == "word":
            return _keyword_node(steps, operator.upper(), self._next()[1].upper())
        if kind != "operator" or operator in ("(", ")", "{", "}", "&&", "||"):
            raise invalid_pattern()
        kind, value = self._next()
        if kind not in ("quoted", "regex", "word"):
            raise invalid_pattern()
        return _comparison_node(steps, operator, kind, value)

    def _next(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise invalid_pattern()
        self._place += 1
        return self._tokens[self._place - 1]

    def _accept(self, operator: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place] == ("operator", operator)
        self._place += found
        return found

    def _expect(self, operator: str) -> None:
        if not self._accept(operator):
            raise invalid_pattern()


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or token.lastgroup is None:
            raise invalid_pattern()
        value = token[token.lastgroup]
        tokens.append((token.lastgroup, re.sub(r"\\(.)", r"\1", value) if token.lastgroup == "quoted" else value))
        place = token.end()
    return tokens


def _keyword_node(steps: tuple[Step, ...], first: str, second: str) -> Node:
    if (first, second) == ("NOT", "EXISTS"):
        return lambda message: next(_values(message, message.document, steps), _MISSING) is _MISSING
    if first != "IS" or second not in ("NULL", "TRUE", "FALSE"):
        raise invalid_pattern()
    wanted = {"NULL": None, "TRUE": True, "FALSE": False}[second]
    return lambda message: any(value is wanted for value in _values(message, message.document, steps))


def _comparison_node(steps: tuple[Step, ...], operator: str, kind: str, text: str) -> Node:
    number = find_number(text) if kind == "word" else None
    if number is not None:
        compare = number_test(operator, number)
        return lambda message: any(
            isinstance(value, int | float) and not isinstance(value, bool) and compare(value)
            for value in _values(message, message.document, steps)
        )
    if operator not in ("=", "!="):
        raise invalid_pattern()
    equals = text_test(text, kind == "quoted")
    wanted = operator == "="
    return lambda message: any(
        equals(_as_text(value)) is wanted
        for value in _values(message, message.document, steps)
        if value is not None and not isinstance(value, dict | list)
    )


def _values(message: _Message, document: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """All values at the end of the steps; more than one only where ``[*]`` is among them."""
    for place, step in enumerate(steps):
        if step is None:
            if isinstance(document, list):
                for element in document:
                    if not message.elements_left:
                        return
                    message.elements_left -= 1
                    yield from _values(message, element, steps[place + 1 :])
            return
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return
            document = document[step]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            return
    yield document


def _first(document: Any, steps: tuple[Step, ...]) -> Any:
    return next(_values(_Message(document), document, steps), _MISSING)


def _parse_document(message: str) -> Any:
    stripped = message.strip()
    if not stripped.startswith(("{", "[")):
        return _MISSING
    try:
        return orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return _MISSING  # a line that is not JSON is no error; it does not match


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
