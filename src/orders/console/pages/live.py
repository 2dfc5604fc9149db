"""What open pages are told: the header with each picture, and the page's own moving part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.live import Picture
from orders.console.pages import pipeline
from orders.console.sse import EventStream, event

# The pages whose body moves with each picture, by the name they ask for.
BODIES: dict[str, Callable[[Picture], str]] = {"pipeline": pipeline.draw}


async def follow(request: Request) -> Response:
    """The stream; ``page`` names the body that is wanted besides the header."""
    drawings: Drawings = request.app.state.drawings
    return EventStream(_tell(console_of(request), request.query_params.get("page", ""), drawings))


async def _tell(console: Console, page: str, drawings: Drawings) -> AsyncIterator[str]:
    async for picture in console.live.follow():
        yield event("header", drawings.header(picture))
        if page in BODIES:
            yield event("body", drawings.body(page, picture))


class Drawings:
    """Each picture drawn once, however many pages show it."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._number = -1
        self._drawn: dict[str, str] = {}

    def header(self, picture: Picture) -> str:
        return self._draw("", picture, lambda one: render.header(one, self._place))

    def body(self, page: str, picture: Picture) -> str:
        return self._draw(page, picture, BODIES[page])

    def _draw(self, name: str, picture: Picture, draw: Callable[[Picture], str]) -> str:
        if picture.number != self._number:
            self._number, self._drawn = picture.number, {}
        if name not in self._drawn:
            self._drawn[name] = draw(picture)
        return self._drawn[name]


ROUTES = [Route("/live", follow)]
