"""How many a minute, and the newest value, of CloudWatch's metrics. Pure.

CloudWatch on AWS reports a minute one or two minutes later. How late it is now is seen from all series together: the
newest minute that any of them has is known for all, so a series without a value in it has stopped, and its rate is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from orders.aws.measures import PERIOD_S, Measure

MINUTE_MS = PERIOD_S * 1000
# Older than this, a value says nothing of now.
LAG_MINUTES = 3

Series = Mapping[Measure, Mapping[int, float]]
"""The values of each minute, by the start of the minute in milliseconds since the epoch."""


def newest_minute(series: Series, at_ms: int) -> int | None:
    """The newest minute of which CloudWatch tells anything; None if all it knows is too old."""
    minute = at_ms // MINUTE_MS * MINUTE_MS
    for back in range(LAG_MINUTES + 1):
        if any(minute - back * MINUTE_MS in values for values in series.values()):
            return minute - back * MINUTE_MS
    return None


def rate(series: Series, measure: Measure, at_ms: int) -> float:
    """How many a minute in the last minute: what is left of the minute before counts by its share.

    Falls to 0 within a minute after the last value, and where CloudWatch is late, with it.
    """
    minute = newest_minute(series, at_ms)
    if minute is None:
        return 0.0
    values = series.get(measure, {})
    share_left = max(0.0, 1 - (at_ms - minute) / MINUTE_MS)
    return values.get(minute, 0.0) + values.get(minute - MINUTE_MS, 0.0) * share_left


def latest(series: Series, measure: Measure, at_ms: int) -> float:
    """The newest value, at most LAG_MINUTES old; 0 without one."""
    values = series.get(measure, {})
    minute = at_ms // MINUTE_MS * MINUTE_MS
    recent = (minute - back * MINUTE_MS for back in range(LAG_MINUTES + 1))
    return next((values[one] for one in recent if one in values), 0.0)
