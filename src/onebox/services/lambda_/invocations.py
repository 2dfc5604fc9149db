"""Invoking a function: the concurrency that limits it, the child that runs it, the metrics that count it.

Promises: ``done`` of every accepted invocation is called exactly once. Knows nothing of HTTP and of queues.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from onebox.runtime.metrics import Dimensions
from onebox.services.context import Deps
from onebox.services.lambda_.errors import TooManyRequestsException
from onebox.services.lambda_.execution.execution import Execution, Outcome
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.store.functions import FunctionStore

_NAMESPACE = "AWS/Lambda"


class Invoker:
    """Takes invocations until a limit is reached."""

    def __init__(self, deps: Deps, store: FunctionStore, pool: WorkerPool) -> None:
        self._deps = deps
        self._store = store
        self._pool = pool
        self._running: Counter[FunctionKey] = Counter()
        self._running_unreserved: Counter[tuple[str, str]] = Counter()
        self.metrics = LambdaMetrics(deps)
        """For the metrics of asynchronous invocation, which others count."""

    @property
    def running(self) -> int:
        """Invocations under way."""
        return sum(self._running.values())

    def invoke(
        self,
        function: FunctionVersion,
        qualifier: str | None,
        payload: bytes,
        done: Callable[[Outcome], None],
        *,
        request_id: str,
        client_context: str | None = None,
        wants_log_tail: bool = False,
        patient: bool = False,
    ) -> None:
        """Start an invocation; ``done`` is called when it ends.

        Raises TooManyRequestsException if the function or the account has no concurrency left."""
        self._take_concurrency(function, qualifier)
        key = function.key

        def finish(outcome: Outcome) -> None:
            self._give_back(function)
            now_ms = self._deps.clock.now_ms()
            self.metrics.finished(key, qualifier, outcome.duration_ms, outcome.failed, now_ms)
            done(outcome)

        trace = self._deps.ids.hex(40)
        now_ms = self._deps.clock.now_ms()
        self._pool.submit(
            Execution(
                function=function,
                invoked_arn=f"{key.arn}:{qualifier}" if qualifier else key.arn,
                request_id=request_id,
                trace_id=f"Root=1-{now_ms // 1000:08x}-{trace[:24]};Parent={trace[24:]};Sampled=0",
                payload=payload,
                done=finish,
                client_context=client_context,
                wants_log_tail=wants_log_tail,
                patient=patient,
            )
        )

    def has_concurrency(self, function: FunctionVersion) -> bool:
        """True if an invocation would not be throttled at this moment."""
        return self._find_throttle(function) is None

    def count_throttle(self, function: FunctionVersion, qualifier: str | None) -> None:
        """Count an invocation that wasn't even tried, because ``has_concurrency`` said no."""
        self.metrics.throttled(function.key, qualifier, self._deps.clock.now_ms())

    def _take_concurrency(self, function: FunctionVersion, qualifier: str | None) -> None:
        key = function.key
        region = (key.account, key.region)
        now_ms = self._deps.clock.now_ms()
        reason = self._find_throttle(function)
        if reason is not None:
            self.metrics.throttled(key, qualifier, now_ms)
            raise TooManyRequestsException("Rate Exceeded.", Reason=reason)
        self._running[key] += 1
        if function.reserved_concurrency is None:
            self._running_unreserved[region] += 1
        self.metrics.started(key, qualifier, self._running[key], self._running_unreserved[region], now_ms)

    def _find_throttle(self, function: FunctionVersion) -> str | None:
        """The Reason for which an invocation would be refused, or None."""
        key, reserved = function.key, function.reserved_concurrency
        if reserved is not None:
            full = self._running[key] >= reserved
            return "ReservedFunctionConcurrentInvocationLimitExceeded" if full else None
        running = self._running_unreserved[key.account, key.region]
        # The sum of the reservations matters only near the limit, so that it is not read for each invocation.
        if running < UNRESERVED_CONCURRENT_EXECUTIONS_MIN:
            return None
        left = CONCURRENT_EXECUTIONS_MAX - self._store.sum_reserved(key.account, key.region) - running
        return None if left > 0 else "ConcurrentInvocationLimitExceeded"

    def _give_back(self, function: FunctionVersion) -> None:
        self._running[function.key] -= 1
        if not self._running[function.key]:
            del self._running[function.key]
        if function.reserved_concurrency is None:
            self._running_unreserved[function.key.account, function.key.region] -= 1


class LambdaMetrics:
    """The metrics that Lambda sends by itself.
    AWS: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""

    def __init__(self, deps: Deps) -> None:
        self._add = deps.metrics.add
        self._known_dimensions: dict[tuple[str, str | None], tuple[Dimensions, ...]] = {}

    def started(
        self, key: FunctionKey, qualifier: str | None, running: int, running_unreserved: int, now_ms: int
    ) -> None:
        """An invocation was accepted."""
        self._record(key, qualifier, "ConcurrentExecutions", running, "Count", now_ms)
        self._add(
            *(key.account, key.region, _NAMESPACE, "UnreservedConcurrentExecutions", ()),
            *(running_unreserved, "Count", now_ms),
        )

    def finished(self, key: FunctionKey, qualifier: str | None, duration_ms: float, failed: bool, now_ms: int) -> None:
        """An invocation ended."""
        self._record(key, qualifier, "Invocations", 1, "Count", now_ms)
        self._record(key, qualifier, "Errors", int(failed), "Count", now_ms)
        self._record(key, qualifier, "Throttles", 0, "Count", now_ms)
        self._record(key, qualifier, "Duration", duration_ms, "Milliseconds", now_ms)

    def throttled(self, key: FunctionKey, qualifier: str | None, now_ms: int) -> None:
        """An invocation was refused."""
        self._record(key, qualifier, "Throttles", 1, "Count", now_ms)

    def event(self, key: FunctionKey, name: str, value: float, unit: str, now_ms: int) -> None:
        """A metric of asynchronous invocation (AsyncEventsReceived, AsyncEventAge, DeadLetterErrors, …)."""
        self._record(key, None, name, value, unit, now_ms)

    def _record(self, key: FunctionKey, qualifier: str | None, name: str, value: float, unit: str, now_ms: int) -> None:
        known = self._known_dimensions.get((key.name, qualifier))
        if known is None:
            if len(self._known_dimensions) > 10_000:
                self._known_dimensions.clear()
            resource = f"{key.name}:{qualifier}" if qualifier else key.name
            by_name = (("FunctionName", key.name),)
            known = (by_name, (*by_name, ("Resource", resource)), ())
            self._known_dimensions[key.name, qualifier] = known
        for dimensions in known:
            self._add(key.account, key.region, _NAMESPACE, name, dimensions, value, unit, now_ms)
