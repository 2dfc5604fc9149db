"""Publish: a test order by form, or orders pasted or from a file; then their progress."""

from __future__ import annotations

import gzip
import secrets
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from orders.aws.errors import explain_error, reportable_errors
from orders.console import render
from orders.console.context import Console, console_of
from orders.console.forms import FormRoute, text_of
from orders.console.jobs import Cancelled, Job
from orders.console.order_checks import find_first_violation, takes_claims
from orders.console.page_route import PageRoute
from orders.console.sse import EventStream, event
from orders.domain.contract_schema import EXAMPLE
from orders.domain.form import LINES_NAME, OrderForm, check, compose, read_form, sum_lines
from orders.domain.sizes import check_message_size
from orders.errors import OperatorError, OrderRejected, OrderUnavailable
from orders.publishing.bulk import Progress, make_order_message, publish_entries
from orders.publishing.ledger import NoLedger
from orders.publishing.order_files import Entry, read_content
from orders.publishing.topic import OrderTopic
from orders.table.order_table import OrderTable
from orders.table.query import USUAL_STATUSES
from orders.tracking.journey import Journey, Subject, advance, begin, digest_of, find_order_id, steps
from orders.tracking.trace import OrderTrace

JOB_KIND = "publish"
PASTED = "pasted"
REFUSED_SHOWN = 200
FOLLOWED_SHOWN = 10
JOB_POLL_MS = 300
UNCHECKED = "unchecked"


# --- Showing --------------------------------------------------------------------------------------------------------


def show(request: Request) -> Response:
    """The page; with ``message_id`` or ``id`` it tracks an order, with ``job`` a bulk publication."""
    return _page(request, _suggest(console_of(request)), {})


def _page(
    request: Request,
    form: OrderForm,
    errors: Mapping[str, str],
    *,
    status: int = 200,
    refusal: str = "",
    pasted: str = "",
    pasted_error: str = "",
) -> Response:
    query = request.query_params
    return render.page(
        request,
        "publish.html",
        status,
        title="Publish",
        form=form,
        errors=errors,
        refusal=refusal,
        pasted=pasted,
        pasted_error=pasted_error,
        statuses=USUAL_STATUSES,
        lines_name=LINES_NAME,
        journey=_journey(request) if "message_id" in query or "id" in query else None,
        follow_url=f"/publish/follow?{urlencode(query.multi_items())}",
        steps=steps,
        job=_job(request),
        is_deployed=_is_deployed(console_of(request)),
    )


def _is_deployed(console: Console) -> bool:
    """Whether orders can be published and processed, as far as is known."""
    status = console.live.current.status
    return status is None or (status.subscriptions is not None and status.function is not None)


def _suggest(console: Console) -> OrderForm:
    """A valid example order with an unused id."""
    at = datetime.fromtimestamp(console.clock.now_ms() / 1000, timezone.utc)
    values = {name: str(value) for name, value in EXAMPLE.items() if name != LINES_NAME}
    values["orderId"] = f"test-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    values["timestamp"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    lines = {number: {name: str(value) for name, value in line.items()} for number, line in enumerate(EXAMPLE["items"])}
    form = OrderForm(values, lines)
    return OrderForm({**values, "total": sum_lines(form) or ""}, lines)


# --- One order, by form ---------------------------------------------------------------------------------------------


def check_typed(request: Request, form: FormData) -> Response:
    """The violations of the form, and the sum of its lines."""
    typed = _read(form)
    found = [{"path": path, "expectation": text} for path, text in check(typed).items()]
    return JSONResponse({"violations": found, "sum": sum_lines(typed)})


def publish_typed(request: Request, form: FormData) -> Response:
    """Publish the order and track it; an invalid one is shown again with messages beside its fields."""
    typed = _read(form)
    errors = check(typed)
    unchecked = bool(text_of(form, UNCHECKED))
    if errors and not unchecked:
        return _page(request, typed, errors, status=422, refusal=errors.get("", ""))
    try:
        return _publish_one(request, compose(typed), unchecked=unchecked)
    except (OrderRejected, OrderUnavailable) as error:
        return _page(request, typed, errors, status=_status_of(error), refusal=error.reason)


def _read(form: FormData) -> OrderForm:
    sent = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return read_form(sent, sums_up=bool(text_of(form, "sums_up")))


