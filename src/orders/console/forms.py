"""Routes for POST forms: each checks the CSRF token and declares whether it changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from orders.console.context import console_of

Handler = Callable[[Request, FormData], Response]


class FormRoute(Route):
    """A POST route that requires the CSRF token. A read-only console allows it if it changes nothing."""

    def __init__(self, path: str, handle: Handler, *, changes: bool) -> None:
        async def endpoint(request: Request) -> Response:
            form = await console_of(request).access.check_form(request)
            return await run_in_threadpool(handle, request, form)

        super().__init__(path, endpoint, methods=["POST"], name=handle.__name__)
        self.changes = changes


def harmless_paths(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """The paths to which a POST changes nothing."""
    return frozenset(route.path for route in routes if isinstance(route, FormRoute) and not route.changes)


def text_of(form: FormData, name: str) -> str:
    """A field's text, stripped; empty if it is absent or a file."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """The texts of a repeated field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]
