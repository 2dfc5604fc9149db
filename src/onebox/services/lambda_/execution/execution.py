"""One invocation on its way through a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.model import FunctionVersion


@dataclass(slots=True)
class Execution:
    """An invocation that waits for a worker or runs in one. ``done`` is called exactly once, on the loop."""

    function: FunctionVersion
    invoked_arn: str
    request_id: str
    trace_id: str
    payload: bytes
    done: Callable[[Outcome], None]
    client_context: str | None = None
    wants_log_tail: bool = False
    stream: ResponseStream | None = None
    """Where the client reads what the function streams; None: it gets the whole, in the outcome."""
    patient: bool = False
    """Background work (queues, events): it starts one more child at a time, not one for each that waits."""
    waiting_since_ms: float = 0
    """On the monotonic clock; set by the pool."""
    provisioned: bool = False
    """Whether it ran in an environment of provisioned concurrency; set by the pool."""