def _publish_one(request: Request, text: str, *, unchecked: bool) -> Response:
    console = console_of(request)
    claim_check = takes_claims(console, [text])
    message = make_order_message(text, check=not unchecked, claim_check=claim_check)
    check_message_size(message.size_bytes, claim_check=claim_check)
    order_id = find_order_id(text)
    is_new = order_id is not None and _is_new(console, order_id)
    now_ms = console.clock.now_ms()
    with console.audit.change(request, "publish", order_id or "an order without id", after={"orders": 1}):
        message_id = OrderTopic(console.aws, claim_check=claim_check).publish_one(message)
    query: dict[str, str | int] = {"message_id": message_id, "since": now_ms}
    if order_id is None:
        query["digest"] = digest_of(text)
    else:
        query |= {"id": order_id, "new": int(is_new)}
    return RedirectResponse(f"/publish?{urlencode(query)}", 303)


def _is_new(console: Console, order_id: str) -> bool:
    try:
        return OrderTable(console.aws).find(order_id) is None
    except OperatorError:  # there is no table; tracking reports that
        return True


def _status_of(error: OrderRejected | OrderUnavailable) -> int:
    return 422 if isinstance(error, OrderRejected) else 502


# --- Many orders, pasted or from a file -----------------------------------------------------------------------------


class Refused(NamedTuple):
    """An order that was not published."""

    line: int
    path: str
    reason: str


@dataclass
class Report:
    """The result of a bulk publication."""

    progress: Progress = field(default_factory=Progress)
    order_ids: list[str] = field(default_factory=list)
    """Ids of the first orders, for tracking them."""

    @property
    def refused(self) -> list[Refused]:
        return [Refused(one.entry.line, "", one.reason) for one in self.progress.refusals[:REFUSED_SHOWN]]


def check_given(request: Request, form: FormData) -> Response:
    """The violations of each order, by line."""
    entries = _entries(form)
    claim_check = takes_claims(console_of(request), (entry.text for entry in entries))
    found = [(entry, find_first_violation(entry, claim_check=claim_check)) for entry in entries]
    refused = [Refused(entry.line, *violation) for entry, violation in found if violation is not None]
    return JSONResponse(
        {
            "orders": len(entries),
            "valid": len(entries) - len(refused),
            "refused": [one._asdict() for one in refused[:REFUSED_SHOWN]],
        }
    )


def publish_given(request: Request, form: FormData) -> Response:
    """Publish one order and track it, or many as a job."""
    entries = _entries(form)
    unchecked = bool(text_of(form, UNCHECKED))
    console = console_of(request)

    def refuse(reason: str, status: int = 422) -> Response:
        typed = _suggest(console)
        return _page(request, typed, {}, status=status, pasted=text_of(form, "text"), pasted_error=reason)

    if not entries:
        return refuse("No order found: paste JSON or JSON Lines, or choose a file.")
    if len(entries) > 1:
        return _publish_many(request, entries, unchecked=unchecked)
    try:
        return _publish_one(request, entries[0].text, unchecked=unchecked)
    except (OrderRejected, OrderUnavailable) as error:
        return refuse(f"line {entries[0].line}: {error.reason}", _status_of(error))


def _publish_many(request: Request, entries: list[Entry], *, unchecked: bool) -> Response:
    console = console_of(request)
    claim_check = takes_claims(console, (entry.text for entry in entries))
    topic = OrderTopic(console.aws, claim_check=claim_check)

    def work(job: Job) -> str:
        job.result = report = Report(order_ids=_first_ids(entries, unchecked=unchecked, claim_check=claim_check))
        job.advance(0, len(entries))
        stopped = False

        def report_progress(progress: Progress) -> None:
            nonlocal stopped
            try:
                if not stopped:
                    job.advance(progress.accepted + len(progress.refusals))
            except Cancelled:
                stopped = True  # raised once: batches in flight are still collected
                raise

        publish_entries(
            entries,
            topic,
            NoLedger(),
            console.clock,
            report.progress,
            check=not unchecked,
            claim_check=claim_check,
            on_progress=report_progress,
        )
        job.advance(report.progress.accepted + len(report.progress.refusals))
        job.failed = bool(report.progress.unsent)
        return _outcome(report.progress)

    asked = {"orders": len(entries), "source": entries[0].source}
    with console.audit.job(request, "publish", console.aws.names.topic, after=asked) as on_end:
        job = console.jobs.start(JOB_KIND, _title(entries), work, on_end)
    return RedirectResponse(f"/publish?job={job.number}", 303)


