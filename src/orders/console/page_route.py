"""Routes of whole pages: each waits briefly for a fresh snapshot, so that no page opens with old numbers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.console.context import console_of


class PageRoute(Route):
    """A GET of a page. Its handler runs in a worker thread and may block."""

    def __init__(self, path: str, handle: Callable[[Request], Response]) -> None:
        async def endpoint(request: Request) -> Response:
            await console_of(request).live.fresh()
            return await run_in_threadpool(handle, request)

        super().__init__(path, endpoint, name=handle.__name__)
