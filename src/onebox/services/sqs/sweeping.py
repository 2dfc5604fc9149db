"""The sweeper: removes what nobody will ask for again, a bounded number of rows at a time.

Expired messages are not delivered whether or not they were swept (see :mod:`rules`); the messages of purged and
deleted queues are out of reach already. So the sweeper may be late, but nothing is ever kept for good.
"""

from __future__ import annotations

import logging

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.limits import SWEEP_INTERVAL_MS, SWEEP_MESSAGES_MAX, TRANSITIONS_PER_REQUEST_MAX
from onebox.services.sqs.model import Counts, Queue, State
from onebox.services.sqs.receiving import release_due, settle_groups

# Between two portions the loop serves requests.
_PAUSE_MS = 5


def tidy(core: Core, queue: Queue, now_ms: int) -> Counts:
    """Set a queue's counts right: what fell due becomes visible, what is too old goes; up to a bound."""
    release_due(core, queue, now_ms, TRANSITIONS_PER_REQUEST_MAX)
    for state in (State.READY, State.BEHIND):
        remove_expired(core, queue, state, now_ms)
    return core.messages.load_counts(queue.backlog_id)


def remove_expired(core: Core, queue: Queue, state: State, now_ms: int) -> bool:
    """Remove expired messages at the head of one state; whether there may be more."""
    limit = 1
    # Most queues have nothing expired: look at one message before looking at many.
    while True:
        oldest = core.messages.find_oldest(queue.backlog_id, state, limit)
        expired = [
            (row_id, group_id)
            for row_id, sent_at_ms, arrived_at_ms, group_id in oldest
            if rules.is_expired(queue, sent_at_ms, arrived_at_ms, now_ms)
        ]
        if not expired:
            return False
        core.messages.delete([row_id for row_id, _ in expired])
        core.messages.add_counts(queue.backlog_id, visible=-len(expired))
        settle_groups(core, queue, [group_id for _, group_id in expired])
        if limit == SWEEP_MESSAGES_MAX:
            return len(expired) == limit
        limit = SWEEP_MESSAGES_MAX


class Sweeper:
    """Sweeps every minute, and soon after a queue was purged or deleted."""

    def __init__(self, core: Core, log: logging.Logger) -> None:
        self._core = core
        self._log = log
        self._timer: Timer | None = None
        self._running = False

    def start(self) -> None:
        """Begin; what an earlier run left is swept at once."""
        self._running = True
        self.sweep_soon()

    def stop(self) -> None:
        """End. Idempotent."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()

    def sweep_soon(self) -> None:
        """Sweep after a short pause."""
        self._arm(_PAUSE_MS)

    def _arm(self, pause_ms: int) -> None:
        if not self._running:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._core.clock.call_at(self._core.clock.now_ms() + pause_ms, self._sweep)

    def _sweep(self) -> None:
        more = False
        try:
            more = self._core.storage.run(self._sweep_once)
        except StorageFault:
            return  # the engine stops
        except Exception:  # noqa: BLE001 - a background loop must outlive one failure
            self._log.exception("sweeping SQS queues failed")
        self._arm(_PAUSE_MS if more else SWEEP_INTERVAL_MS)

    def _sweep_once(self) -> bool:
        """Sweep a portion; whether there may be more."""
        core, now_ms = self._core, self._core.clock.now_ms()
        more = core.messages.sweep_abandoned(SWEEP_MESSAGES_MAX) > 0
        for queue in core.queues.all():
            for state in (State.READY, State.BEHIND):
                more = remove_expired(core, queue, state, now_ms) or more
        core.deduplication.sweep(now_ms, SWEEP_MESSAGES_MAX)
        return more
