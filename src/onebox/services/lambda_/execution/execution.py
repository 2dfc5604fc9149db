"""One invocation on its way through a worker, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.services.lambda_.model import FunctionVersion


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended."""

    payload: bytes
    """The handler's result, or the JSON that describes the error."""
    failed: bool
    duration_ms: float
    log_tail: bytes = b""
    """The last 4 KB of the invocation's log, if it was asked for."""


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
    patient: bool = False
    """Background work (queues, events): it starts one more child at a time, not one for each that waits."""
    waiting_since_ms: float = 0
    """On the monotonic clock; set by the pool."""
    provisioned: bool = False
    """Whether it ran in an environment of provisioned concurrency; set by the pool."""
