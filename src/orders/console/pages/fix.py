"""One change for many failed orders: name it, preview it, send the changed orders back."""

from __future__ import annotations

from typing import NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.forms import FormRoute, text_of
from orders.console.page_route import PageRoute
from orders.dead_letters.bulk_edit import Change, Edited, apply_change, describe, make_change
from orders.dead_letters.reasons import FailedOrder
from orders.errors import OperatorError

PATH = "/failed/fix"
SHOWN = 5


class Preview(NamedTuple):
    """The effect of a change on a group."""

    change: str
    valid: list[tuple[FailedOrder, Edited]]
    """Orders that the change makes valid."""
    invalid: list[tuple[FailedOrder, Edited]]
    """Orders that stay invalid or are not changed; they are not sent."""


def show(request: Request) -> Response:
    """The form and, once a field is named, the preview of the change."""
    console = console_of(request)
    query = request.query_params
    key, path, value = (query.get(name, "").strip() for name in ("group", "field", "value"))
    orders = _orders(console, key)
    group = None if console.failed.snapshot is None else console.failed.snapshot.groups.get(key)
    error, preview = "", None
    if "field" in query:
        try:
            preview = _preview(orders, make_change(path, value, is_removal=query.get("op") == "remove"))
        except OperatorError as failure:
            error = f"{failure.reason}. {failure.advice}"
    return render.page(
        request,
        "failed_fix.html",
        400 if error else 200,
        title="Fix many orders",
        section="/failed",
        key=key,
        group=group,
        orders=orders,
        field=path if "field" in query else (group.field or "" if group else ""),
        value=value,
        op=query.get("op", "set"),
        error=error,
        preview=preview,
        shown=SHOWN,
    )


def send(request: Request, form: FormData) -> Response:
    """Send the orders that the change makes valid back, as a job."""
    console = console_of(request)
    change = make_change(text_of(form, "field"), text_of(form, "value"), is_removal=text_of(form, "op") == "remove")
    key = text_of(form, "group")
    preview = _preview(_orders(console, key), change)
    if not preview.valid:
        raise OperatorError("the change makes no order valid", "Nothing was sent. Name another field or value.")
    edited = {order.message_id: one.after for order, one in preview.valid}
    after = {"change": preview.change, "orders": len(edited)}
    queue = console.aws.names.dead_letter_queue
    with console.audit.job(request, "edit many", queue, after=after) as end:
        console.failed.start_redrive(list(edited), None, end, edited)
    return RedirectResponse("/failed", 303)


def _orders(console: Console, key: str) -> list[FailedOrder]:
    return [] if console.failed.snapshot is None else console.failed.snapshot.members(key)


def _preview(orders: list[FailedOrder], change: Change) -> Preview:
    pairs = [(order, apply_change(order.body, change, claim_check=order.is_by_claim)) for order in orders]
    valid = [(order, one) for order, one in pairs if one.is_changed and not one.violation]
    sent = {order.message_id for order, _ in valid}
    return Preview(describe(change), valid, [pair for pair in pairs if pair[0].message_id not in sent])


ROUTES = [PageRoute(PATH, show), FormRoute(f"{PATH}/send", send, changes=True)]
