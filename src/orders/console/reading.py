"""Reads the system for the console: queue counts often, the rest less often; and the number of calls."""

from __future__ import annotations

from orders.aws.clients import Aws
from orders.console.settings import Refresh
from orders.monitoring.status import CALLS_QUEUES, CALLS_REST, MINUTE_MS, Status, StatusReader


class SystemReading:
    """Reads what is due. Its calls block, so a worker thread makes them, one at a time."""

    def __init__(self, aws: Aws, refresh: Refresh) -> None:
        self._aws = aws
        self._refresh = refresh
        self._reader: StatusReader | None = None
        self._last: Status | None = None
        self._whole_at_ms = 0

    def forget(self) -> None:
        """Make the next read a full one."""
        self._whole_at_ms = 0

    def read(self, now_ms: int) -> Status:
        """The state of the system. Raises botocore's errors and OperatorError; the next read is then a full one."""
        reader, last = self._reader, self._last
        self._last = None
        if reader is None or last is None or not last.is_deployed:
            # A reader resolves queue URLs once: a system deployed meanwhile needs a new reader.
            reader = self._reader = StatusReader(self._aws)
            last = None
        if last is None or now_ms - self._whole_at_ms >= self._refresh.rest_ms:
            self._whole_at_ms = now_ms
            self._last = reader.read(now_ms)
        else:
            self._last = reader.read_queues(last, now_ms)
        return self._last


def calls_a_minute(refresh: Refresh) -> int:
    """AWS API calls per minute while any page is open."""
    return round(MINUTE_MS / refresh.queues_ms * CALLS_QUEUES + MINUTE_MS / refresh.rest_ms * CALLS_REST)
