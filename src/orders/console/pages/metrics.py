"""Metrics: the charts of the system's CloudWatch dashboard."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import console_of
from orders.console.page_route import PageRoute
from orders.console.ranges import DEFAULT_RANGE, RANGES, Range

_KNOWN = ", ".join(RANGES)


def show(request: Request) -> Response:
    """The page, with the charts' values embedded."""
    chosen, board = _range_of(request), console_of(request).board
    return render.page(
        request, "metrics.html", title="Metrics", ranges=RANGES.values(), chosen=chosen, answer=board.read(chosen),
        every_ms=board.every_ms,
    )  # fmt: skip


def data(request: Request) -> Response:
    """The charts' values over ``range``, as JSON."""
    return JSONResponse(console_of(request).board.read(_range_of(request)))


def _range_of(request: Request) -> Range:
    key = request.query_params.get("range", DEFAULT_RANGE.key)
    if key not in RANGES:
        raise HTTPException(400, f"Unknown range. The ranges are: {_KNOWN}.")
    return RANGES[key]


ROUTES = [PageRoute("/metrics", show), Route("/metrics/data", data)]
