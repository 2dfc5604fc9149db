"""What CloudWatch does every few seconds: collect metrics, evaluate the alarms that are due, roll up old datapoints.

The work is cut into pieces of a few milliseconds, one after the other on timers, so that requests are answered in
between however many alarms there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.services.cloudwatch.alarms.signals import AlarmKey
from onebox.services.cloudwatch.background.due import DueAlarms
from onebox.services.cloudwatch.background.evaluator import Evaluator
from onebox.services.cloudwatch.background.rollup import Rollup
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.limits import COLLECT_INTERVAL_MS, EVALUATED_AT_ONCE, ROLLUP_INTERVAL_MS
from onebox.storage.faults import DatabaseBusy


class Schedule:
    """Runs a turn at each multiple of the interval, so that one comes at the beginning of each minute. Ends when the
    disk fails, as the engine does; every other failure is logged and tried again."""

    def __init__(self, core: CloudWatchCore) -> None:
        self._deps = core.deps
        self._signals = core.signals
        self._collector = core.collector
        self._evaluator = Evaluator(core)
        self._due = DueAlarms(core.alarms, core.signals)
        self._rollup = Rollup(core.metrics, core.history)
        self._pending: deque[AlarmKey] = deque()
        self._collecting: Iterator[None] | None = None
        self._is_looking = False
        self._turn: Timer | None = None
        self._piece: Timer | None = None

    def start(self) -> None:
        """Wait for the first turn."""
        self._signals.wake = self._continue
        self._wait()

    def stop(self) -> None:
        """Nothing runs afterwards. Idempotent."""
        for timer in (self._turn, self._piece):
            if timer is not None:
                timer.cancel()
        self._turn = self._piece = None
        self._signals.wake = _ignore

    def _wait(self) -> None:
        now_ms = self._deps.clock.now_ms()
        at_ms = now_ms - now_ms % COLLECT_INTERVAL_MS + COLLECT_INTERVAL_MS
        self._turn = self._deps.clock.call_at(self._deps.clock.steady_ms() + at_ms - now_ms, self._begin_turn)

    def _begin_turn(self) -> None:
        self._wait()
        now_ms = self._deps.clock.now_ms()
        self._collecting = self._collector.steps(now_ms)
        try:
            if now_ms % ROLLUP_INTERVAL_MS < COLLECT_INTERVAL_MS:
                self._deps.storage.run(lambda: self._rollup.run(self._deps.clock.trusted_ms()))
        except StorageFault:
            self.stop()
            return
        except DatabaseBusy:
            pass  # said where it was found; the next turn goes on
        except Exception:
            self._deps.log.exception("rolling up metrics failed; trying again")
        self._run_piece()

    def _add(self, keys: Sequence[AlarmKey]) -> None:
        waiting = set(self._pending)
        self._pending.extend(key for key in keys if key not in waiting)

    def _continue(self) -> None:
        if self._piece is None and self._turn is not None:
            self._piece = self._deps.clock.call_at(self._deps.clock.steady_ms(), self._run_piece)

    def _run_piece(self) -> None:
        self._piece = None
        try:
            self._work_some(self._deps.clock.now_ms())
        except StorageFault:
            self.stop()

    def _work_some(self, now_ms: int) -> None:
        if self._collecting is not None:
            self._collect_some()
        elif self._is_looking:
            self._is_looking = self._due.load()
            if not self._is_looking:
                self._add(self._due.take_due(now_ms))
        self._add(self._due.take_moved())
        for _ in range(min(EVALUATED_AT_ONCE, len(self._pending))):
            key = self._pending.popleft()
            held_until_ms = self._evaluator.evaluate(key, now_ms)
            if held_until_ms is not None:
                self._due.hold(key, held_until_ms)
        if self._pending or self._is_looking or self._collecting is not None:
            self._continue()

    def _collect_some(self) -> None:
        assert self._collecting is not None
        try:
            next(self._collecting)
        except StopIteration:
            self._collecting = None
            self._is_looking = True
        except StorageFault:
            raise
        except DatabaseBusy:
            self._collecting = None
            self._is_looking = True
        except Exception:
            self._deps.log.exception("collecting metrics failed; trying again")
            self._collecting = None
            self._is_looking = True


def _ignore() -> None:
    """After the stop."""
