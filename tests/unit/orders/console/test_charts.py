"""Goal: a sparkline shows every measured minute, gaps as gaps."""

from __future__ import annotations

import re

import pytest

from orders.console.charts import WIDTH, spark


def lines(values: list[float | None]) -> list[list[float]]:
    """The x of the points of each line that is drawn."""
    drawn = re.findall(r'<polyline points="([^"]+)"', spark(values, "Stored"))
    return [[float(point.split(",")[0]) for point in one.split()] for one in drawn]


@pytest.mark.parametrize("position", [0, 30, 59])
def test_one_measured_minute_is_seen_within_the_chart(position: int) -> None:
    values: list[float | None] = [None] * 60
    values[position] = 5.0
    [(left, right)] = lines(values)
    assert 0 <= left < right <= WIDTH


def test_a_gap_separates_two_lines() -> None:
    assert len(lines([1.0, 2.0, None, 3.0, 4.0])) == 2


def test_nothing_measured_draws_nothing() -> None:
    assert lines([None, None]) == []
