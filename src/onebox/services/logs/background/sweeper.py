"""The sweeper of CloudWatch Logs: removes events that nobody can see any more. Nothing depends on its haste."""

from __future__ import annotations

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.services.context import Deps
from onebox.services.logs.limits import DAY_MS, SWEEP_EVENTS_MAX, SWEEP_INTERVAL_MS, SWEEP_PAUSE_MS
from onebox.services.logs.store.events import EventStore
from onebox.storage.faults import DatabaseBusy


class Sweeper:
    def __init__(self, deps: Deps, events: EventStore) -> None:
        self._deps = deps
        self._events = events
        self._timer: Timer | None = None

    def start(self) -> None:
        self._wait(SWEEP_PAUSE_MS)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sweep(self) -> bool:
        """Remove one portion; True if there is more to remove."""
        removed = self._events.sweep_trash(SWEEP_EVENTS_MAX)
        now_ms = self._deps.clock.trusted_ms()
        for group_id, days in self._events.expiring_groups():
            if removed >= SWEEP_EVENTS_MAX:
                return True
            before_ms = now_ms - days * DAY_MS
            removed += self._events.sweep_expired(group_id, before_ms, SWEEP_EVENTS_MAX - removed)
        return removed >= SWEEP_EVENTS_MAX or self._events.has_trash()

    def _tick(self) -> None:
        self._timer = None
        more = False
        try:
            more = self._deps.storage.run(self.sweep)
        except StorageFault:
            return  # the engine stops
        except DatabaseBusy:
            pass  # said where it was found; the next sweep goes on
        except Exception:
            self._deps.log.exception("sweeping log events failed")
        self._wait(SWEEP_PAUSE_MS if more else SWEEP_INTERVAL_MS)

    def _wait(self, delay_ms: int) -> None:
        self._timer = self._deps.clock.call_at(self._deps.clock.steady_ms() + delay_ms, self._tick)
