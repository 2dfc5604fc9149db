"""Goal: a rate is of the last minute and falls to 0 when the orders stop, however late CloudWatch is."""

from __future__ import annotations

import pytest

from orders.aws.measures import AGE, PUBLISHED, STORED
from orders.aws.rates import MINUTE_MS, latest, rate

MINUTE = 1_767_225_600_000


def test_a_rate_moves_between_whole_minutes() -> None:
    series = {STORED: {MINUTE - MINUTE_MS: 60.0, MINUTE: 20.0}}
    assert rate(series, STORED, MINUTE + 20_000) == pytest.approx(60.0)
    assert rate(series, STORED, MINUTE) == 80.0


@pytest.mark.parametrize("late_minutes", [0, 1, 2])
def test_two_minutes_after_the_last_order_the_rate_is_0_as_the_queue_is_still_measured(late_minutes: int) -> None:
    stopped = MINUTE - 2 * MINUTE_MS
    known = range(MINUTE - 10 * MINUTE_MS, MINUTE - late_minutes * MINUTE_MS + 1, MINUTE_MS)
    series = {PUBLISHED: {minute: 21_080.0 for minute in known if minute < stopped}, AGE: dict.fromkeys(known, 0.0)}
    assert rate(series, PUBLISHED, MINUTE + 30_000 + late_minutes * MINUTE_MS) == 0.0


def test_where_cloudwatch_is_late_the_newest_minute_it_knows_counts_and_old_ones_do_not() -> None:
    assert rate({STORED: {MINUTE - 2 * MINUTE_MS: 45.0, MINUTE - 3 * MINUTE_MS: 9.0}}, STORED, MINUTE) == 45.0
    assert rate({STORED: {MINUTE - 4 * MINUTE_MS: 45.0}}, STORED, MINUTE) == 0.0
    assert latest({AGE: {MINUTE - 3 * MINUTE_MS: 12.0}}, AGE, MINUTE) == 12.0
    assert latest({AGE: {MINUTE - 4 * MINUTE_MS: 12.0}}, AGE, MINUTE) == 0.0
    assert rate({}, STORED, MINUTE) == 0.0
