"""Goal: a range asks for points that CloudWatch still keeps, few enough to draw, and never misses the moment now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.console.ranges import DAY_S, RANGES, Range

POINTS_MAX = 300


@pytest.mark.parametrize(
    ("key", "period_s"), [("15m", 60), ("1h", 60), ("3h", 60), ("12h", 300), ("1d", 300), ("7d", 3600)]
)
def test_the_period_of_each_range(key: str, period_s: int) -> None:
    assert RANGES[key].period_s == period_s


@given(st.sampled_from(list(RANGES.values())), st.integers(0, 4_000_000_000_000))
def test_a_window_is_whole_periods_and_holds_now(wanted: Range, now_ms: int) -> None:
    since_ms, until_ms = wanted.window(now_ms)
    step_ms = wanted.period_s * 1000
    assert since_ms % step_ms == until_ms % step_ms == 0
    assert until_ms - step_ms <= now_ms < until_ms
    assert until_ms - since_ms == wanted.seconds * 1000
    assert 15 <= wanted.seconds / wanted.period_s <= POINTS_MAX


@given(st.integers(60, 455 * DAY_S))
def test_longer_ranges_never_have_finer_points(seconds: int) -> None:
    assert Range("", "", seconds).period_s <= Range("", "", seconds + 1).period_s
