"""Goal: rules of composite alarms mean what they say, and nonsense is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.cloudwatch.alarms.composite import evaluate_rule, parse_rule
from onebox.services.cloudwatch.errors import ValidationError

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("b")', False),
        ('INSUFFICIENT_DATA("c d")', True),
        ("ALARM(a) AND OK(b)", True),
        ("ALARM(a) AND NOT OK(b)", False),
        ("ALARM(b) OR ALARM(a) AND OK(b)", True),
        ("(ALARM(b) OR ALARM(a)) AND ALARM(b)", False),
        ("NOT (ALARM(b) OR FALSE)", True),
        ("TRUE", True),
        ("OK(unknown)", False),
        ("alarm(a) and ok(arn:aws:cloudwatch:us-east-1:000000000000:alarm:b)", True),
    ],
)
def test_rules_hold_or_not(text: str, holds: bool) -> None:
    assert evaluate_rule(parse_rule(text), STATES) == ("ALARM" if holds else "OK")


def test_a_rule_knows_the_alarms_it_depends_on() -> None:
    assert parse_rule('ALARM(a) AND NOT OK("c d")').names == {"a", "c d"}


@pytest.mark.parametrize(
    "text", ["", "ALARM()", "ALARM(a) ALARM(b)", "AND", "(ALARM(a)", "MAYBE(a)", "NOT " * 99 + "TRUE"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse_rule(text)


@given(st.lists(st.sampled_from(["ALARM(a)", "OK(b)", "AND", "OR", "NOT", "(", ")", "TRUE", "x"]), max_size=12))
def test_any_text_is_a_rule_or_refused(words: list[str]) -> None:
    with contextlib.suppress(ValidationError):
        evaluate_rule(parse_rule(" ".join(words)), STATES)
