"""The log of one invocation, from START to REPORT.

The events of a short invocation go to Logs in one piece at its end. Those of a long or talkative one go there while it
runs, so that neither memory nor the next write grows with it.
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.lambda_.execution.output import LogEvent
from onebox.services.lambda_.limits import LOG_TAIL_BYTES_MAX

_EVENTS_KEPT_MAX = 500


class InvocationLog:
    """Collects events; ``write`` takes those that go to Logs."""

    def __init__(self, write: Callable[[list[LogEvent]], None], wants_tail: bool) -> None:
        self._write = write
        self._wants_tail = wants_tail
        self._events: list[LogEvent] = []
        self._tail = b""

    def add(self, events: list[LogEvent]) -> None:
        """Further events, in order."""
        self._events += events
        if len(self._events) > _EVENTS_KEPT_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        events, self._events = self._events, []
        if not events:
            return
        if self._wants_tail:
            self._tail = (self._tail + _encode(events[-LOG_TAIL_BYTES_MAX:]))[-LOG_TAIL_BYTES_MAX:]
        self._write(events)

    def finish(self) -> bytes:
        """Write the rest; the last 4 KB of the log are returned if they were asked for (LogType=Tail)."""
        self.flush()
        return self._tail


def _encode(events: list[LogEvent]) -> bytes:
    return "".join(text if text.endswith("\n") else f"{text}\n" for _, text in events).encode()
