"""Which points in time of a table can be restored.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from onebox.clock import Clock
from onebox.services.context import Wire
from onebox.services.dynamodb.limits import RECOVERY_LAG_MS

DAY_MS = 24 * 3600 * 1000
_SECOND_MS = 1000


class Window(NamedTuple):
    """The earliest and the latest second that can be restored, in milliseconds since the epoch."""

    earliest_ms: int
    latest_ms: int


def enabled_recovery(old: Wire | None, period_days: int, clock: Clock) -> Wire:
    """The setting ``PointInTimeRecovery`` of a table that switches recovery on, or changes its period: the steady time
    since when all changes are kept, and for how long.

    A longer period does not bring back what a shorter one let go.
    """
    since_ms = now_ms = clock.steady_ms()
    if old is not None:
        since_ms = max(old["SinceMs"], now_ms - old["RecoveryPeriodInDays"] * DAY_MS)
    return {"SinceMs": since_ms, "RecoveryPeriodInDays": period_days}


def find_window(recovery: Wire, clock: Clock) -> Window:
    """The window of a table with this setting ``PointInTimeRecovery``, by the wall clock as it is set now."""
    since_ms, now_ms = clock.wall_of(recovery["SinceMs"]), clock.now_ms()
    earliest_ms = max(since_ms, now_ms - recovery["RecoveryPeriodInDays"] * DAY_MS)
    latest_ms = max(now_ms - RECOVERY_LAG_MS, since_ms)
    return Window(_second(earliest_ms), _second(latest_ms))


def _second(moment_ms: int) -> int:
    return moment_ms - moment_ms % _SECOND_MS


def iso_second(moment_ms: int) -> str:
    """A moment as the messages of backups and recovery write it: ``2026-10-08T23:16:33Z``."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=moment_ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
