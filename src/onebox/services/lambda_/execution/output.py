"""What a function printed and logged, cut into log events.

Plain output becomes one event a line. Log records and tracebacks arrive in frames, which keep records of several
lines whole (the runtime client calls it its telemetry log). Both share one pipe, so that their order is kept.
Frame: type (4 bytes, A5 5A 00 xx), length (4), microseconds since the epoch (8), text; big-endian.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_FRAME_START = b"\xa5\x5a\x00"
_FRAME_HEAD_BYTES = 16
_READ_BYTES = 65_536
PIPE_BYTES = 256 * 1024
"""What a process can print before it waits for us."""
# A function that prints without end must not fill our memory within one invocation.
_PENDING_BYTES_MAX = 256 * 1024

LogEvent = tuple[int, str]
"""Milliseconds since the epoch and text, as Logs takes them."""


class OutputReader:
    """Reads the pipe of one child, without ever waiting."""

    def __init__(self, descriptor: int, show_path: Callable[[str], str]) -> None:
        self._descriptor = descriptor
        self._show_path = show_path
        self._pending = b""

    def read(self, now_ms: int) -> list[LogEvent]:
        """The next events that are complete; none if there is nothing to read. Reads 64 KiB at most."""
        return self._read(now_ms)[0]

    def read_all(self, now_ms: int) -> list[LogEvent]:
        """All events that are complete by now, as far as the pipe could hold them: a process that goes on to print does
        not keep us here."""
        events: list[LogEvent] = []
        for _ in range(PIPE_BYTES // _READ_BYTES):
            found, is_full = self._read(now_ms)
            events += found
            if not is_full:
                break
        return events

    def _read(self, now_ms: int) -> tuple[list[LogEvent], bool]:
        """The next events, and whether there may be more to read."""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return [], False
        found, self._pending = split_output(self._pending + data, now_ms)
        events = self._show_paths(found)
        if len(self._pending) > _PENDING_BYTES_MAX:
            events += self.close_line(now_ms)
        return events, len(data) == _READ_BYTES

    def close_line(self, now_ms: int) -> list[LogEvent]:
        """What was printed without a line end; called when an invocation ends."""
        rest, self._pending = self._pending, b""
        return self._show_paths([(now_ms, _decode(rest))]) if rest else []

    def _show_paths(self, events: list[LogEvent]) -> list[LogEvent]:
        # Paths are looked for once in all of it: no event has the character that separates them here.
        texts = self._show_path("\0".join([text for _, text in events])).split("\0")
        return [(at_ms, text) for (at_ms, _), text in zip(events, texts, strict=False)]


def split_output(data: bytes, now_ms: int) -> tuple[list[LogEvent], bytes]:
    """The complete events in ``data``, and what remains of an incomplete one."""
    events: list[LogEvent] = []
    position = 0
    while position < len(data):
        frame = data.find(_FRAME_START, position)
        if frame != position:
            end = data.rfind(b"\n", position, None if frame < 0 else frame) + 1
            if frame > 0 and end != frame:
                end = frame  # A frame ends the line before it.
            if end <= position:
                break
            text = _decode(data[position:end])
            # Not splitlines: it also cuts at characters that end no line here.
            events += [(now_ms, line) for line in text.replace("\n", "\n\0").split("\0") if line]
            position = end
            continue
        length_at = frame + 4
        if len(data) < frame + _FRAME_HEAD_BYTES:
            break
        end = frame + _FRAME_HEAD_BYTES + int.from_bytes(data[length_at : length_at + 4], "big")
        if len(data) < end:
            break
        at_us = int.from_bytes(data[length_at + 4 : length_at + 12], "big")
        events.append((min(at_us // 1000, now_ms), _decode(data[frame + _FRAME_HEAD_BYTES : end])))
        position = end
    return _none_later_than_the_next(events, now_ms), data[position:]


def _none_later_than_the_next(events: list[LogEvent], now_ms: int) -> list[LogEvent]:
    """What was printed before a record, and is read with it, isn't later than it."""
    next_at_ms = now_ms
    for place in range(len(events) - 1, -1, -1):
        at_ms, text = events[place]
        if at_ms > next_at_ms:
            events[place] = (next_at_ms, text)
        else:
            next_at_ms = at_ms
    return events


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")
