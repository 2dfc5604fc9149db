"""Goal: alarms change state exactly as AWS's tables of missing data say, and as a small model of them agrees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.cloudwatch.alarms.evaluation import (
    COMPARISONS,
    TREATMENTS,
    Decision,
    Point,
    Rule,
    decide_state,
    is_settled,
)
from onebox.services.cloudwatch.alarms.reasons import state_reason

START_MS = 1_767_225_600_000
VALUES = {"0": 0.0, "X": 9.0, "-": None}


def points(pattern: str) -> list[Point]:
    """``0`` within the threshold, ``X`` breaching, ``-`` missing; oldest first, as AWS's page writes them."""
    return [Point(START_MS + 60_000 * n, VALUES[sign]) for n, sign in enumerate(pattern.replace(" ", ""))]


def rule(m: int, n: int, treat: str = "missing") -> Rule:
    return Rule("GreaterThanThreshold", 5.0, n, m, treat)


KEEP = None
# The tables of "Configuring how CloudWatch alarms treat missing data": missing, ignore, breaching, notBreaching.
THREE_OF_THREE = {
    "0 - X - X": ("OK", "OK", "OK", "OK"),
    "0 - - - -": ("OK", "OK", "OK", "OK"),
    "- - - - -": ("INSUFFICIENT_DATA", KEEP, "ALARM", "OK"),
    "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "- - X - -": ("ALARM", KEEP, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0 - X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 0 X 0 X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 - X - -": ("OK", "OK", "ALARM", "OK"),
    "- - - - 0": ("OK", "OK", "ALARM", "OK"),
    "- - - X -": ("ALARM", KEEP, "ALARM", "OK"),
}
ROWS = [
    (m, pattern, treat, state)
    for m, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for pattern, states in table.items()
    for treat, state in zip(("missing", "ignore", "breaching", "notBreaching"), states, strict=True)
]


@pytest.mark.parametrize(("m", "pattern", "treat", "state"), ROWS)
def test_state_is_that_of_the_table(m: int, pattern: str, treat: str, state: str | None) -> None:
    assert decide_state(rule(m, 3, treat), points(pattern)).state == state


@pytest.mark.parametrize("pattern", ["- - - - X", "- - - X -"])
def test_a_single_breaching_datapoint_does_not_alarm_early(pattern: str) -> None:
    assert decide_state(rule(3, 3), points(pattern)).state == "OK"


PATTERN = st.lists(st.sampled_from("0X-"), min_size=5, max_size=9).map("".join)


@given(PATTERN, st.integers(1, 5), st.integers(1, 5), st.sampled_from(TREATMENTS))
def test_state_agrees_with_the_model(pattern: str, one: int, other: int, treat: str) -> None:
    m, n = min(one, other), max(one, other)
    assert decide_state(rule(m, n, treat), points(pattern)).state == modelled(pattern, m, n, treat)


def modelled(pattern: str, m: int, n: int, treat: str) -> str | None:
    """The page in other words: take the newest n real datapoints, else fill up, else see what the treatment says."""
    real = pattern.replace("-", "")
    if len(real) >= n:
        return "ALARM" if real[-n:].count("X") >= m else "OK"
    if treat in ("breaching", "notBreaching"):
        filled = real + ("X" if treat == "breaching" else "0") * (n - len(real))
        return "ALARM" if filled.count("X") >= m else "OK"
    if not real:
        return None if treat == "ignore" else "INSUFFICIENT_DATA"
    if real.count("X") >= m:
        return "ALARM"
    if "0" in real:
        return "OK"
    if treat == "ignore":
        return None
    return "ALARM" if len(pattern) - pattern.index("X") >= m else "OK"


@given(
    st.sampled_from(sorted(COMPARISONS)),
    st.sampled_from(["Maximum", "Minimum", "Sum", "SampleCount", "Average"]),
    st.lists(st.integers(-3, 9), min_size=1, max_size=4),
    st.lists(st.integers(-3, 9), max_size=4),
    st.integers(-3, 9),
)
def test_a_settled_period_breaches_whatever_comes(
    comparison: str, statistic: str, seen: list[int], later: list[int], threshold: int
) -> None:
    def value(samples: list[int]) -> float:
        return {
            "Maximum": max(samples),
            "Minimum": min(samples),
            "Sum": sum(samples),
            "SampleCount": len(samples),
            "Average": sum(samples) / len(samples),
        }[statistic]

    whole = seen + later
    # A metric of which one sample was not negative is taken never to be: that is the rule's one assumption.
    if statistic == "Sum" and min(seen) >= 0 > min(whole):
        return
    if is_settled(comparison, statistic, value(seen), threshold, min(seen)):
        assert COMPARISONS[comparison](value(whole), threshold)


@pytest.mark.parametrize(
    ("m", "n", "treat", "pattern", "reason"),
    [
        (
            1,
            1,
            "missing",
            "--X",
            "Threshold Crossed: 1 out of the last 1 datapoints [9.0 (01/01/26 00:02:00)] was greater than the"
            " threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            2,
            3,
            "missing",
            "X0X",
            "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (01/01/26 00:02:00), 9.0 (01/01/26 00:00:00)]"
            " were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ),
        (
            1,
            1,
            "missing",
            "--0",
            "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/01/26 00:02:00)] was not greater than the"
            " threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (1, 1, "missing", "---", "Insufficient Data: 1 datapoint was unknown."),
        (2, 2, "missing", "----", "Insufficient Data: 2 datapoints were unknown."),
        (
            1,
            1,
            "breaching",
            "---",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as"
            " [Breaching].",
        ),
        (
            3,
            3,
            "notBreaching",
            "-----",
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as"
            " [NonBreaching].",
        ),
    ],
)
def test_the_reason_is_in_the_words_of_aws(m: int, n: int, treat: str, pattern: str, reason: str) -> None:
    decision: Decision = decide_state(rule(m, n, treat), points(pattern))
    assert state_reason(rule(m, n, treat), decision) == reason
