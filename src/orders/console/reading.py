"""The system as the console reads it: the queues' counts often, the rest seldom, and what that costs in calls."""

from __future__ import annotations

from orders.aws.clients import Aws
from orders.console.settings import Refresh
from orders.monitoring.status import CALLS_QUEUES, CALLS_REST, MINUTE_MS, Status, StatusReader


class SystemReading:
    """Reads from AWS what is due. Its calls block, so they are made in a worker thread, one at a time."""

    def __init__(self, aws: Aws, refresh: Refresh) -> None:
        self._aws = aws
        self._refresh = refresh
        self._reader: StatusReader | None = None
        self._last: Status | None = None
        self._whole_at_ms = 0

    def read(self, now_ms: int) -> Status:
        """The state of the system. Raises botocore's errors and OperatorError; then all is read the next time."""
        reader, last = self._reader, self._last
        self._last = None
        if reader is None or last is None or not last.is_deployed:
            # Queues are looked up once for each reader: a system that was deployed meanwhile needs a new one.
            reader = self._reader = StatusReader(self._aws)
            last = None
        if last is None or now_ms - self._whole_at_ms >= self._refresh.rest_ms:
            self._whole_at_ms = now_ms
            self._last = reader.read(now_ms)
        else:
            self._last = reader.read_queues(last, now_ms)
        return self._last


def calls_a_minute(refresh: Refresh) -> int:
    """How many calls of AWS's API open pages cost, however many they are."""
    return round(MINUTE_MS / refresh.queues_ms * CALLS_QUEUES + MINUTE_MS / refresh.rest_ms * CALLS_REST)
