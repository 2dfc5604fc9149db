"""Which execution environment runs which invocation.

Promises: a warm worker is preferred, the last used first, so that the surplus can end; a function that changed gets
no worker of its old self; no more workers than the bound, which idle workers of other functions give way to; those
who wait are served in order; a worker that is worn out serves until its successor is ready. Knows nothing of queues,
concurrency limits or logs.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from onebox.clock import Clock
from onebox.errors import AwsError
from onebox.services.lambda_.execution.environment import Environment
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.group import Group, GroupKey
from onebox.services.lambda_.execution.idle_sweeper import IdleSweeper
from onebox.services.lambda_.execution.memory_guard import MemoryGuard
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.payloads import error_payload
from onebox.services.lambda_.execution.provision import INIT_FAILURE
from onebox.services.lambda_.execution.provisioner import Provisioner, count_ready, is_surplus
from onebox.services.lambda_.execution.starved_groups import StarvedGroups
from onebox.services.lambda_.execution.storage_guard import StorageGuard
from onebox.services.lambda_.execution.worker import Worker
from onebox.services.lambda_.model import FunctionKey, FunctionVersion


class MakeEnvironment(Protocol):
    """Makes what a new process is started with."""

    def __call__(self, function: FunctionVersion, *, provisioned: bool) -> Coroutine[Any, Any, Environment]: ...


# A worker whose credentials end within this time is replaced.
_EXPIRY_MARGIN_MS = 20 * 60_000
_PATIENCE_MS = 200
"""So long background work waits for one more worker; less while the workers wait rather than compute."""
_LOOK_MS = 50
# Memory is a reason to replace a worker only now and then: a function that always needs much would have none warm.
_CALLS_BEFORE_MEMORY_COUNTS = 1000
_MEMORY_SHARE_MAX = 0.9


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many workers there may be, and how long each lives."""

    workers_max: int
    """Besides those of provisioned concurrency, of which there may be as many."""
    idle_ms: int
    calls_max: int
    """Invocations after which a worker is replaced."""


