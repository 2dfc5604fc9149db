"""One order: its fields, lines, history from the log, and JSON."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orders.aws.clients import Aws
from orders.console import render
from orders.console.context import console_of
from orders.console.fields import address
from orders.console.page_route import PageRoute
from orders.console.pages.orders import currency_of, is_number, moment_ms
from orders.domain.contract import FIELDS, ORDER_ID_BYTES_MAX
from orders.domain.stored_item import BODY_ATTRIBUTE
from orders.function_log.reader import FunctionLogs
from orders.function_log.search import LogQuery, search_back
from orders.history.event_table import EventTable, NoHistory
from orders.history.timeline import Timeline, describe, read_timeline
from orders.json_text import to_json
from orders.table.order_table import OrderTable

# Holds sums of products of DynamoDB's numbers (38 digits, exponents -130 to 125) exactly.
EXACT = Context(prec=1_200)
HISTORY_LINES = 200


class Line(NamedTuple):
    """A line of the order. ``total`` is None if quantity or price is not a number."""

    sku: Any
    name: Any
    quantity: Any
    unit_price: Any
    total: Decimal | None


def show(request: Request) -> Response:
    """The order, or a page saying that it is not stored."""
    order_id = request.query_params.get("id", "")
    size = len(order_id.encode("utf-8", "replace"))
    if not 1 <= size <= ORDER_ID_BYTES_MAX:
        reason = "Name the order" if not size else f"No order has an id of {size:,} bytes"
        advice = f"An orderId has 1 to {ORDER_ID_BYTES_MAX:,} bytes."
        return render.page(request, "failure.html", 400, title="Order", reason=reason, advice=advice)
    console = console_of(request)
    order = OrderTable(console.aws).find(order_id)
    snapshot = console.failed.snapshot
    failed = [] if snapshot is None else [one for one in snapshot.failed_orders if one.order_id == order_id]
    history = address("/order/history", id=order_id)
    logs = address("/logs", order=order_id)
    if order is None:
        stripped = order_id.strip()
        return render.page(
            request,
            "order_missing.html",
            404,
            title="Order not stored",
            section="/orders",
            order_id=order_id,
            failed_orders=failed,
            stripped=stripped if stripped and stripped != order_id else None,
            history=history,
            logs=logs,
        )
    lines = read_lines(order.get("items"))
    return render.page(
        request,
        "order.html",
        title=f"Order {order_id[:60]}",
        section="/orders",
        order_id=order_id,
        failed_orders=failed,
        currency=currency_of(order),
        total=order["total"] if is_number(order.get("total")) else None,
        fields=[(name, value) for name, value in _in_order(order) if name not in ("orderId", "items", BODY_ATTRIBUTE)],
        body_bytes=_body_bytes(order),
        moment_ms=moment_ms(order.get("timestamp")),
        lines=lines,
        sum=sum_lines(lines),
        raw=to_json(order, indent=2),
        history=history,
        logs=logs,
    )


def _body_bytes(order: dict[str, Any]) -> int | None:
    """The size of an order of which the table holds the head; None of any other."""
    body = order.get(BODY_ATTRIBUTE)
    return int(body["bytes"]) if isinstance(body, dict) and is_number(body.get("bytes")) else None


def show_history(request: Request) -> Response:
    """The history, from OrderEvents where it is kept, and from the log; loaded after the page because the search may
    take seconds.
    """
    console = console_of(request)
    order_id = request.query_params.get("id", "")
    found = search_back(FunctionLogs(console.aws), LogQuery(order_id=order_id), console.clock, limit=HISTORY_LINES)
    timeline = _find_timeline(console.aws, order_id)
    return HTMLResponse(
        render.fragment(
            "_history.html",
            events=[] if timeline is None else timeline.events,
            is_older=timeline is not None and timeline.is_cut,
            describe=describe,
            entries=found.entries[::-1],
            is_cut=bool(found.token),
            logs=address("/logs", order=order_id),
        )
    )


def _find_timeline(aws: Aws, order_id: str) -> Timeline | None:
    """None where no history is kept."""
    try:
        return read_timeline(EventTable(aws), order_id, HISTORY_LINES)
    except NoHistory:
        return None


def read_lines(items: Any) -> list[Line]:
    """An order's lines, whatever their content."""
    if not isinstance(items, list):
        return []
    return [_read_line(item if isinstance(item, dict) else {"itemName": item}) for item in items]


def sum_lines(lines: list[Line]) -> Decimal | None:
    """The exact sum; None if a line has no total."""
    result = Decimal(0)
    for line in lines:
        if line.total is None:
            return None
        result = EXACT.add(result, line.total)
    return result if lines else None


def _read_line(item: dict[str, Any]) -> Line:
    quantity, price = item.get("quantity"), item.get("unitPrice")
    factors = [Decimal(value) for value in (quantity, price) if value is not None and is_number(value)]
    total = EXACT.multiply(*factors) if len(factors) == 2 else None
    return Line(item.get("sku"), item.get("itemName"), quantity, price, total)


def _in_order(order: dict[str, Any]) -> list[tuple[str, Any]]:
    """Known fields in the contract's order, then the others by name."""
    known = [field.name for field in FIELDS if field.name in order]
    others = sorted(name for name in order if name not in known)
    return [(name, order[name]) for name in known] + [
        (name, value if isinstance(value, str) else to_json(value)) for name in others if (value := order[name]) != ""
    ]


ROUTES = [PageRoute("/order", show), Route("/order/history", show_history)]
