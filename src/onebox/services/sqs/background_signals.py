"""How operations tell the background work that there is something to do.

The core holds these signals and the background work listens to them, so that neither imports the other.
"""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """The background work."""

    def sweep_soon(self) -> None:
        """Messages of a purged or deleted queue wait to be removed."""

    def begin_move(self, task_id: str, pause_ms: int) -> None:
        """A message move task was started: make its first step after a pause."""


class BackgroundSignals:
    """Passes signals on to the listener; drops them while there is none, since a start looks for open work itself."""

    def __init__(self) -> None:
        self._listener: Listener | None = None

    def connect(self, listener: Listener) -> None:
        """Pass signals on to ``listener`` from now on."""
        self._listener = listener

    def sweep_soon(self) -> None:
        """See :class:`Listener`."""
        if self._listener is not None:
            self._listener.sweep_soon()

    def begin_move(self, task_id: str, pause_ms: int) -> None:
        """See :class:`Listener`."""
        if self._listener is not None:
            self._listener.begin_move(task_id, pause_ms)
