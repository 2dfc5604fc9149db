"""Orders: stored orders by id, user, status and time, in pages read from the table's indexes.

The URL holds the search and the order after which the page begins, so pages can be bookmarked and shared.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from orders.console import render
from orders.console.context import console_of
from orders.console.fields import Fields, address
from orders.console.order_pages import PAGE, count_orders, read_page
from orders.console.page_route import PageRoute
from orders.domain.order import parse_moment_ns
from orders.domain.times import EPOCH_NS, ms_of_moment
from orders.errors import OperatorError, OrderRejected
from orders.json_text import to_json
from orders.table.order_table import BATCH_KEYS_MAX, OrderTable
from orders.table.query import USUAL_STATUSES, Position, Wanted, find_orders, position_of
from orders.text import csv_cell

NEWEST, OLDEST = "newest", "oldest"
FILTERS = ("user", "status", "since", "until", "sort")
# The columns that a reader may choose, with their titles; the order's id is always there.
COLUMNS = {"user": "User", "status": "Status", "time": "Time", "total": "Total", "country": "Country"}
COLUMNS_COOKIE = "orders_columns"
# The fields that a column exports.
EXPORTED = {
    "user": ("userId",),
    "status": ("status",),
    "time": ("timestamp",),
    "total": ("total", "currency"),
    "country": ("country",),
}
YEAR_S = 31_536_000


def show(request: Request) -> Response:
    """The page; only the form if a field is invalid."""
    console = console_of(request)
    fields = Fields(request, console.clock.now_ms())
    wanted, before = _wanted(fields), _position(fields, "before")
    offset = _offset(fields)
    shown: list[dict[str, Any]] = []
    previous_page = next_page = None
    if not fields.errors:
        found = read_page(OrderTable(console.aws), wanted, before)
        shown = found.orders
        if shown and found.has_previous and offset:
            previous_page = _page_url(wanted, "before", shown[0], max(0, offset - PAGE))
        if shown and found.has_next:
            next_page = _page_url(wanted, "after", shown[-1], offset + len(shown))
    columns, is_chosen = _columns(request)
    filters = {name: fields.raw(name) for name in FILTERS}
    response = render.page(
        request,
        "orders.html",
        400 if fields.errors else 200,
        title="Orders",
        values=filters,
        errors=fields.errors,
        statuses=USUAL_STATUSES,
        columns=columns,
        all_columns=COLUMNS,
        rows=[_read_row(order) for order in shown],
        is_first=offset == 0,
        first=offset + 1,
        first_page=address("/orders", **filters),
        previous_page=previous_page,
        next_page=next_page,
        count_url=address("/orders/count", **filters),
        export_url=lambda form: address("/orders/export", **filters, format=form, columns=",".join(columns)),
        searched=_describe_search(wanted),
        since_ms=None if wanted.since_ns is None else ms_of_moment(wanted.since_ns),
        until_ms=None if wanted.until_ns is None else ms_of_moment(wanted.until_ns),
    )
    if is_chosen:
        response.set_cookie(COLUMNS_COOKIE, ".".join(columns) or "-", YEAR_S, httponly=True, samesite="strict")
    return response


def show_count(request: Request) -> Response:
    """The number of matching orders, loaded after the page because counting reads the index."""
    console = console_of(request)
    wanted = _checked_search(request)
    count = count_orders(OrderTable(console.aws), wanted, console.clock)
    return HTMLResponse(f"{'' if count.is_complete else 'more than '}{count.orders:,}")


def export(request: Request) -> Response:
    """All matching orders: the shown columns as CSV, or the complete orders as JSON Lines."""
    console = console_of(request)
    wanted, table = _checked_search(request), OrderTable(console.aws)
    found = find_orders(table, wanted)
    moment = datetime.fromtimestamp(console.clock.now_ms() / 1000, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    if request.query_params.get("format") == "jsonl":
        return _download(_json_lines(table, found), "application/jsonl", f"orders-{moment}.jsonl")
    columns = [name for name in request.query_params.get("columns", ",".join(COLUMNS)).split(",") if name in COLUMNS]
    names = ["orderId", *(field for name in columns for field in EXPORTED[name])]
    return _download(_csv_lines(names, found), "text/csv", f"orders-{moment}.csv")


def _download(lines: Iterator[str], media_type: str, filename: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingResponse(lines, media_type=media_type, headers=headers)


def _csv_lines(names: list[str], found: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield _csv_line(names)
    for order in found:
        yield _csv_line([csv_cell(order.get(name)) for name in names])


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _json_lines(table: OrderTable, found: Iterator[dict[str, Any]]) -> Iterator[str]:
    """The complete orders; one that was deleted meanwhile is left out."""
    while page := list(dict.fromkeys(order["orderId"] for order in islice(found, BATCH_KEYS_MAX))):
        orders = table.find_all(page)
        yield from (to_json(orders[order_id]) + "\n" for order_id in page if order_id in orders)


def _checked_search(request: Request) -> Wanted:
    fields = Fields(request, console_of(request).clock.now_ms())
    wanted = _wanted(fields)
    if fields.errors:
        raise OperatorError("a field is not valid", " ".join(fields.errors.values()))
    return wanted


def _columns(request: Request) -> tuple[list[str], bool]:
    """The columns to show, and whether this request chose them."""
    if "columns" in request.query_params:
        chosen = request.query_params.getlist("columns")
        return [name for name in COLUMNS if name in chosen], True
    kept = request.cookies.get(COLUMNS_COOKIE)
    return [name for name in COLUMNS if kept is None or name in kept.split(".")], False


def _offset(fields: Fields) -> int:
    """How many orders precede the page, as its address says; only for display."""
    text = fields.text("offset")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class Row(NamedTuple):
    """An order in the table, from its index item, whatever its content."""

    order_id: str
    user: str | None
    status: str | None
    timestamp: str
    at_ms: int | None
    total: Any
    currency: str | None
    country: Any


def _read_row(order: dict[str, Any]) -> Row:
    total, timestamp = order.get("total"), order["timestamp"]
    return Row(
        order_id=order["orderId"],
        user=order.get("userId"),
        status=order.get("status"),
        timestamp=timestamp,
        at_ms=moment_ms(timestamp),
        total=total,
        currency=currency_of(order) if is_number(total) else None,
        country=order.get("country"),
    )


def is_number(value: Any) -> bool:
    """Whether a stored value is one of DynamoDB's numbers."""
    return type(value) in (int, Decimal)


