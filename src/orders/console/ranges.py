"""The time ranges of the metrics page and the period of their points."""

from __future__ import annotations

from typing import NamedTuple

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


class Range(NamedTuple):
    key: str
    title: str
    seconds: int

    @property
    def period_s(self) -> int:
        """The period of a point in seconds, as short as the chart can show.

        CloudWatch keeps minutes for 15 days, longer than any range.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
        """
        return period_for(self.seconds)

    @property
    def step(self) -> str:
        """The same for display."""
        return {MINUTE_S: "1 minute", 5 * MINUTE_S: "5 minutes"}.get(self.period_s, "1 hour")

    def window(self, now_ms: int) -> tuple[int, int]:
        """Start and end in milliseconds, at whole periods; the current period is the last."""
        step = self.period_s * 1000
        until = now_ms // step * step + step
        return until - self.seconds * 1000, until


def period_for(seconds: int) -> int:
    """Minutes up to 3 hours, 5 minutes up to a day, hours beyond."""
    if seconds <= 3 * HOUR_S:
        return MINUTE_S
    return 5 * MINUTE_S if seconds <= DAY_S else HOUR_S


RANGES = {
    one.key: one
    for one in (
        Range("15m", "15 minutes", 15 * MINUTE_S),
        Range("1h", "1 hour", HOUR_S),
        Range("3h", "3 hours", 3 * HOUR_S),
        Range("12h", "12 hours", 12 * HOUR_S),
        Range("1d", "1 day", DAY_S),
        Range("7d", "7 days", 7 * DAY_S),
    )
}
DEFAULT_RANGE = RANGES["1h"]
