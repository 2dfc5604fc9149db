"""Goal: statistics of aggregated samples are those of the samples themselves."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.runtime.histogram import VALUES_MAX, bounded
from onebox.runtime.metrics import MetricBuffer, Statistic
from onebox.services.cloudwatch.statistics import Stat, find_stat, percentile

NUMBERS = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=40)


def statistic_of(numbers: list[float]) -> Statistic:
    return Statistic(len(numbers), sum(numbers), min(numbers), max(numbers), dict(Counter(numbers)))


def stat(name: str) -> Stat:
    found = find_stat(name)
    assert found is not None
    return found


@given(NUMBERS, NUMBERS)
def test_merging_loses_nothing(one: list[float], other: list[float]) -> None:
    merged = statistic_of(one)
    merged.merge(statistic_of(other))
    assert merged == statistic_of(one + other)


@given(NUMBERS)
def test_simple_statistics_are_those_of_the_samples(numbers: list[float]) -> None:
    found = {name: stat(name).of(statistic_of(numbers)) for name in ("SampleCount", "Sum", "Minimum", "Maximum")}
    assert found == {
        "SampleCount": len(numbers),
        "Sum": sum(numbers),
        "Minimum": min(numbers),
        "Maximum": max(numbers),
    }
    assert stat("Average").of(statistic_of(numbers)) == pytest.approx(sum(numbers) / len(numbers))


@given(NUMBERS, st.integers(0, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(numbers: list[float], percent: int) -> None:
    found = stat(f"p{percent}").of(statistic_of(numbers))
    assert found in numbers
    assert sum(number <= found for number in numbers) >= len(numbers) * percent / 100
    assert percent == 0 or sum(number < found for number in numbers) < len(numbers) * percent / 100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p50", 5),
        ("p99.9", 10),
        ("p100", 10),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(2:4)", 3.5),
        ("IQM", 5.5),
        ("tc90", 9),
        ("TC(3:7)", 4),
        ("ts90", 45),
        ("TS(80%:)", 19),
        ("wm90", 5.4),
        ("PR(:3)", 30),
        ("PR(8:)", 20),
    ],
)
def test_extended_statistics_of_one_to_ten(name: str, expected: float) -> None:
    assert stat(name).of(statistic_of([float(n) for n in range(1, 11)])) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["", "p101", "px", "Median", "sum", "TM()", "TM(1%:2)", "PR(1%:2%)", "TM(90%:10%)"])
def test_a_name_that_is_no_statistic_is_not_found(name: str) -> None:
    assert find_stat(name) is None


def test_percentiles_need_the_samples_and_no_negative_value() -> None:
    assert stat("p50").of(Statistic(3, 6, 1, 3)) is None
    assert stat("p50").of(Statistic(3, 6, 2, 2)) == 2
    assert stat("p50").of(statistic_of([-1.0, 1.0])) is None


@given(
    st.integers(VALUES_MAX + 1, 3 * VALUES_MAX), st.floats(1.00001, 1.01), st.floats(0.001, 1e6), st.integers(0, 100)
)
def test_a_bounded_histogram_keeps_count_sum_and_near_percentiles(
    count: int, ratio: float, first: float, percent: int
) -> None:
    values = {first * ratio**place: 1.0 for place in range(count)}
    kept = bounded(values)
    assert len(kept) <= VALUES_MAX
    assert sum(kept.values()) == len(values)
    assert math.fsum(value * samples for value, samples in kept.items()) == pytest.approx(math.fsum(values))
    exact, near = (percentile(sorted(histogram.items()), percent) for histogram in (values, kept))
    assert near == pytest.approx(exact, rel=0.09)  # the worst of three rounds of merging: 1.01 * 1.02 * 1.04


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=30))
def test_the_buffer_sums_by_minute_and_drains_once(samples: list[tuple[int, int]]) -> None:
    buffer = MetricBuffer()
    for value, count in samples:
        buffer.add("1", "r", "N", "m", (), value, "Count", 60_000 + value * 1_000, count)
    ((key, statistic),) = buffer.drain()
    assert (key.minute_at_ms, buffer.drain()) == (60_000, [])
    assert statistic == statistic_of([float(value) for value, count in samples for _ in range(count)])
