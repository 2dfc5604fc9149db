"""Pipeline, the home page: throughput, waiting and failed orders."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.aws.measures import (
    AGE,
    CALLS,
    CONCURRENCY,
    DURATION,
    ERRORS,
    FAILED,
    PROCESSED,
    PUBLISHED,
    QUEUED,
    STORED,
    THROTTLES,
    UNDELIVERED,
    WAITING,
)
from orders.console import render
from orders.console.context import console_of
from orders.console.live import Snapshot
from orders.console.verdict import judge
from orders.monitoring.alarms import report_alarms
from orders.monitoring.backlog import describe_backlog, find_backlog
from orders.monitoring.status import Status

MINUTES = 60
FAILING_SHOWN = 5


async def show(request: Request) -> Response:
    """The page with the last snapshot."""
    snapshot = await console_of(request).live.fresh()
    return render.page(request, "pipeline.html", title="Pipeline", body=draw(snapshot))


def draw(snapshot: Snapshot) -> str:
    """The live part of the page."""
    now = snapshot.status
    if now is None:
        return render.fragment("_pipeline_unknown.html", live=snapshot)
    backlog = find_backlog(now)
    return render.fragment(
        "_pipeline.html",
        live=snapshot,
        now=now,
        verdict=judge(now),
        counts=now.counts,
        failing=render.fragment("_failing.html", failing=now.failing, counts=now.counts, shown=FAILING_SHOWN),
        alarms=report_alarms(now),
        backlog="" if backlog is None else describe_backlog(backlog, now.at_ms),
        rates={name: now.rate(measure) for name, measure in _RATES.items()},
        latest={name: now.latest(measure) for name, measure in _GAUGES.items()},
        hour={name: now.over_the_hour(measure) for name, measure in {**_RATES, **_GAUGES}.items()},
        charts={name: now.history(measure, MINUTES) for name, measure in {**_RATES, **_GAUGES}.items()},
        business=_business(now),
    )


def _business(now: Status) -> list[tuple[str, float]]:
    totals = [(measure.title, now.over_the_hour(measure)) for measure in now.business]
    return [(title, value) for title, value in totals if value]


_RATES = {
    "published": PUBLISHED,
    "undelivered": UNDELIVERED,
    "queued": QUEUED,
    "processed": PROCESSED,
    "calls": CALLS,
    "errors": ERRORS,
    "throttles": THROTTLES,
    "stored": STORED,
}
_GAUGES = {"waiting": WAITING, "age": AGE, "duration": DURATION, "concurrency": CONCURRENCY, "failed": FAILED}

ROUTES = [Route("/", show)]
