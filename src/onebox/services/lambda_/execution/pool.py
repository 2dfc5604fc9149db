"""Which child runs which invocation.

Promises: a warm child is preferred, the last used first, so that the surplus can end; a function that changed gets
no child of its old self; no more children than the bound, which idle children of other functions give way to; those
who wait are served in order. Knows nothing of queues, concurrency limits or logs.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from onebox.clock import Clock, Timer
from onebox.errors import AwsError
from onebox.services.lambda_.execution.execution import Execution, Outcome
from onebox.services.lambda_.execution.memory_guard import MemoryGuard
from onebox.services.lambda_.execution.worker import Environment, Worker, error_payload
from onebox.services.lambda_.model import FunctionKey, FunctionVersion

EnvironmentMaker = Callable[[FunctionVersion], Coroutine[Any, Any, Environment]]
_GroupKey = tuple[FunctionKey, str]

# A child whose credentials end within this time is replaced.
_EXPIRY_MARGIN_MS = 20 * 60_000
_PATIENCE_MS = 200
_STARVATION_MS_MAX = 1000


class _Group:
    """The children of one version of a function, and who waits for them."""

    def __init__(self, function: FunctionVersion) -> None:
        self.function = function
        self.idle: list[Worker] = []
        self.workers: set[Worker] = set()
        self.starting = 0
        self.generation = 0
        """Counts the changes of the function; a child that was started before the last one is not used."""
        self.waiting: deque[Execution] = deque()
        self.patience: Timer | None = None
        """Rings when background work has waited long enough to deserve one more child."""


class WorkerPool:
    """All children of onebox."""

    def __init__(
        self,
        clock: Clock,
        make_environment: EnvironmentMaker,
        log: logging.Logger,
        workers_max: int,
        idle_ms: int,
    ) -> None:
        self._clock = clock
        self._make_environment = make_environment
        self._log = log
        self._workers_max = workers_max
        self._idle_ms = idle_ms
        self._eager_max = os.cpu_count() or 1
        self._groups: dict[_GroupKey, _Group] = {}
        self._starved: dict[_GroupKey, float] = {}
        """Groups that wait for a child and could not have one, longest first, and since when."""
        self._total = 0
        self._counted_in: set[Worker] = set()
        """Children that were ready once and no longer count as starting."""
        self._starts: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._sweeper: Timer | None = None
        self._memory_guard = MemoryGuard(self._busy_workers)
        self._stopped = False

    # For those who invoke

    def submit(self, execution: Execution) -> None:
        """Run an execution as soon as a child can take it. Its ``done`` is called in any case."""
        group = self._current_group(execution.function)
        while group.idle:
            worker = group.idle.pop()
            if self._is_fresh(worker):
                self._run(worker, execution)
                return
            worker.kill()
        execution.waiting_since_ms = self._clock.monotonic_ms()
        group.waiting.append(execution)
        self._scale(group)

    def warm_up(self, function: FunctionVersion) -> None:
        """See to it that the function has a child, without an invocation."""
        group = self._current_group(function)
        if not group.workers and not group.starting:
            self._start_one(group)

    def retire(self, key: FunctionKey) -> None:
        """The function changed or is gone: its children end, those that run something after it."""
        for group_key, group in list(self._groups.items()):
            if group_key[0] == key:
                self._retire_workers(group)
                if not group.workers and not group.starting and not group.waiting:
                    del self._groups[group_key]

    def children_of(self, function: FunctionVersion) -> int:
        """How many children this version has, those that are starting included."""
        group = self._groups.get((function.key, function.version))
        return 0 if group is None else len(group.workers)

    @property
    def busy(self) -> int:
        """How many invocations run or wait."""
        return sum(len(group.waiting) + sum(worker.busy for worker in group.workers) for group in self._groups.values())

    async def stop(self) -> None:
        """Kill every child and wait until it is gone; what runs or waits fails."""
        self._stopped = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._memory_guard.stop()
        for task in self._starts:
            task.cancel()
        if self._starts:
            await asyncio.gather(*self._starts, return_exceptions=True)
        for group in list(self._groups.values()):
            for worker in list(group.workers):
                worker.kill()
            while group.waiting:
                payload = error_payload("Runtime.ExitError", "The execution environment was stopped.")
                group.waiting.popleft().done(Outcome(payload, failed=True, duration_ms=0.0))
        if self._ending:
            await asyncio.gather(*self._ending)

    # Children

    def _current_group(self, function: FunctionVersion) -> _Group:
        key = (function.key, function.version)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(function)
        elif group.function.revision_id != function.revision_id:
            group.function = function
            self._retire_workers(group)
        return group

    def _retire_workers(self, group: _Group) -> None:
        group.generation += 1
        for worker in list(group.workers):
            worker.retired = True
            if not worker.busy:
                worker.kill()

    def _scale(self, group: _Group) -> None:
        """Start as many children as those who wait call for."""
        coming = group.starting + sum(worker.finishing for worker in group.workers)
        urgent = sum(not execution.patient for execution in group.waiting)
        for _ in range(urgent - coming):
            if not self._start_one(group):
                return
        if urgent or coming or not group.waiting:
            return
        # Background work alone: a child for each processor, and more only if those can't keep up, because the
        # function waits rather than computes.
        if len(group.workers) < self._eager_max:
            self._start_one(group)
        elif group.patience is None:
            rings_at_ms = self._clock.now_ms() + _PATIENCE_MS
            group.patience = self._clock.call_at(rings_at_ms, lambda: self._lose_patience(group))

    def _lose_patience(self, group: _Group) -> None:
        group.patience = None
        if not group.waiting:
            return
        if self._clock.monotonic_ms() - group.waiting[0].waiting_since_ms >= _PATIENCE_MS / 2:
            self._start_one(group)
        else:
            self._scale(group)

    def _start_one(self, group: _Group) -> bool:
        if self._stopped:
            return False
        if self._total >= self._workers_max and not self._evict_idle():
            if group.waiting:
                key = (group.function.key, group.function.version)
                self._starved.setdefault(key, self._clock.monotonic_ms())
            return False
        group.starting += 1
        self._total += 1
        task = asyncio.ensure_future(self._start(group))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        return True

    def _evict_idle(self) -> bool:
        """End the child that has been idle for longest, whichever function it belongs to."""
        idle = [group.idle[0] for group in self._groups.values() if group.idle]
        if not idle:
            return False
        min(idle, key=lambda worker: worker.idle_since_ms).kill()
        return True

    async def _start(self, group: _Group) -> None:
        generation = group.generation
        worker: Worker | None = None
        try:
            environment = await self._make_environment(group.function)
            worker = Worker(environment, self._clock, self._ready, self._ended)
            worker.retired = generation != group.generation
            group.workers.add(worker)
            await worker.start()
        except asyncio.CancelledError:
            self._start_failed(group, worker, None)
            raise
        except (OSError, AwsError) as error:
            self._log.warning("no child for %s: %s", group.function.arn, error)
            self._start_failed(group, worker, error_payload("Runtime.InvalidEntrypoint", str(error)))
        except Exception:  # noqa: BLE001 - the edge of a child: whoever waits for it must learn of any failure
            self._log.exception("no child for %s", group.function.arn)
            payload = error_payload("Runtime.Unknown", "The execution environment could not be started.")
            self._start_failed(group, worker, payload)

    def _start_failed(self, group: _Group, worker: Worker | None, error: bytes | None) -> None:
        if worker is not None:
            worker.kill()  # Counts itself out in ``_ended``.
        else:
            group.starting -= 1
            self._total -= 1
        if error is not None and group.waiting:
            group.waiting.popleft().done(Outcome(error, failed=True, duration_ms=0.0))
        self._serve_waiting(group)

    def _ready(self, worker: Worker) -> None:
        """A child can take an execution: the next that waits, or it becomes idle."""
        group = self._group_of(worker)
        if worker not in self._counted_in:
            self._counted_in.add(worker)
            group.starting -= 1
        if not self._is_fresh(worker) or self._must_yield(group):
            worker.kill()
        elif group.waiting:
            self._run(worker, group.waiting.popleft())
        else:
            worker.idle_since_ms = self._clock.now_ms()
            group.idle.append(worker)
            self._arm_sweeper()
            self._feed_starved()

    def _run(self, worker: Worker, execution: Execution) -> None:
        worker.run(execution)
        self._memory_guard.watch()

    def _busy_workers(self) -> list[Worker]:
        return [worker for group in self._groups.values() for worker in group.workers if worker.busy]

    def _ended(self, worker: Worker, init_error: bytes | None) -> None:
        """A child is gone, by our hand or its own."""
        group = self._group_of(worker)
        group.workers.discard(worker)
        if worker in group.idle:
            group.idle.remove(worker)
        if worker in self._counted_in:
            self._counted_in.discard(worker)
        else:
            group.starting -= 1
        self._total -= 1
        task = asyncio.ensure_future(worker.wait_exited())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        if init_error is not None and group.waiting:
            worker.report_failed_init(group.waiting.popleft(), init_error)
        self._serve_waiting(group)

    def _serve_waiting(self, group: _Group) -> None:
        """After the end of a child: a new one for those who wait elsewhere or here."""
        self._feed_starved()
        if group.waiting:
            self._scale(group)

    # Sharing

    def _must_yield(self, group: _Group) -> bool:
        """Whether a child of this group makes room for a group without any: at once if this one has more than it
        needs, after a while in any case."""
        starved = [
            since_ms for key, since_ms in self._starved.items() if key in self._groups and not self._groups[key].workers
        ]
        if not starved:
            return False
        spare = len(group.workers) > 1 or not group.waiting
        return spare or self._clock.monotonic_ms() - starved[0] > _STARVATION_MS_MAX

    def _feed_starved(self) -> None:
        for key, since_ms in list(self._starved.items()):
            del self._starved[key]
            group = self._groups.get(key)
            if group is None or not group.waiting:
                continue
            self._scale(group)
            if key in self._starved:
                # Still no room: it keeps its place in the line.
                self._starved = {key: since_ms, **self._starved}
                return

    # Idleness

    def _is_fresh(self, worker: Worker) -> bool:
        expires_at_ms = worker.environment.expires_at_ms - _EXPIRY_MARGIN_MS
        return not worker.retired and self._clock.now_ms() < expires_at_ms

    def _arm_sweeper(self) -> None:
        if self._sweeper is None and not self._stopped:
            oldest = [group.idle[0].idle_since_ms for group in self._groups.values() if group.idle]
            if oldest:
                self._sweeper = self._clock.call_at(min(oldest) + self._idle_ms, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        expired_ms = self._clock.now_ms() - self._idle_ms
        for group in list(self._groups.values()):
            for worker in [worker for worker in group.idle if worker.idle_since_ms <= expired_ms]:
                worker.kill()
        self._arm_sweeper()

    def _group_of(self, worker: Worker) -> _Group:
        return self._groups[worker.function.key, worker.function.version]
