"""The two loops of the service, driven by the clock's timers."""

from __future__ import annotations

import logging

from onebox.clock import Clock, Timer
from onebox.errors import StorageFault
from onebox.services.dynamodb.background.filling import Filler
from onebox.services.dynamodb.background.sweeping import Sweeper
from onebox.services.dynamodb.limits import TTL_SWEEP_MS
from onebox.services.dynamodb.recovery.change_numbers import ChangeNumbers
from onebox.services.dynamodb.recovery.copying import Copier
from onebox.services.dynamodb.store.chores import ChoreStore
from onebox.services.dynamodb.store.copies import CopyStore
from onebox.services.dynamodb.store.history import HistoryStore
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

_BUSY_PAUSE_MS = 50


class Background:
    """Work that was begun, in steps, and the sweep once a minute."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        log: logging.Logger,
        chores: ChoreStore,
        copies: CopyStore,
        history: HistoryStore,
        filler: Filler,
        copier: Copier,
        sweeper: Sweeper,
        numbers: ChangeNumbers,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._log = log
        self._chores = chores
        self._copies = copies
        self._history = history
        self._filler = filler
        self._copier = copier
        self._sweeper = sweeper
        self._numbers = numbers
        self._step_timer: Timer | None = None
        self._sweep_timer: Timer | None = None
        self._running = False

    def start(self) -> None:
        """Go on with what is left to do."""
        # Databases of earlier versions have no reserved numbers.
        self._numbers.resume(max(self._history.last_number(), self._copies.last_moment()))
        self._running = True
        self._wake()
        self._sweep_timer = self._clock.call_at(self._clock.steady_ms() + TTL_SWEEP_MS, self._sweep)

    def stop(self) -> None:
        """Do no more steps. Idempotent."""
        self._running = False
        for timer in (self._step_timer, self._sweep_timer):
            if timer is not None:
                timer.cancel()
        self._step_timer = self._sweep_timer = None

    def wake_after_commit(self) -> None:
        """There is new work in the current job."""
        self._storage.after_commit(self._wake)

    def _wake(self, pause_ms: int = 0) -> None:
        if self._running and self._step_timer is None:
            self._step_timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._run_step)

    def _run_step(self) -> None:
        self._step_timer = None
        began_ms = self._clock.monotonic_ms()
        try:
            more = self._storage.run(self.step)
        except DatabaseBusy:
            self._step_timer = self._clock.call_at(self._clock.steady_ms() + _BUSY_PAUSE_MS, self._run_step)
            return
        except StorageFault:
            return  # the engine stops
        except Exception:  # noqa: BLE001 - a background loop: the work stays and is tried again at the next start or wake
            self._log.exception("a background step of DynamoDB failed")
            return
        if more:
            # The next step begins when this one is on disk, and after a pause as long as both took: half of the time
            # belongs to requests.
            self._storage.after_commit(lambda: self._wake(int(self._clock.monotonic_ms() - began_ms)))

    def step(self) -> bool:
        """Do one step, inside a job; False if there is nothing to do.

        Filling comes first, then copying, for both of which people wait. Dropping comes last: what was deleted may
        still be copied from.
        """
        chore = self._chores.find_next()
        if chore is None or chore.is_drop:
            copy = self._copies.find_next()
            if copy is not None:
                self._copier.step(copy)
                return True
        if chore is None:
            return False
        self._filler.step(chore)
        return True

    def _sweep(self) -> None:
        """Sweep a step of each kind, soon again if there is more."""
        pause_ms = TTL_SWEEP_MS
        try:
            if self._storage.run(self._sweep_step):
                pause_ms = 0
        except StorageFault:
            return  # the engine stops
        except DatabaseBusy:
            pass  # said where it was found; the next sweep goes on
        except Exception:  # noqa: BLE001 - a background loop: the next sweep tries again
            self._log.exception("a sweep of DynamoDB failed")
        if self._running:
            self._sweep_timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, self._sweep)

    def _sweep_step(self) -> bool:
        more = self._sweeper.step(self._clock.trusted_ms())
        self.wake_after_commit()  # what an expired backup held is dropped in steps
        return more
