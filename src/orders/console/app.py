"""The console as an ASGI app: assembles its parts and routes, and answers errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from orders.audit.log import CONSOLE, AuditLog
from orders.aws.clients import Aws
from orders.aws.errors import describe_error, load_client_errors
from orders.clock import Clock
from orders.console import assets, render
from orders.console.audit import Audit
from orders.console.context import Console
from orders.console.dlq_operations import DlqOperations
from orders.console.forms import harmless_paths
from orders.console.guard import Access, Forbidden, Guard
from orders.console.jobs import Jobs
from orders.console.live import Live, Reading
from orders.console.metrics_board import Board
from orders.console.outbox_reading import OutboxReader
from orders.console.pages import (
    audit,
    conflict,
    controls,
    drift,
    failed,
    fix,
    live,
    login,
    logs,
    metrics,
    options,
    order,
    orders,
    pipeline,
    publish,
    search,
    stack,
)
from orders.console.reading import SystemReading
from orders.console.settings import ConsoleSettings
from orders.console.tail import Tail
from orders.errors import OperatorError
from orders.function_log.reader import FunctionLogs

PAGES = (
    pipeline,
    orders,
    order,
    failed,
    conflict,
    fix,
    logs,
    metrics,
    publish,
    controls,
    drift,
    options,
    audit,
    stack,
    search,
    live,
    login,
)


def make_app(
    aws: Aws,
    settings: ConsoleSettings,
    clock: Clock,
    say_unrecorded: Callable[[str], None],
    reading: Reading | None = None,
) -> Starlette:
    """The app. ``say_unrecorded`` takes a sentence for each change that the audit log could not record; ``reading``
    stands in for AWS in tests.
    """
    routes: list[BaseRoute] = [*(route for page in PAGES for route in page.ROUTES), *assets.ROUTES]
    access = Access(settings.token)
    source = reading or SystemReading(aws, settings.refresh)
    shared = Live(source, clock, settings.refresh.queues_ms, settings.refresh.open_wait_ms)

    def read_all_again() -> None:
        if isinstance(source, SystemReading):
            source.forget()
        shared.invalidate()

    tail = Tail(lambda since_ms: list(FunctionLogs(aws).lines(since_ms)), clock, settings.refresh.queues_ms)
    board = Board(aws, clock, settings.refresh.charts_ms)
    jobs = Jobs(clock)
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, settings=settings, access=access, harmless=harmless_paths(routes))],
        exception_handlers={
            OperatorError: _show_error,
            **dict.fromkeys(load_client_errors(), _show_error),
            Forbidden: _show_forbidden,
            HTTPException: _show_http_error,
        },
        lifespan=_running,
    )
    app.state.console = Console(
        aws=aws,
        settings=settings,
        clock=clock,
        access=access,
        live=shared,
        tail=tail,
        board=board,
        jobs=jobs,
        outbox=OutboxReader(settings.database, settings.outbox_table),
        failed=DlqOperations(aws, jobs, clock, shared.invalidate),
        audit=Audit(AuditLog(aws, clock, say_unrecorded, CONSOLE)),
        on_change=read_all_again,
    )
    app.state.drawings = live.Drawings(aws.place)
    return app


@asynccontextmanager
async def _running(app: Starlette) -> AsyncIterator[None]:
    console: Console = app.state.console
    task = asyncio.create_task(console.live.run())
    warming = asyncio.create_task(run_in_threadpool(render.warm_up))
    try:
        yield
    finally:
        console.jobs.cancel_all()
        console.outbox.close()
        await console.live.close()
        await console.tail.close()
        await warming
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _show_error(request: Request, error: Exception) -> Response:
    reason, advice = describe_error(error)
    # 409: the system is not in a state for the request. 502: AWS's API failed or did not answer.
    return _show(request, 409 if isinstance(error, OperatorError) else 502, reason, advice)


async def _show_forbidden(request: Request, _error: Exception) -> Response:
    return _show(
        request,
        403,
        "This page is older than the console",
        "The console was restarted: reload the page and try again.",
    )


async def _show_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _show(request, 404, "There is no such page", "The navigation lists the pages.")
    return _show(request, error.status_code, error.detail, "")


def _show(request: Request, status: int, reason: str, advice: str) -> Response:
    """A page for a browser, a sentence for the console's scripts."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response(f"{reason}. {advice}".strip(), status, media_type="text/plain")
    return render.page(request, "failure.html", status, title="Failed", reason=reason, advice=advice)
