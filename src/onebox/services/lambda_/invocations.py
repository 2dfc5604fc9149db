"""Invoking a function: the concurrency that limits it, the child that runs it, the metrics that count it.

Promises: ``done`` of every accepted invocation is called exactly once. Knows nothing of HTTP and of queues.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from onebox.services.context import Deps
from onebox.services.lambda_.errors import TooManyRequestsException
from onebox.services.lambda_.execution.execution import Execution, Outcome
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN
from onebox.services.lambda_.metrics import LambdaMetrics
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.services.lambda_.tracing import make_trace_id


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
        trace_header: str = "",
    ) -> None:
        """Start an invocation; ``done`` is called when it ends.

        Raises TooManyRequestsException if the function or the account has no concurrency left."""
        self._take_concurrency(function, qualifier)
        key = function.key

        def finish(outcome: Outcome) -> None:
            self._give_back(function)
            self.metrics.finished(function, qualifier, outcome.duration_ms, outcome.failed)
            done(outcome)

        trace_id = make_trace_id(trace_header, self._deps.ids.hex(40), self._deps.clock.now_ms())
        self._pool.submit(
            Execution(
                function=function,
                invoked_arn=f"{key.arn}:{qualifier}" if qualifier else key.arn,
                request_id=request_id,
                trace_id=trace_id,
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

    def _take_concurrency(self, function: FunctionVersion, qualifier: str | None) -> None:
        key = function.key
        region = (key.account, key.region)
        reason = self._find_throttle(function)
        if reason is not None:
            self.metrics.throttled(function, qualifier)
            raise TooManyRequestsException("Rate Exceeded.", Reason=reason)
        self._running[key] += 1
        if function.reserved_concurrency is None:
            self._running_unreserved[region] += 1
        self.metrics.started(function, qualifier, self._running[key], self._running_unreserved[region])

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
