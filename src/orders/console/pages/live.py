"""The event stream of open pages: the header and the page's live part, with each snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.live import Snapshot
from orders.console.pages import failed, pipeline
from orders.console.sse import EventStream, event

# The pages with a live body, by name.
BODIES: dict[str, Callable[[Snapshot], str]] = {"pipeline": pipeline.draw, "failing": failed.draw_failing}


async def follow(request: Request) -> Response:
    """The stream; ``page`` names the body to send besides the header, ``seen`` the snapshot that the page shows."""
    drawings: Drawings = request.app.state.drawings
    seen = request.query_params.get("seen", "")
    return EventStream(_stream(console_of(request), request.query_params.get("page", ""), seen, drawings))


async def _stream(console: Console, page: str, seen: str, drawings: Drawings) -> AsyncIterator[str]:
    async for snapshot in console.live.follow():
        if str(snapshot.number) == seen:
            continue  # a page that was just painted is not drawn again
        yield event("header", drawings.header(snapshot))
        if page in BODIES:
            yield event("body", drawings.body(page, snapshot))


class Drawings:
    """Renders each snapshot once, however many pages show it."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._number = -1
        self._drawn: dict[str, str] = {}

    def header(self, snapshot: Snapshot) -> str:
        return self._draw("", snapshot, lambda one: render.header(one, self._place))

    def body(self, page: str, snapshot: Snapshot) -> str:
        return self._draw(page, snapshot, BODIES[page])

    def _draw(self, name: str, snapshot: Snapshot, draw: Callable[[Snapshot], str]) -> str:
        if snapshot.number != self._number:
            self._number, self._drawn = snapshot.number, {}
        if name not in self._drawn:
            self._drawn[name] = draw(snapshot)
        return self._drawn[name]


ROUTES = [Route("/live", follow)]