def currency_of(order: dict[str, Any]) -> str | None:
    """The order's currency, if it is a string."""
    currency = order.get("currency")
    return currency if isinstance(currency, str) else None


def moment_ms(timestamp: Any) -> int | None:
    """The time of an order's timestamp; None if it is not a valid time."""
    if not isinstance(timestamp, str):
        return None
    try:
        at_ms = ms_of_moment(parse_moment_ns(timestamp))
        datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    except (OrderRejected, ValueError, OverflowError):
        return None
    return at_ms


def _wanted(fields: Fields) -> Wanted:
    user, status = fields.key("user"), fields.key("status")
    since_ns, until_ns = fields.moment_ns("since"), fields.moment_ns("until")
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        fields.errors.setdefault("until", "No time is between since and until: until must be the later one.")
    return Wanted(
        user or None,
        (status,) if status else (),
        since_ns,
        until_ns,
        fields.choice("sort", (NEWEST, OLDEST)) == NEWEST,
        after=_position(fields, "after"),
    )


def _position(fields: Fields, side: str) -> Position | None:
    timestamp, order_id = fields.raw(side), fields.raw(f"{side}_id")
    return Position(timestamp, fields.raw(f"{side}_status"), order_id) if timestamp and order_id else None


def _page_url(wanted: Wanted, side: str, order: dict[str, Any], offset: int) -> str:
    """Relative times become absolute, so that pages neither overlap nor miss orders."""
    place = position_of(order)
    return address(
        "/orders",
        user=wanted.user,
        status="".join(wanted.statuses),
        since=_written(wanted.since_ns),
        until=_written(wanted.until_ns),
        sort=None if wanted.newest_first else OLDEST,
        offset=offset or None,
        **{side: place.timestamp, f"{side}_status": place.status, f"{side}_id": place.order_id},
    )


def _written(moment_ns: int | None) -> str | None:
    """A time in the format of `parse_time`."""
    if moment_ns is None:
        return None
    seconds, rest_ns = divmod(moment_ns - EPOCH_NS, 1_000_000_000)
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{rest_ns:09}".rstrip("0") if rest_ns else "") + "Z"


def _describe_search(wanted: Wanted) -> str:
    """A description of the search, for a page without orders."""
    statuses = wanted.statuses or (() if wanted.user else USUAL_STATUSES)
    of_status = f"the status{'es' if len(statuses) > 1 else ''} {', '.join(statuses)}" if statuses else "any status"
    return f"orders of {f'user {wanted.user} and ' if wanted.user else ''}{of_status}"


ROUTES = [PageRoute("/orders", show), Route("/orders/count", show_count), Route("/orders/export", export)]
