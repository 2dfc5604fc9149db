"""Goal: metric math computes as AWS's function list says, and refuses what it cannot compute."""

from __future__ import annotations

import contextlib
import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.cloudwatch.errors import ValidationError
from onebox.services.cloudwatch.metric_math.evaluate import Scope, evaluate
from onebox.services.cloudwatch.metric_math.parser import names_in, parse_expression
from onebox.services.cloudwatch.metric_math.values import MathError, TimeSeries, Value

M = 60_000
SERIES: dict[str, Value] = {
    "m1": TimeSeries({0: 1.0, M: 2.0, 3 * M: 4.0}, 60, "one"),
    "m2": TimeSeries({0: 10.0, M: 0.0, 2 * M: 30.0}, 60, "two"),
    "e1": [TimeSeries({0: 1.0}, 60, "a"), TimeSeries({0: 3.0, M: 5.0}, 60, "b")],
}


def find(name: str) -> Value:
    if name not in SERIES:
        raise MathError(f"Unknown identifier {name}")
    return SERIES[name]


def compute(text: str) -> Value:
    metrics = [series for name, series in SERIES.items() if name[0] == "m" and isinstance(series, TimeSeries)]
    scope = Scope(
        find,
        lambda text: [series for series in metrics if text in series.label],
        lambda *_: metrics,
        lambda period_s: list(range(0, 4 * M, period_s * 1000)),
        lambda _: None,
    )
    return evaluate(parse_expression(text), scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1", {0: 1, M: 2, 3 * M: 4}),
        ("m1 + m2", {0: 11, M: 2}),
        ("m2 / m1", {0: 10, M: 0}),
        ("m1 / m2", {0: 0.1}),  # what would divide by zero goes missing
        ("100 * (m1 - 1)", {0: 0, M: 100, 3 * M: 300}),
        ("-m1 ^ 2", {0: -1, M: -4, 3 * M: -16}),
        ("m1 > 1", {0: 0, M: 1, 3 * M: 1}),
        ("m1 > 1 && m2 < 5", {0: 0, M: 1}),
        ("m1 > 1 OR m2 > 5", {0: 1, M: 1}),
        ("IF(m1 > 1, m1, 0)", {0: 0, M: 2, 3 * M: 4}),
        ("IF(m1 > 1, m1)", {M: 2, 3 * M: 4}),
        ("FILL(m1, 0)", {0: 1, M: 2, 2 * M: 0, 3 * M: 4}),
        ("FILL(m1, REPEAT)", {0: 1, M: 2, 2 * M: 2, 3 * M: 4}),
        ("FILL(m1, LINEAR)", {0: 1, M: 2, 2 * M: 3, 3 * M: 4}),
        ("FILL(m1, m2)", {0: 1, M: 2, 2 * M: 30, 3 * M: 4}),
        ("RATE(m1)", {M: 1 / 60, 3 * M: 2 / 120}),
        ("DIFF(m1)", {M: 1, 3 * M: 2}),
        ("DIFF_TIME(m1)", {M: 60, 3 * M: 120}),
        ("RUNNING_SUM(m1)", {0: 1, M: 3, 3 * M: 7}),
        ("SUM([m1, m2])", {0: 11, M: 2, 2 * M: 30, 3 * M: 4}),
        ("AVG(METRICS())", {0: 5.5, M: 1, 2 * M: 30, 3 * M: 4}),
        ('MAX(METRICS("one"))', {0: 1, M: 2, 3 * M: 4}),
        ("MIN(e1)", {0: 1, M: 5}),
        ("m1 / SUM(m1)", {0: 1 / 7, M: 2 / 7, 3 * M: 4 / 7}),
        ("m1 * PERIOD(m1)", {0: 60, M: 120, 3 * M: 240}),
        ("m1 * METRIC_COUNT(e1)", {0: 2, M: 4, 3 * M: 8}),
        ("FIRST(e1)", {0: 1}),
        ("LAST(e1)", {0: 3, M: 5}),
        ("CEIL(m1 / 2)", {0: 1, M: 1, 3 * M: 2}),
        ("LOG10(m2)", {0: 1, 2 * M: math.log10(30)}),
        ("TIME_SERIES(7)", {0: 7, M: 7, 2 * M: 7, 3 * M: 7}),
    ],
)
def test_expressions_over_series(text: str, expected: dict[int, float]) -> None:
    value = compute(text)
    assert isinstance(value, TimeSeries)
    assert value.values == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SUM(m1)", 7),
        ("AVG(m1)", 7 / 3),
        ("MAX(m1)", 4),
        ("STDDEV(m2)", 12.472191),
        ("1 + 2 * 3 ^ 2", 19),
        ("1e3", 1000),
    ],
)
def test_expressions_that_are_numbers(text: str, expected: float) -> None:
    assert compute(text) == pytest.approx(expected)


def test_arithmetic_on_an_array_keeps_its_series() -> None:
    value = compute("e1 * 2")
    assert isinstance(value, list)
    assert [(series.label, series.values) for series in value] == [("a", {0: 2}), ("b", {0: 6, M: 10})]


@pytest.mark.parametrize(
    "text", ["nothing", "e1 + e1", "NOPE(m1)", "SUM(1)", "FILL(m1)", "RATE(1)", "IF(e1, 1)", "'a' + 1"]
)
def test_what_cannot_be_computed_is_refused(text: str) -> None:
    with pytest.raises(MathError):
        compute(text)


@pytest.mark.parametrize("text", ["", "m1 +", "(m1", "m1)", "SUM(m1,)", "m1 m2", "#", "(" * 100 + "m1" + ")" * 100])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse_expression(text)


def test_names_are_found_everywhere() -> None:
    assert names_in(parse_expression("IF(a > 1, -b, [c, d] + FILL(e, 0))")) == {"a", "b", "c", "d", "e"}


@given(st.text(alphabet="m12e+-*/^()[],<>=!&|'\" SUMFILABG.", max_size=30))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    with contextlib.suppress(ValidationError):
        compute(text)


VALUES = st.dictionaries(st.integers(0, 5), st.floats(-100, 100), max_size=6)


@given(VALUES, VALUES, st.sampled_from("+-*"))
def test_arithmetic_agrees_with_python_where_both_have_data(
    left: dict[int, float], right: dict[int, float], sign: str
) -> None:
    function = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    named: dict[str, Value] = {"a": TimeSeries(left, 60, "a"), "b": TimeSeries(right, 60, "b")}
    scope = Scope(named.__getitem__, lambda _: [], lambda *_: [], lambda _: [], lambda _: None)
    value = evaluate(parse_expression(f"a {sign} b"), scope)
    assert isinstance(value, TimeSeries)
    assert value.values == {at: function(left[at], right[at]) for at in left.keys() & right.keys()}