class WorkerPool:
    """All workers of onebox."""

    def __init__(
        self,
        clock: Clock,
        make_environment: MakeEnvironment,
        log: logging.Logger,
        limits: PoolLimits,
        is_disk_slow: Callable[[], bool],
    ) -> None:
        """``is_disk_slow`` tells whether whoever waits for onebox's disk waits long."""
        self._clock = clock
        self._make_environment = make_environment
        self._log = log
        self._limits = limits
        self._is_disk_slow = is_disk_slow
        # One more than processors: while one waits for onebox's disk, the others compute.
        self._eager_max = (os.cpu_count() or 1) + 1
        self._groups: dict[GroupKey, Group] = {}
        self._starved = StarvedGroups()
        self._provisioner = Provisioner(limits.workers_max, self._groups.values, self._start_provisioned)
        self._total = 0
        """Workers besides the provisioned ones."""
        self._counted_in: set[Worker] = set()
        """Workers that were ready once and no longer count as starting."""
        self._starts: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._sweeper = IdleSweeper(clock, limits.idle_ms, self._groups.values)
        self._memory_guard = MemoryGuard(self._busy_workers)
        self._storage_guard = StorageGuard(self._busy_workers)
        self._stopped = False

    # For those who invoke

    def submit(self, execution: Execution) -> None:
        """Run an execution as soon as a worker can take it. Its ``done`` is called in any case."""
        group = self._current_group(execution.function)
        while (worker := group.take_idle()) is not None:
            if self._is_fresh(worker):
                self._run(worker, execution)
                return
            worker.kill()
        execution.waiting_since_ms = self._clock.monotonic_ms()
        group.waiting.append(execution)
        self._scale(group)

    def warm_up(self, function: FunctionVersion) -> None:
        """See to it that the function has a worker, without an invocation."""
        group = self._current_group(function)
        if not group.workers and not group.starting:
            self._start_one(group)

    def provision(self, function: FunctionVersion, count: int) -> None:
        """Keep ``count`` workers of this version ready, whether they are used or not."""
        self._provisioner.want(self._current_group(function), count)

    def end_provision(self, key: FunctionKey, version: str) -> None:
        """Keep none ready any more."""
        group = self._groups.get((key, version))
        if group is not None:
            self._provisioner.want(group, 0)
            self._drop_if_left(group)

    def provisioned(self, key: FunctionKey, version: str) -> tuple[int, str]:
        """How many workers of a version are ready by :meth:`provision`, and why there are no more ('': more come)."""
        group = self._groups.get((key, version))
        return (0, "") if group is None else (count_ready(group), group.provision.failure)

    def retire(self, key: FunctionKey, version: str | None = None) -> None:
        """A version of the function (None: all) changed or is gone: its workers end, those that run something after
        it."""
        for group_key, group in list(self._groups.items()):
            if group_key[0] == key and version in (None, group_key[1]):
                group.left = True
                group.retire_workers()
                self._drop_if_left(group)

    def workers_of(self, function: FunctionVersion) -> int:
        """How many workers this version has, those that are starting included."""
        group = self._groups.get((function.key, function.version))
        return 0 if group is None else len(group.workers)

    @property
    def pids(self) -> list[int]:
        """The processes of all workers."""
        workers = [worker for group in self._groups.values() for worker in group.workers]
        return [worker.pid for worker in workers if worker.pid is not None]

    @property
    def busy(self) -> int:
        """How many invocations run or wait."""
        return sum(len(group.waiting) for group in self._groups.values()) + len(self._busy_workers())

    async def stop(self) -> None:
        """Kill every worker and wait until it is gone; what runs or waits fails."""
        self._stopped = True
        self._sweeper.stop()
        self._memory_guard.stop()
        self._storage_guard.stop()
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

    # How many workers

    def _current_group(self, function: FunctionVersion) -> Group:
        key = (function.key, function.version)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(function)
        group.left = False
        if group.function is not function:
            is_other = group.function.build != function.build
            group.function = function
            if is_other:
                group.retire_workers()
        return group

    def _drop_if_left(self, group: Group) -> None:
        if group.left and group.unused:
            self._groups.pop(group.key, None)

    def _scale(self, group: Group) -> None:
        """Start as many workers as those who wait call for."""
        coming = group.starting + sum(worker.finishing for worker in group.workers)
        urgent = sum(not execution.patient for execution in group.waiting)
        for _ in range(urgent - coming):
            if not self._start_one(group):
                return
        if urgent or coming or not group.waiting:
            return
        # Background work alone: a worker for each processor and one more; further ones only if those can't keep up,
        # because the function waits rather than computes.
        if len(group.workers) < self._eager_max:
            self._start_one(group)
        elif group.patience is None:
            pids = [worker.pid for worker in group.workers if worker.pid is not None]
            group.processor_use.begin(self._clock.monotonic_ms(), pids)
            group.patience = self._clock.call_at(self._clock.steady_ms() + _LOOK_MS, lambda: self._look(group))

    def _look(self, group: Group) -> None:
        """Background work waited a moment ago: one more worker, if it waits again although nothing computes, or if it
        has waited for long."""
        group.patience = None
        if not group.waiting:
            return
        now_ms = self._clock.monotonic_ms()
        is_late = now_ms - group.waiting[0].waiting_since_ms >= _PATIENCE_MS
        is_low = group.processor_use.is_low(now_ms, disk_is_slow=self._is_disk_slow())
        if (is_low or is_late) and self._leaves_a_place():
            self._start_one(group)
        else:
            self._scale(group)

    def _leaves_a_place(self) -> bool:
        """Whether other functions still find a place, free or of an idle worker, when one more is taken."""
        return self._limits.workers_max - self._total + sum(len(group.idle) for group in self._groups.values()) > 1

    def _start_one(self, group: Group) -> bool:
        if self._stopped:
            return False
        if self._total >= self._limits.workers_max and not self._evict_idle():
            if group.waiting:
                self._starved.add(group, self._clock.monotonic_ms())
            return False
        self._total += 1
        self._launch(group, provisioned=False)
        return True

    def _start_provisioned(self, group: Group) -> bool:
        if self._stopped:
            return False
        self._launch(group, provisioned=True)
        return True

    def _launch(self, group: Group, *, provisioned: bool) -> None:
        group.starting += 1
        task = asyncio.ensure_future(self._start(group, provisioned=provisioned))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    def _evict_idle(self) -> bool:
        worker = self._sweeper.find_longest_idle()
        if worker is None:
            return False
        worker.kill()
        return True

    # One worker

    async def _start(self, group: Group, *, provisioned: bool) -> None:
        generation = group.generation
        worker: Worker | None = None
        try:
            environment = await self._make_environment(group.function, provisioned=provisioned)
            worker = Worker(environment, self._clock, self._ready, self._ended)
            worker.retired = generation != group.generation
            group.workers.add(worker)
            await worker.start()
        except asyncio.CancelledError:
            self._start_failed(group, worker, None, provisioned=provisioned)
            raise
        except (OSError, AwsError) as error:
            self._log.warning("%s could not be started: %s", group.function.arn, error)
            payload = error_payload("Runtime.InvalidEntrypoint", str(error))
            self._start_failed(group, worker, payload, provisioned=provisioned)
        except Exception:  # noqa: BLE001 - the edge of a process: whoever waits for it must learn of any failure
            self._log.exception("%s could not be started", group.function.arn)
            payload = error_payload("Runtime.Unknown", "The execution environment could not be started.")
            self._start_failed(group, worker, payload, provisioned=provisioned)

    def _start_failed(self, group: Group, worker: Worker | None, error: bytes | None, *, provisioned: bool) -> None:
        if provisioned and error is not None:
            group.provision.failure = INIT_FAILURE
        if worker is not None:
            worker.kill()  # Counts itself out in ``_ended``.
        else:
            group.starting -= 1
            self._count_out(group, provisioned=provisioned)
        if error is not None and group.waiting and not provisioned:
            group.waiting.popleft().done(Outcome(error, failed=True, duration_ms=0.0))
        self._serve_waiting(group)

    def _ready(self, worker: Worker) -> None:
        """A worker can take an execution: the next that waits, or it becomes idle."""
        group = self._group_of(worker)
        is_new = worker not in self._counted_in
        if is_new:
            self._counted_in.add(worker)
            group.starting -= 1
        elif self._needs_successor(worker) and self._start_successor(worker):
            group.worn_out.append(worker)
        if not self._is_fresh(worker) or self._is_spare(worker):
            worker.kill()
        elif group.waiting:
            self._run(worker, group.waiting.popleft())
            if group.waiting:
                self._scale(group)
        else:
            worker.idle_since_ms = self._clock.steady_ms()
            group.add_idle(worker)
            self._sweeper.watch()
            self._feed_starved()
        if is_new:
            # After this one has taken what waits, else the end of the old one would start a third for it.
            group.relieve_one()

    def _is_spare(self, worker: Worker) -> bool:
        """Whether another group needs the place more, or fewer are to be kept ready by now."""
        group = self._group_of(worker)
        if worker.environment.provisioned:
            return is_surplus(group)
        return self._starved.must_yield(group, self._groups, self._clock.monotonic_ms())

    def _start_successor(self, worker: Worker) -> bool:
        group = self._group_of(worker)
        if worker.environment.provisioned:
            return self._provisioner.start_successor(group)
        return self._start_one(group)

    def _is_fresh(self, worker: Worker) -> bool:
        expires_at_ms = worker.environment.expires_at_ms - _EXPIRY_MARGIN_MS
        # Where there is no room for a successor a worker goes on for as long again.
        overdue = worker.invocations >= 2 * self._limits.calls_max
        return not worker.retired and not overdue and self._clock.trusted_ms() < expires_at_ms

    def _needs_successor(self, worker: Worker) -> bool:
        """Whether it is worn out, and no successor is on its way or has relieved it."""
        waits_for_one = worker in self._group_of(worker).worn_out
        return not worker.retired and not waits_for_one and self._is_worn_out(worker)

    def _is_worn_out(self, worker: Worker) -> bool:
        if self._clock.trusted_ms() >= worker.environment.expires_at_ms - 2 * _EXPIRY_MARGIN_MS:
            return True  # its successor is ready before its credentials end
        calls = worker.invocations
        if calls < min(_CALLS_BEFORE_MEMORY_COUNTS, self._limits.calls_max):
            return False
        memory_kib_max = worker.function.memory_mb * 1024 * _MEMORY_SHARE_MAX
        return calls >= self._limits.calls_max or worker.peak_memory_kib > memory_kib_max

    def _run(self, worker: Worker, execution: Execution) -> None:
        execution.provisioned = worker.environment.provisioned
        worker.run(execution)
        self._memory_guard.watch()
        self._storage_guard.watch()

    def _busy_workers(self) -> list[Worker]:
        return [worker for group in self._groups.values() for worker in group.workers if worker.busy]

    def _ended(self, worker: Worker, init_error: bytes | None) -> None:
        """A worker is gone, by our hand or its own."""
        group = self._group_of(worker)
        group.remove(worker)
        if worker in self._counted_in:
            self._counted_in.discard(worker)
        else:
            group.starting -= 1
        provisioned = worker.environment.provisioned
        if provisioned and init_error is not None:
            group.provision.failure = INIT_FAILURE
        self._count_out(group, provisioned=provisioned)
        task = asyncio.ensure_future(worker.wait_exited())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        if init_error is not None and group.waiting and not provisioned:
            worker.fail_for_init(group.waiting.popleft(), init_error)
        self._serve_waiting(group)
        self._drop_if_left(group)

    def _count_out(self, group: Group, *, provisioned: bool) -> None:
        if provisioned:
            self._provisioner.ended(group)
        else:
            self._total -= 1

    def _serve_waiting(self, group: Group) -> None:
        """After the end of a worker: a new one for those who wait elsewhere or here."""
        self._feed_starved()
        if group.waiting:
            self._scale(group)

    def _feed_starved(self) -> None:
        while (first := self._starved.take_first()) is not None:
            key, since_ms = first
            group = self._groups.get(key)
            if group is None or not group.waiting:
                continue
            self._scale(group)
            if key in self._starved:
                self._starved.put_first(key, since_ms)
                return

    def _group_of(self, worker: Worker) -> Group:
        return self._groups[worker.function.key, worker.function.version]
