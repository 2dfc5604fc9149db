"""Metrics: the charts of the system's CloudWatch dashboard, from its own definition."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.metrics_board import Board
from orders.console.ranges import DEFAULT_RANGE, RANGES, Range

# Ways to write a range that people try, for the sentence that tells which there are.
_KNOWN = ", ".join(RANGES)


def show(request: Request) -> Response:
    """The page, with the charts' values in it, so that they are drawn without another request."""
    wanted, board = _range_of(request), _board_of(request)
    return render.page(
        request, "metrics.html", title="Metrics", ranges=RANGES.values(), chosen=wanted, answer=board.read(wanted),
        every_ms=board.every_ms,
    )  # fmt: skip


def data(request: Request) -> Response:
    """The charts' values over ``range``, as JSON."""
    return JSONResponse(_board_of(request).read(_range_of(request)))


def _range_of(request: Request) -> Range:
    key = request.query_params.get("range", DEFAULT_RANGE.key)
    if key not in RANGES:
        raise HTTPException(400, f"There is no such range. These are known: {_KNOWN}.")
    return RANGES[key]


def _board_of(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


ROUTES = [Route("/metrics", show), Route("/metrics/data", data)]
