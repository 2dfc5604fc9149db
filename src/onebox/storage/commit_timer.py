"""When the open group is committed: at the start of the next turn of the event loop if somebody waits for it, else
a few milliseconds later: it most often shares the sync of the next group then. Knows nothing of SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

UNAWAITED_COMMIT_S = 0.005


class CommitTimer:
    """Calls ``commit`` for one group after the other."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._next: asyncio.Handle | None = None
        self._is_awaited = False
        """Whether somebody waits for the open group's commit."""
        self._is_first_turn = True
        """Whether the turn that opened the group is not over."""

    def open(self) -> None:
        """A group was opened."""
        self._is_awaited = False
        self._is_first_turn = True
        # Most groups are awaited before the turn is over, and a timer for each would be made in vain.
        self._next = asyncio.get_running_loop().call_soon(self._end_turn)

    def hasten(self) -> None:
        """Somebody waits for the open group."""
        if self._is_awaited:
            return
        self._is_awaited = True
        if not self._is_first_turn:
            self.cancel()
            self._next = asyncio.get_running_loop().call_soon(self._commit)

    def cancel(self) -> None:
        """The open group is committed or given up by other means. Idempotent."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _end_turn(self) -> None:
        self._is_first_turn = False
        if self._is_awaited:
            self._commit()
        else:
            self._next = asyncio.get_running_loop().call_later(UNAWAITED_COMMIT_S, self._commit)