def _title(entries: list[Entry]) -> str:
    source = entries[0].source
    return f"Publish {len(entries):,} " + ("pasted orders" if source == PASTED else f"orders of {source}")


def stop(request: Request, form: FormData) -> Response:
    """Stop publishing; batches in flight are still sent."""
    console = console_of(request)
    number = text_of(form, "job")
    job = console.jobs.find(int(number)) if number.isdecimal() else None
    if job is not None and job.kind == JOB_KIND:
        console.audit.record(request, "stop", job.title)
        job.cancel()
    return RedirectResponse(f"/publish?job={number}" if job else "/publish", 303)


def _outcome(progress: Progress) -> str:
    words = [f"{render.plural(progress.accepted, 'order')} published"]
    refused = len(progress.refusals) - len(progress.unsent)
    if refused:
        words.append(f"{refused:,} refused")
    if progress.unsent:
        words.append(f"stopped at line {progress.unsent[0].entry.line}: {progress.unsent[0].reason}")
    return ", ".join(words) + "."


def _first_ids(entries: list[Entry], *, unchecked: bool, claim_check: bool) -> list[str]:
    ids: list[str] = []
    for entry in entries[:REFUSED_SHOWN]:
        if len(ids) == FOLLOWED_SHOWN:
            break
        order_id = find_order_id(entry.text)
        if order_id is None or order_id in ids:
            continue
        if unchecked or find_first_violation(entry, claim_check=claim_check) is None:
            ids.append(order_id)
    return ids


def _entries(form: FormData) -> list[Entry]:
    """The orders of the uploaded file, or of the text. Raises OperatorError for an unreadable file."""
    sent = form.get("file")
    source, content = PASTED, text_of(form, "text").encode("utf-8", "surrogatepass")
    if isinstance(sent, UploadFile) and sent.filename:
        source, content = sent.filename, sent.file.read()
    try:
        return list(read_content(source, content))
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OperatorError(f"{source} cannot be read: {error}", "Choose another file.") from error


# --- Following ------------------------------------------------------------------------------------------------------


async def follow(request: Request) -> Response:
    """The order's progress as events, until it ends."""
    return EventStream(_stream_journey(console_of(request), _journey(request)))


async def progress(request: Request) -> Response:
    """The progress of a bulk publication as events, until it ends."""
    return EventStream(_stream_job(console_of(request), _job(request)))


async def _stream_journey(console: Console, journey: Journey) -> AsyncIterator[str]:
    trace = await run_in_threadpool(OrderTrace, console.aws)
    while True:
        problem = ""
        try:
            seen = await run_in_threadpool(trace.read, journey, console.clock.now_ms())
            journey = advance(journey, seen)
        except reportable_errors() as error:
            problem = explain_error(error)
        yield event("steps", render.fragment("_journey.html", journey=journey, steps=steps, problem=problem))
        if journey.end is not None:
            yield event("end", journey.end.value)
            return
        if not await console.live.pause(journey.wait_ms):
            return


async def _stream_job(console: Console, job: Job | None) -> AsyncIterator[str]:
    while job is not None:
        is_running = job.is_running
        yield event("steps", render.fragment("_publish_job.html", job=job))
        if not is_running or not await console.live.pause(JOB_POLL_MS):
            break
    yield event("end", "")


def _journey(request: Request) -> Journey:
    query = request.query_params
    now_ms = console_of(request).clock.now_ms()
    since = query.get("since", "")
    subject = Subject(
        query.get("message_id", ""),
        min(int(since), now_ms) if since.isdecimal() and len(since) < 16 else now_ms,
        query.get("id") or None,
        query.get("new") == "1",
        query.get("digest", ""),
    )
    return begin(subject, now_ms)


def _job(request: Request) -> Job | None:
    number = request.query_params.get("job", "")
    job = console_of(request).jobs.find(int(number)) if number.isdecimal() else None
    return job if job is not None and job.kind == JOB_KIND else None


ROUTES: list[Any] = [
    PageRoute("/publish", show),
    Route("/publish/follow", follow),
    Route("/publish/progress", progress),
    FormRoute("/publish/check", check_typed, changes=False),
    FormRoute("/publish/check-file", check_given, changes=False),
    FormRoute("/publish/order", publish_typed, changes=True),
    FormRoute("/publish/orders", publish_given, changes=True),
    FormRoute("/publish/stop", stop, changes=True),
]
