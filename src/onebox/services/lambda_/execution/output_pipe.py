"""The pipe of a process's output: read at a pace, so that a print does not wake onebox.

The output is read when somebody asks and, while the process prints, a moment after each reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
from collections.abc import Callable

from onebox.services.lambda_.execution.output import PIPE_BYTES, LogEvent, OutputReader

_PAUSE_S = 0.01


class OutputPipe:
    """Calls ``on_output`` when there is something to read."""

    def __init__(self, on_output: Callable[[], None], show_path: Callable[[str], str]) -> None:
        self._on_output = on_output
        self._show_path = show_path
        self._reader: OutputReader | None = None
        self._descriptor = -1
        self._listening = False
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> int:
        """Make the pipe; the writing end is returned, which the caller closes."""
        self._descriptor, writer = os.pipe()
        os.set_blocking(self._descriptor, False)
        if sys.platform == "linux":
            # Without the privilege the pipe keeps its 64 KiB, and a function that prints much waits more often.
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._reader = OutputReader(self._descriptor, self._show_path)
        return writer

    def listen(self) -> None:
        """Call ``on_output`` from now on."""
        if self._reader is not None:
            asyncio.get_running_loop().add_reader(self._descriptor, self._arrived)
            self._listening = True

    def read(self, now_ms: int) -> list[LogEvent]:
        """The next events that are complete, of at most 64 KiB."""
        return [] if self._reader is None else self._reader.read(now_ms)

    def read_all(self, now_ms: int) -> list[LogEvent]:
        """All events that are complete by now."""
        return [] if self._reader is None else self._reader.read_all(now_ms)

    def close_line(self, now_ms: int) -> list[LogEvent]:
        """What was printed without a line end."""
        return [] if self._reader is None else self._reader.close_line(now_ms)

    def close(self) -> None:
        """Read no more. Idempotent."""
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._descriptor >= 0:
            self._stop_listening()
            os.close(self._descriptor)
            self._descriptor, self._reader = -1, None

    def _arrived(self) -> None:
        self._stop_listening()
        # The loop's own timer, not the clock's: this paces a real pipe and means nothing to simulated time.
        self._pause = asyncio.get_running_loop().call_later(_PAUSE_S, self._pause_ended)
        self._on_output()

    def _pause_ended(self) -> None:
        self._pause = None
        self.listen()

    def _stop_listening(self) -> None:
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._listening = False
