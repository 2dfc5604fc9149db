"""One order: its fields, its lines, its life as the log tells it, and its JSON."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import console_of
from orders.console.fields import address
from orders.console.pages.orders import currency_of, is_number, moment_ms
from orders.domain.contract import FIELDS, ORDER_ID_BYTES_MAX
from orders.function_log.reader import FunctionLogs
from orders.function_log.search import LogQuery, search_back
from orders.json_text import to_json
from orders.table.order_table import OrderTable

# DynamoDB's numbers have 38 digits and exponents of -130 to 125: sums of their products fit here digit for digit.
EXACT = Context(prec=1_200)
LIFE_LINES = 200


class Line(NamedTuple):
    """One of the order's lines. ``total`` is None where quantity or price is no number."""

    sku: Any
    name: Any
    quantity: Any
    unit_price: Any
    total: Decimal | None


def show(request: Request) -> Response:
    """The order, or that it is not stored."""
    order_id = request.query_params.get("id", "")
    size = len(order_id.encode("utf-8", "replace"))
    if not 1 <= size <= ORDER_ID_BYTES_MAX:
        reason = "Name the order" if not size else f"No order has an id of {size:,} bytes"
        advice = f"An orderId has 1 to {ORDER_ID_BYTES_MAX:,} bytes."
        return render.page(request, "failure.html", 400, title="Order", reason=reason, advice=advice)
    order = OrderTable(console_of(request).aws).find(order_id)
    life = address("/order/life", id=order_id)
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
            stripped=stripped if stripped and stripped != order_id else None,
            life=life,
            logs=logs,
        )
    lines = read_lines(order.get("items"))
    return render.page(
        request,
        "order.html",
        title=f"Order {order_id[:60]}",
        section="/orders",
        order_id=order_id,
        currency=currency_of(order),
        total=order["total"] if is_number(order.get("total")) else None,
        fields=[(name, value) for name, value in _in_order(order) if name not in ("orderId", "items")],
        moment_ms=moment_ms(order.get("timestamp")),
        lines=lines,
        sum=sum_lines(lines),
        raw=to_json(order, indent=2),
        life=life,
        logs=logs,
    )


def show_life(request: Request) -> Response:
    """The part of the page that is read from the log, which may take a while."""
    console = console_of(request)
    order_id = request.query_params.get("id", "")
    found = search_back(FunctionLogs(console.aws), LogQuery(order_id=order_id), console.clock, limit=LIFE_LINES)
    return HTMLResponse(
        render.fragment(
            "_life.html",
            entries=found.entries[::-1],
            is_cut=bool(found.token),
            logs=address("/logs", order=order_id),
        )
    )


def read_lines(items: Any) -> list[Line]:
    """An order's lines, whatever stands there."""
    if not isinstance(items, list):
        return []
    return [_read_line(item if isinstance(item, dict) else {"itemName": item}) for item in items]


def sum_lines(lines: list[Line]) -> Decimal | None:
    """The exact sum; None unless every line has a total."""
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
    """Known fields as the contract lists them, then the others by name."""
    known = [field.name for field in FIELDS if field.name in order]
    others = sorted(name for name in order if name not in known)
    return [(name, order[name]) for name in known] + [
        (name, value if isinstance(value, str) else to_json(value)) for name in others if (value := order[name]) != ""
    ]


ROUTES = [Route("/order", show), Route("/order/life", show_life)]
