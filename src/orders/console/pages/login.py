"""The login page, for a console that other machines can reach."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import console_of


async def show(request: Request) -> Response:
    return _draw(request)


async def enter(request: Request) -> Response:
    """Check the token and start a session."""
    form = await request.form()
    given = form.get("token")
    access = console_of(request).access
    if isinstance(given, str) and access.is_token(given.strip()):
        return access.let_in("/")
    return _draw(request, 403, "Wrong token.")


def _draw(request: Request, status: int = 200, error: str = "") -> Response:
    return HTMLResponse(render.fragment("login.html", title="Token", error=error), status)


ROUTES = [Route("/login", show), Route("/login", enter, methods=["POST"])]
