"""Failed orders: groups by reason, the list, one order, and sending back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from orders.audit.entries import find_changes
from orders.aws.errors import describe_error, reportable_errors
from orders.console import render
from orders.console.context import console_of
from orders.console.dlq_operations import DlqOperations
from orders.console.dlq_snapshot import DlqSnapshot, group_key
from orders.console.forms import FormRoute, text_of, texts_of
from orders.console.live import Snapshot
from orders.console.page_route import PageRoute
from orders.console.pages.conflict import compare
from orders.dead_letters.reasons import FailedOrder, export_line, pretty
from orders.domain.sizes import parse_edited
from orders.errors import OperatorError, OrderRejected

# An order that came by claim check may have 4 MiB: a larger one than this is shown in part and edited by the command.
EDITED_CHARACTERS_MAX = 300_000
SHOWN_CHARACTERS = 20_000
PATH = "/failed"
LIST_PATH = f"{PATH}/orders"
MESSAGE_PATH = f"{PATH}/message"
PAGE_ROWS = 50
RATE_MAX = 500
JOBS_SHOWN = 3
FAILING_SHOWN = 20


def failed_of(request: Request) -> DlqOperations:
    """The DLQ operations of a request's console."""
    return console_of(request).failed


def failed_now(request: Request) -> int | None:
    """The number of failed orders in the live snapshot, which the header shows; None while it is unknown."""
    status = console_of(request).live.current.status
    return None if status is None else status.failed


# --- Showing --------------------------------------------------------------------------------------------------------


def draw_failing(snapshot: Snapshot) -> str:
    """The orders under way after a failure, or that nothing failed: the live part of the page."""
    now = snapshot.status
    if now is None:
        return ""
    failing = render.fragment("_failing.html", failing=now.failing, counts=now.counts, shown=FAILING_SHOWN)
    is_empty = now.failed == 0 and not failing.strip() and snapshot.lost_since_ms is None
    return render.fragment("_no_failed.html", at_ms=now.at_ms) if is_empty else failing


def show_groups(request: Request) -> Response:
    """Failed orders grouped by reason."""
    failed = failed_of(request)
    failed.refresh_if_needed(failed_now(request))
    return render.page(
        request,
        "failed.html",
        title="Failed orders",
        failing=draw_failing(console_of(request).live.current),
        queue_name=console_of(request).aws.names.dead_letter_queue,
        **_common(request),
    )


def show_list(request: Request) -> Response:
    """The failed orders of a group or of a search, in pages."""
    failed = failed_of(request)
    failed.refresh_if_needed(failed_now(request))
    snapshot = failed.snapshot
    key, text = _param(request, "group"), _param(request, "q")
    failed_orders = [] if snapshot is None else snapshot.search(text, key)
    pages = max(1, math.ceil(len(failed_orders) / PAGE_ROWS))
    number = min(max(1, _to_number(_param(request, "page")) or 1), pages)
    return render.page(
        request,
        "failed_list.html",
        title="Failed orders",
        group=None if snapshot is None else snapshot.groups.get(key),
        key=key,
        text=text,
        failed_orders=failed_orders[(number - 1) * PAGE_ROWS : number * PAGE_ROWS],
        found=len(failed_orders),
        first=(number - 1) * PAGE_ROWS + 1,
        before=list_url(key, text, number - 1) if number > 1 else None,
        after=list_url(key, text, number + 1) if number < pages else None,
        **_common(request),
    )


def show_message(request: Request) -> Response:
    """One failed order."""
    return _draw_message(request, _param(request, "id"))


def show_jobs(request: Request) -> Response:
    """Progress of jobs on OrderDLQ: a fragment that pages poll while a job runs."""
    console = console_of(request)
    with suppress(*reportable_errors()):  # the outcomes stay as they are until the log answers
        failed_of(request).resends.refresh()
    return HTMLResponse(
        render.fragment(
            "_failed_jobs.html",
            csrf=console.access.csrf,
            read_only=console.settings.read_only,
            **_job_values(failed_of(request)),
        )
    )


