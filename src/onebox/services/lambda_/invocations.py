"""Invoking a function: the concurrency that limits it, the child that runs it, the metrics that count it.

Promises: ``done`` of every accepted invocation is called exactly once. Knows nothing of HTTP and of queues.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.services.context import Deps
from onebox.services.lambda_.concurrency import Concurrency, Taken
from onebox.services.lambda_.errors import TooManyRequestsException
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.metrics import LambdaMetrics
from onebox.services.lambda_.model import FunctionVersion
from onebox.services.lambda_.tracing import make_trace_id


class Invoker:
    """Takes invocations until a limit is reached."""

    def __init__(self, deps: Deps, concurrency: Concurrency, pool: WorkerPool) -> None:
        self._deps = deps
        self._concurrency = concurrency
        self._pool = pool
        self.metrics = LambdaMetrics(deps)
        """For the metrics of asynchronous invocation, which others count."""

    @property
    def running(self) -> int:
        """Invocations under way."""
        return self._concurrency.running

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
        stream: ResponseStream | None = None,
    ) -> None:
        """Start an invocation; ``done`` is called when it ends. What the function streams goes to ``stream``, or is
        the payload if there is none.

        Raises TooManyRequestsException if the function or the account has no concurrency left."""
        taken = self._take_concurrency(function, qualifier)
        key = function.key

        # Taken out at the end: in a circle with ``finish`` the payload would stay until the next garbage collection.
        counted: list[Execution] = []

        def finish(outcome: Outcome) -> None:
            self._concurrency.give_back(taken)
            self.metrics.finished(function, qualifier, outcome.duration_ms, outcome.failed)
            if taken.provided:
                self.metrics.provisioned_finished(function, qualifier, spilled=not counted.pop().provisioned)
            done(outcome)

        trace_id = make_trace_id(trace_header, self._deps.ids.hex(40), self._deps.clock.now_ms())
        execution = Execution(
            function=function,
            invoked_arn=f"{key.arn}:{qualifier}" if qualifier else key.arn,
            request_id=request_id,
            trace_id=trace_id,
            payload=payload,
            done=finish,
            client_context=client_context,
            wants_log_tail=wants_log_tail,
            patient=patient,
            stream=stream,
        )
        if taken.provided:
            counted.append(execution)
        self._pool.submit(execution)

    def has_concurrency(self, function: FunctionVersion) -> bool:
        """True if an invocation would not be throttled at this moment."""
        return self._concurrency.find_throttle(function) is None

    def _take_concurrency(self, function: FunctionVersion, qualifier: str | None) -> Taken:
        taken = self._concurrency.take(function)
        if isinstance(taken, str):
            self.metrics.throttled(function, qualifier)
            raise TooManyRequestsException("Rate Exceeded.", Reason=taken)
        self.metrics.started(function, qualifier, taken.running, taken.running_unreserved)
        if taken.provided:
            self.metrics.provisioned_started(function, qualifier, taken.running_of_version, taken.provided)
        return taken
