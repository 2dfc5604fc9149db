"""Search: one field for an order, a user, a message or a request. A single hit opens its page at once."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.fields import address
from orders.console.page_route import PageRoute
from orders.dead_letters.reasons import FailedOrder
from orders.errors import OperatorError
from orders.tracking.search import FoundMessage, SearchResult, find_anything
from orders.tracking.search_sources import SystemSources

PATH = "/search"


class ConsoleSources(SystemSources):
    """The system's sources, with OrderDLQ from the console's snapshot where there is one."""

    def __init__(self, console: Console) -> None:
        super().__init__(console.aws)
        self._snapshot = console.failed.snapshot

    def failed_orders(self, limit: int) -> Sequence[FailedOrder]:
        if self._snapshot is not None:
            return self._snapshot.failed_orders
        try:
            return super().failed_orders(limit)
        except OperatorError:  # there is no OrderDLQ
            return ()


def show(request: Request) -> Response:
    """Everything that the text names, or the page of the only hit."""
    console = console_of(request)
    text = request.query_params.get("q", "").strip()
    result = find_anything(text, ConsoleSources(console), console.clock) if text else SearchResult("")
    if target := find_target(result):
        return RedirectResponse(target, 303)
    return render.page(
        request,
        "search.html",
        404 if text and result.is_empty else 200,
        title="Search",
        query=text,
        result=result,
        message_url=message_url,
    )


def find_target(result: SearchResult) -> str | None:
    """The page of the only thing that the text names; None for none or several."""
    if result.order is not None:
        # The order's page shows its messages as well.
        is_only = not result.user_orders and not result.requests
        return address("/order", id=result.order["orderId"]) if is_only else None
    targets = [message_url(message) for message in result.messages]
    targets += [address("/logs", request=one.request_id, all="1") for one in result.requests]
    targets += [address("/orders", user=result.text)] if result.user_orders else []
    return targets[0] if len(targets) == 1 else None


def message_url(message: FoundMessage) -> str:
    """The failed order's page, or the message's log lines."""
    if message.dead_letter is not None:
        return address("/failed/message", id=message.message_id)
    return address("/logs", text=message.message_id)


ROUTES = [PageRoute(PATH, show)]
