"""A conflict: a failed order and the stored one have the same timestamp and different content. Two ways out of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orders.audit.entries import describe_order
from orders.console.context import Console, console_of
from orders.console.forms import FormRoute, text_of
from orders.dead_letters.bulk_edit import apply_change, make_change
from orders.dead_letters.reasons import FailedOrder, pretty
from orders.domain.order import parse_order
from orders.domain.precedence import is_same_content
from orders.errors import OperatorError, OrderRejected
from orders.json_text import to_json
from orders.table.whole_orders import WholeOrders

CONFLICT = "OrderConflict"


class Row(NamedTuple):
    """A field of both orders, as JSON; empty where an order lacks it."""

    name: str
    stored: str
    incoming: str
    is_different: bool


def compare(console: Console, order: FailedOrder) -> list[Row] | None:
    """Both orders side by side, differing fields first; None without a conflict."""
    if order.exception != CONFLICT or order.order_id is None:
        return None
    stored = WholeOrders(console.aws).find(order.order_id)
    try:
        incoming = parse_order(order.body, bytes_max=None).attributes
    except OrderRejected:
        return None
    if stored is None:
        return None
    names = [*stored, *(name for name in incoming if name not in stored)]
    rows = [_row(name, stored, dict(incoming)) for name in names]
    return sorted(rows, key=lambda row: not row.is_different)


def _row(name: str, stored: dict[str, Any], incoming: dict[str, Any]) -> Row:
    texts = [to_json(side[name]) if name in side else "" for side in (stored, incoming)]
    is_same = name in stored and name in incoming and is_same_content(stored[name], incoming[name])
    return Row(name, texts[0], texts[1], not is_same)


def keep_stored(request: Request, form: FormData) -> Response:
    """Keep the stored order: delete the failed message."""
    console = console_of(request)
    order = _find(console, text_of(form, "id"))
    with console.audit.change(
        request,
        "keep stored order",
        f"{console.aws.names.dead_letter_queue}/{order.message_id}",
        before=describe_order(pretty(order.body)),
    ):
        console.failed.delete(order.message_id)
    return RedirectResponse("/failed", 303)


def take_incoming(request: Request, form: FormData) -> Response:
    """Take the failed order: send it back with the present time as its timestamp, so that it wins."""
    console = console_of(request)
    order = _find(console, text_of(form, "id"))
    now = datetime.fromtimestamp(console.clock.now_ms() / 1000, timezone.utc)
    timestamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    edited = apply_change(order.body, make_change("timestamp", f'"{timestamp}"'), claim_check=order.is_by_claim)
    if edited.violation or order.order_id is None:
        raise OperatorError(f"nothing was sent: {edited.violation}", "Edit the order instead.")
    with console.audit.change(
        request,
        "take failed order",
        f"{console.aws.names.dead_letter_queue}/{order.message_id}",
        before={"orderId": order.order_id},
        after={"timestamp": timestamp},
    ):
        console.failed.send_edited(order.message_id, edited.after, order.order_id)
    return RedirectResponse(f"/failed/message?{urlencode({'id': order.message_id})}", 303)


def _find(console: Console, message_id: str) -> FailedOrder:
    order = None if console.failed.snapshot is None else console.failed.snapshot.find(message_id)
    if order is None:
        raise OperatorError("this message is no longer in OrderDLQ", "It was sent back or deleted.")
    return order


ROUTES = [
    FormRoute("/failed/keep-stored", keep_stored, changes=True),
    FormRoute("/failed/take-incoming", take_incoming, changes=True),
]
