"""What CloudWatch does every few seconds: collect metrics, evaluate alarms, roll up old datapoints."""

from __future__ import annotations

from onebox.clock import Timer
from onebox.services.cloudwatch.background.evaluator import Evaluator
from onebox.services.cloudwatch.background.rollup import Rollup
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.limits import COLLECT_INTERVAL_MS, ROLLUP_INTERVAL_MS


class Schedule:
    """Runs a turn at each multiple of the interval, so that one comes at the beginning of each minute."""

    def __init__(self, core: CloudWatchCore) -> None:
        self._deps = core.deps
        self._collector = core.collector
        self._evaluator = Evaluator(core)
        self._rollup = Rollup(core.metrics, core.history)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Wait for the first turn."""
        self._wait()

    def stop(self) -> None:
        """Nothing runs afterwards. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self._timer = None
        now_ms = self._deps.clock.now_ms()
        try:
            self._collector.collect(now_ms)
            self._evaluator.evaluate_all(now_ms)
            if now_ms % ROLLUP_INTERVAL_MS < COLLECT_INTERVAL_MS:
                self._deps.storage.run(lambda: self._rollup.run(now_ms))
        except Exception:
            self._deps.log.exception("collecting metrics or evaluating alarms failed; trying again")
        self._wait()

    def _wait(self) -> None:
        now_ms = self._deps.clock.now_ms()
        self._timer = self._deps.clock.call_at(now_ms - now_ms % COLLECT_INTERVAL_MS + COLLECT_INTERVAL_MS, self._turn)
