"""The objects that every page needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from orders.aws.clients import Aws
from orders.clock import Clock
from orders.console.audit import Audit
from orders.console.dlq_operations import DlqOperations
from orders.console.guard import Access
from orders.console.jobs import Jobs
from orders.console.live import Live
from orders.console.metrics_board import Board
from orders.console.outbox_reading import OutboxReader
from orders.console.settings import ConsoleSettings
from orders.console.tail import Tail


@dataclass(frozen=True, slots=True)
class Console:
    """One running console."""

    aws: Aws
    settings: ConsoleSettings
    clock: Clock
    access: Access
    live: Live
    tail: Tail
    board: Board
    jobs: Jobs
    outbox: OutboxReader
    failed: DlqOperations
    audit: Audit
    on_change: Callable[[], None]
    """Called after a change of the system: everything is read again at once."""


def console_of(request: Request) -> Console:
    """The console of a request."""
    console: Console = request.app.state.console
    return console
