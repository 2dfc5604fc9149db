"""Orders: stored orders by id, user, status and time, in pages read from the table's indexes.

The URL holds the search and the order after which the page begins, so pages can be bookmarked and shared.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from orders.console import render
from orders.console.context import console_of
from orders.console.fields import Fields, address
from orders.console.page_route import PageRoute
from orders.domain.order import parse_moment_ns
from orders.domain.times import EPOCH_NS, ms_of_moment
from orders.errors import OrderRejected
from orders.table.order_table import OrderTable
from orders.table.query import USUAL_STATUSES, Position, Wanted, find_orders, position_of

PAGE = 50
NEWEST, OLDEST = "newest", "oldest"
FILTERS = ("user", "status", "since", "until", "sort")


def show(request: Request) -> Response:
    """The page; only the form if a field is invalid."""
    console = console_of(request)
    fields = Fields(request, console.clock.now_ms())
    wanted = _wanted(fields)
    found: list[dict[str, Any]] = []
    if not fields.errors:
        # One extra order shows whether there is a next page.
        found = list(islice(find_orders(OrderTable(console.aws), wanted, PAGE + 1), PAGE + 1))
    shown = found[:PAGE]
    return render.page(
        request,
        "orders.html",
        400 if fields.errors else 200,
        title="Orders",
        values={name: fields.raw(name) for name in FILTERS},
        errors=fields.errors,
        statuses=USUAL_STATUSES,
        rows=[_read_row(order) for order in shown],
        is_first=wanted.after is None,
        first_page=address("/orders", **{name: fields.raw(name) for name in FILTERS}),
        next_page=_next_page(wanted, shown[-1]) if len(found) > PAGE else None,
        searched=_describe_search(wanted),
        since_ms=None if wanted.since_ns is None else ms_of_moment(wanted.since_ns),
        until_ms=None if wanted.until_ns is None else ms_of_moment(wanted.until_ns),
    )


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
    timestamp, order_id = fields.raw("after"), fields.raw("after_id")
    since_ns, until_ns = fields.moment_ns("since"), fields.moment_ns("until")
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        fields.errors.setdefault("until", "No time is between since and until: until must be the later one.")
    return Wanted(
        user or None,
        (status,) if status else (),
        since_ns,
        until_ns,
        fields.choice("sort", (NEWEST, OLDEST)) == NEWEST,
        after=Position(timestamp, fields.raw("after_status"), order_id) if timestamp and order_id else None,
    )


def _next_page(wanted: Wanted, last: dict[str, Any]) -> str:
    """Relative times become absolute, so that pages neither overlap nor miss orders."""
    place = position_of(last)
    return address(
        "/orders",
        user=wanted.user,
        status="".join(wanted.statuses),
        since=_written(wanted.since_ns),
        until=_written(wanted.until_ns),
        sort=None if wanted.newest_first else OLDEST,
        after=place.timestamp,
        after_status=place.status,
        after_id=place.order_id,
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


ROUTES = [PageRoute("/orders", show)]
