"""Audit: every change that was made by a command or in the console, from the system's audit log."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from orders.audit.entries import Entry
from orders.console import render
from orders.console.context import console_of
from orders.console.fields import Fields
from orders.console.page_route import PageRoute
from orders.errors import OperatorError
from orders.json_text import to_json

FILTERS = ("action", "who", "since", "until")
SHOWN_MAX = 300
DEFAULT_SINCE_MS = 7 * 86_400_000


def show(request: Request) -> Response:
    """The changes of the last seven days, or of the time asked for, newest first."""
    console = console_of(request)
    fields = Fields(request, console.clock.now_ms())
    since_ms, until_ms = fields.moment_ms("since"), fields.moment_ms("until")
    if since_ms is None:
        since_ms = console.clock.now_ms() - DEFAULT_SINCE_MS
    entries: list[Entry] = []
    missing = ""
    if not fields.errors:
        try:
            entries = console.audit.search(
                since_ms, until_ms, fields.text("action") or None, fields.text("who") or None
            )
        except OperatorError as error:
            missing = f"{error.reason}. {error.advice}"
    return render.page(
        request,
        "audit.html",
        400 if fields.errors else 200,
        title="Audit",
        values={name: fields.raw(name) for name in FILTERS},
        errors=fields.errors,
        entries=entries[::-1][:SHOWN_MAX],
        found=len(entries),
        since_ms=since_ms,
        missing=missing,
        as_json=to_json,
    )


ROUTES = [PageRoute("/audit", show)]
