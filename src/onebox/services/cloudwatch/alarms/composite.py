"""Composite alarms: ``ALARM("a") AND NOT (OK("b") OR INSUFFICIENT_DATA(c))``. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from onebox.arn import find_arn
from onebox.services.cloudwatch.alarms.evaluation import ALARM, OK
from onebox.services.cloudwatch.errors import ValidationError

States = Mapping[str, str]
_TOKEN = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)+)\"|(?P<name>[^\s()\"]+))\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))",
    re.IGNORECASE,
)
_ELEMENTS_MAX = 500
_CHILDREN_MAX = 100
_DEPTH_MAX = 50


@dataclass(frozen=True, slots=True)
class CompositeRule:
    test: Callable[[States], bool]
    names: frozenset[str]
    """The alarms it depends on."""


def evaluate_rule(rule: CompositeRule, states: States) -> str:
    """ALARM if the rule holds, else OK; an alarm that does not exist is in no state."""
    return ALARM if rule.test(states) else OK


@lru_cache(maxsize=256)
def parse_rule(text: str) -> CompositeRule:
    """Raises ValidationError for a rule that is none."""
    parser = _Parser(text)
    test = parser.either()
    parser.end()
    if len(parser.names) > _CHILDREN_MAX:
        raise ValidationError(f"AlarmRule must not contain more than {_CHILDREN_MAX} alarms.")
    return CompositeRule(test, frozenset(parser.names))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0
        self.names: set[str] = set()

    def either(self) -> Callable[[States], bool]:
        tests = [self._both()]
        while self._accept("OR"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda states: any(test(states) for test in tests)

    def end(self) -> None:
        if self._place != len(self._tokens):
            raise _invalid()

    def _both(self) -> Callable[[States], bool]:
        tests = [self._one()]
        while self._accept("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda states: all(test(states) for test in tests)

    def _one(self) -> Callable[[States], bool]:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise _invalid()
        test = self._element()
        self._depth -= 1
        return test

    def _element(self) -> Callable[[States], bool]:
        if self._accept("NOT"):
            test = self._one()
            return lambda states: not test(states)
        if self._accept("("):
            test = self.either()
            if not self._accept(")"):
                raise _invalid()
            return test
        if self._accept("TRUE"):
            return _always
        if self._accept("FALSE"):
            return lambda states: not _always(states)
        return self._state()

    def _state(self) -> Callable[[States], bool]:
        if self._place == len(self._tokens):
            raise _invalid()
        kind, wanted, name = self._tokens[self._place]
        if kind != "state":
            raise _invalid()
        self._place += 1
        self.names.add(name)
        return lambda states: states.get(name) == wanted

    def _accept(self, word: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place][:2] == ("word", word)
        self._place += found
        return found


def _tokens(text: str) -> list[tuple[str, str, str]]:
    """(kind, word or state, alarm's name)."""
    tokens: list[tuple[str, str, str]] = []
    place = 0
    text = text.strip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or len(tokens) == _ELEMENTS_MAX:
            raise _invalid()
        if token["state"]:
            named = token["name"] or re.sub(r"\\(.)", r"\1", token["quoted"])
            tokens.append(("state", token["state"].upper(), _alarm_name(named)))
        else:
            tokens.append(("word", (token["word"] or token["bracket"]).upper(), ""))
        place = token.end()
    return tokens


def _always(states: States) -> bool:
    return True


def _alarm_name(name_or_arn: str) -> str:
    arn = find_arn(name_or_arn)
    return arn.resource.removeprefix("alarm:") if arn and arn.service == "cloudwatch" else name_or_arn


def _invalid() -> ValidationError:
    return ValidationError("Error in AlarmRule: the rule is not a valid expression.")