def export(request: Request) -> Response:
    """Failed orders as JSON Lines: all, those of a group or of a search."""
    snapshot = _require_snapshot(failed_of(request))
    failed_orders = snapshot.search(_param(request, "q"), _param(request, "group"))
    moment = datetime.fromtimestamp(snapshot.at_ms / 1000, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return StreamingResponse(
        (export_line(order) for order in failed_orders),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="failed-orders-{moment}.jsonl"'},
    )


def list_url(key: str, text: str, page: int = 1) -> str:
    """The address of a list."""
    query = {"group": key, "q": text, "page": str(page) if page > 1 else ""}
    return f"{LIST_PATH}?{urlencode({name: value for name, value in query.items() if value})}"


def _draw_message(
    request: Request, message_id: str, status: int = 200, draft: str | None = None, error: str = ""
) -> Response:
    """``draft`` is the edited text that was not sent because of ``error``."""
    failed = failed_of(request)
    failed.refresh_if_needed(failed_now(request))
    order = None if failed.snapshot is None else failed.snapshot.find(message_id)
    sent = failed.find_sent(message_id)
    if order is None:
        if sent is not None:
            with suppress(*reportable_errors()):  # the result is shown as pending
                failed.resends.refresh()
        is_lost = sent is None and failed.snapshot is not None
        return render.page(
            request,
            "failed_gone.html",
            404 if is_lost and status == 200 else status,
            title="Failed order",
            message_id=message_id,
            sent=sent,
            draft=draft,
            error=error,
            **_common(request),
        )
    order, lines = failed.with_log(order)
    is_too_large = order.claim is not None and len(order.body) > EDITED_CHARACTERS_MAX
    text = order.body[:SHOWN_CHARACTERS] if is_too_large else pretty(order.body) if draft is None else draft
    return render.page(
        request,
        "failed_message.html",
        status,
        title=f"Failed order {order.order_id or order.message_id}",
        failed_order=order,
        lines=lines,
        text=text,
        is_too_large=is_too_large,
        violation=None if is_too_large else _find_violation(text, claim_check=order.is_by_claim),
        comparison=None if is_too_large else compare(console_of(request), order),
        error=error,
        key=group_key(order),
        received=failed.snapshot.receives.get(message_id) if failed.snapshot else None,
        **_common(request),
    )


def _common(request: Request) -> dict[str, Any]:
    """Values that all pages of failed orders need."""
    failed = failed_of(request)
    return {"snapshot": failed.snapshot, "list_url": list_url, "rate_max": RATE_MAX, **_job_values(failed)}


def _job_values(failed: DlqOperations) -> dict[str, Any]:
    jobs = failed.jobs()
    # A finished refresh needs no line: the snapshot shows its time.
    shown = [job for job in jobs if job.is_running or job.failed or not failed.is_refresh(job)]
    return {
        "jobs": shown[:JOBS_SHOWN],
        "is_busy": any(job.is_running for job in jobs),
        "resends": failed.resends,
    }


def _require_snapshot(failed: DlqOperations) -> DlqSnapshot:
    if failed.snapshot is None:
        raise OperatorError("OrderDLQ was not read yet", "Wait until the first read has ended.")
    return failed.snapshot


# --- Changing -------------------------------------------------------------------------------------------------------


def refresh(request: Request, form: FormData) -> Response:
    failed_of(request).start_refresh()
    return RedirectResponse(_list_of(form), 303)


def check(request: Request, form: FormData) -> Response:
    """Whether the order meets the contract: ``{"valid", "field", "reason"}``."""
    violation = _find_violation(_body_of(form), claim_check=_is_by_claim(request, text_of(form, "id")))
    if violation is None:
        return JSONResponse({"valid": True, "field": None, "reason": ""})
    return JSONResponse({"valid": False, "field": violation.field, "reason": violation.reason})


def send_edited(request: Request, form: FormData) -> Response:
    """Send one edited order back; if that fails, the form is shown again with the text."""
    message_id, body = text_of(form, "id"), _body_of(form)
    try:
        order_id = parse_edited(body, claim_check=_is_by_claim(request, message_id)).order_id
    except OrderRejected as violation:
        return _draw_message(request, message_id, 422, body, f"Nothing was sent: {violation.reason}")
    failed = failed_of(request)
    order = None if failed.snapshot is None else failed.snapshot.find(message_id)
    before, after = find_changes(pretty(order.body), body) if order else (None, None)
    target = f"order {order_id}, message {message_id}"
    try:
        with console_of(request).audit.change(request, "edit", target, before=before, after=after):
            failed.send_edited(message_id, body, order_id)
    except reportable_errors() as failure:
        return _draw_message(request, message_id, 409, body, ". ".join(filter(None, describe_error(failure))))
    return RedirectResponse(f"{MESSAGE_PATH}?{urlencode({'id': message_id})}", 303)


def redrive(request: Request, form: FormData) -> Response:
    """Send failed orders back unchanged: selected orders, selected groups, a list, or all."""
    failed, scope, rate = failed_of(request), text_of(form, "scope"), _read_rate(text_of(form, "rate"))
    audit, queue = console_of(request).audit, console_of(request).aws.names.dead_letter_queue
    if scope == "everything":
        with audit.job(request, "redrive", queue, after={"messages": "all", "rate": rate}) as on_end:
            failed.start_moving_all(rate, on_end)
        return RedirectResponse(PATH, 303)
    snapshot = _require_snapshot(failed)
    message_ids = [order.message_id for order in _choose(snapshot, form, scope)]
    if not message_ids:
        raise OperatorError("no failed order was selected", "Select the orders to send back.")
    asked: dict[str, Any] = {"orders": len(message_ids), "rate": rate}
    if scope == "chosen":
        asked["messages"] = message_ids
    else:
        asked["reasons"] = _reasons(snapshot, message_ids)
    with audit.job(request, "redrive", queue, after=asked) as on_end:
        failed.start_redrive(message_ids, rate, on_end)
    return RedirectResponse(_list_of(form), 303)


def _choose(snapshot: DlqSnapshot, form: FormData, scope: str) -> Sequence[FailedOrder]:
    if scope == "listed":
        return snapshot.search(text_of(form, "q"), text_of(form, "group"))
    if scope == "groups":
        return [order for one in dict.fromkeys(texts_of(form, "groups")) for order in snapshot.members(one)]
    found = [snapshot.find(message_id) for message_id in dict.fromkeys(texts_of(form, "id"))]
    return [order for order in found if order is not None]


def _reasons(snapshot: DlqSnapshot, message_ids: Sequence[str]) -> dict[str, int]:
    """The number of orders by reason, in place of thousands of ids."""
    found = (snapshot.find(message_id) for message_id in message_ids)
    return dict(Counter(order.kind for order in found if order is not None))


def stop(request: Request, form: FormData) -> Response:
    """Stop a job; orders already sent stay sent."""
    number = _to_number(text_of(form, "job"))
    if number is not None:
        console = console_of(request)
        console.audit.record(request, "stop", f"job {number} on {console.aws.names.dead_letter_queue}")
        failed_of(request).stop(number)
    return RedirectResponse(_list_of(form), 303)


def purge(request: Request, form: FormData) -> Response:
    """Delete all failed orders permanently if the queue's name was typed."""
    queue = console_of(request).aws.names.dead_letter_queue
    if text_of(form, "name") != queue:
        raise OperatorError("nothing was deleted", f"Type {queue} to delete all failed orders permanently.")
    with console_of(request).audit.change(request, "purge", queue) as change:
        change.after = {"deleted": failed_of(request).purge()}
    return RedirectResponse(PATH, 303)


def _is_by_claim(request: Request, message_id: str) -> bool:
    """Whether the failed order came by claim check."""
    snapshot = failed_of(request).snapshot
    order = None if snapshot is None else snapshot.find(message_id)
    return order is not None and order.is_by_claim


def _find_violation(body: str, *, claim_check: bool) -> OrderRejected | None:
    try:
        parse_edited(body, claim_check=claim_check)
    except OrderRejected as violation:
        return violation
    return None


def _body_of(form: FormData) -> str:
    """The edited text, with the line ends that browsers send converted."""
    return text_of(form, "body").replace("\r\n", "\n")


def _read_rate(text: str) -> int | None:
    """Orders per second; None for no limit. Raises OperatorError."""
    if not text:
        return None
    rate = _to_number(text)
    if rate is None or not 1 <= rate <= RATE_MAX:
        raise OperatorError(
            f"{text!r} is not a number of orders per second",
            f"Give a whole number from 1 to {RATE_MAX}, or leave it empty for no limit.",
        )
    return rate


def _to_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _param(request: Request, name: str) -> str:
    return request.query_params.get(name, "").strip()


def _list_of(form: FormData) -> str:
    """The URL of the list that a form came from; the groups if none."""
    key, text = text_of(form, "group"), text_of(form, "q")
    return list_url(key, text) if key or text else PATH


ROUTES = [
    PageRoute(PATH, show_groups),
    PageRoute(LIST_PATH, show_list),
    PageRoute(MESSAGE_PATH, show_message),
    Route(f"{PATH}/jobs", show_jobs),
    Route(f"{PATH}/export", export),
    FormRoute(f"{PATH}/refresh", refresh, changes=False),
    FormRoute(f"{PATH}/check", check, changes=False),
    FormRoute(f"{PATH}/send", send_edited, changes=True),
    FormRoute(f"{PATH}/redrive", redrive, changes=True),
    FormRoute(f"{PATH}/stop", stop, changes=True),
    FormRoute(f"{PATH}/purge", purge, changes=True),
]
