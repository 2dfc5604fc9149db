"""The sweeper: removes expired messages and the messages of purged and deleted queues, a bounded number at a time.

Expired messages are not delivered whether or not they were swept (see :mod:`rules`); the messages of purged and
deleted queues are out of reach already. So the sweeper may be late, but nothing is ever kept for good.
"""

from __future__ import annotations

import logging

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.services.sqs.core import Core
from onebox.services.sqs.expiry import remove_expired
from onebox.services.sqs.limits import SWEEP_CHANGES_MAX, SWEEP_INTERVAL_MS, SWEEP_QUEUES_MAX
from onebox.storage.faults import DatabaseBusy

# Between two portions the loop serves requests.
_PAUSE_MS = 5


class Sweeper:
    """Sweeps every minute, and soon after a queue was purged or deleted."""

    def __init__(self, core: Core, log: logging.Logger) -> None:
        self._core = core
        self._log = log
        self._timer: Timer | None = None
        self._running = False
        self._unswept: list[tuple[str, str, str]] = []
        """The queues that this sweep has still to come to: account, region, name."""

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
        self._timer = self._core.clock.call_at(self._core.clock.steady_ms() + pause_ms, self._sweep)

    def _sweep(self) -> None:
        more = False
        try:
            more = self._core.storage.run(self._sweep_once)
        except StorageFault:
            return  # the engine stops
        except DatabaseBusy:
            pass  # said where it was found; the next sweep goes on
        except Exception:  # noqa: BLE001 - a background loop must outlive one failure
            self._log.exception("sweeping SQS queues failed")
        self._arm(_PAUSE_MS if more else SWEEP_INTERVAL_MS)

    def _sweep_once(self) -> bool:
        """Sweep a portion: some messages of purged queues, some queues. Whether there may be more."""
        core, now_ms = self._core, self._core.clock.steady_ms()
        swept = core.messages.sweep_abandoned(SWEEP_CHANGES_MAX)
        left = SWEEP_CHANGES_MAX - swept
        if not self._unswept:
            self._unswept = core.queues.list_keys()
        for _ in range(min(SWEEP_QUEUES_MAX, len(self._unswept))):
            if left <= 0:
                break
            key = self._unswept.pop(0)
            queue = core.queues.find(*key)
            if queue is not None:
                left -= remove_expired(core, queue, now_ms, left)
                if left <= 0:
                    self._unswept.append(key)  # behind the others
        core.deduplication.sweep(now_ms, SWEEP_CHANGES_MAX)
        return swept > 0 or bool(self._unswept)
