"""Logs: OrderProcessor's log, live and by search.

The URL holds the whole search, pages included. The live tail applies the same search.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.aws.errors import explain_error, reportable_errors
from orders.console import render
from orders.console.context import Console, console_of
from orders.console.fields import Fields, address
from orders.console.page_route import PageRoute
from orders.console.sse import EventStream, event
from orders.console.tail import KEPT
from orders.function_log.lines import Entry
from orders.function_log.reader import FunctionLogs
from orders.function_log.search import LogQuery, search_back

PAGE = 100
BARS_MAX = 60
ANY = ""
LEVELS = (ANY, "INFO", "WARNING", "ERROR")
FILTERS = ("text", "order", "request", "level", "since", "until", "all")


def show(request: Request) -> Response:
    """The newest matching lines, or older ones after a token."""
    console = console_of(request)
    fields = Fields(request, console.clock.now_ms())
    query = _query(fields)
    since_ms, until_ms = fields.moment_ms("since"), fields.moment_ms("until")
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        fields.errors.setdefault("until", "No time is between since and until: until must be the later one.")
    token = fields.raw("from")
    entries: list[Entry] = []
    older = None
    if not fields.errors:
        found = search_back(
            FunctionLogs(console.aws),
            query,
            console.clock,
            since_ms=since_ms or 0,
            until_ms=until_ms,
            token=token,
            limit=PAGE,
        )
        entries = found.entries
        # The fields unchanged: the token keeps the times that "2h" stood for.
        older = address("/logs", **{**_parameters(fields), "from": found.token}) if found.token else None
    return render.page(
        request,
        "logs.html",
        400 if fields.errors else 200,
        title="Logs",
        values=_parameters(fields),
        errors=fields.errors,
        levels=LEVELS,
        entries=entries,
        older=older,
        newest_page=address("/logs", **_parameters(fields)),
        is_first=not token,
        is_asked=any(_parameters(fields).values()),
        bars=make_histogram(entries),
        # A search with an end time has no new lines.
        stream="" if token or until_ms is not None else address("/logs/stream", **_filters(query)),
        kept=KEPT,
        now_ms=console.clock.now_ms(),
    )


async def follow(request: Request) -> Response:
    """New lines as table rows; ``from`` is the time of the page's newest line in milliseconds."""
    console = console_of(request)
    fields = Fields(request, console.clock.now_ms())
    since = fields.text("from")
    since_ms = int(since) if since.isascii() and since.isdigit() and len(since) <= 15 else console.clock.now_ms()
    return EventStream(_stream(console, _query(fields), since_ms))


async def _stream(console: Console, query: ConsoleQuery, since_ms: int) -> AsyncIterator[str]:
    position = console.tail.position
    try:
        missed = await run_in_threadpool(
            search_back, FunctionLogs(console.aws), query, console.clock, since_ms=since_ms, limit=KEPT
        )
        yield event("rows", _rows(missed.entries))
    except reportable_errors() as error:
        yield event("problem", explain_error(error))
    async for entries, problem in console.tail.follow(position):
        yield event("problem", problem)
        if matching := [entry for entry in reversed(entries) if query.holds(entry)]:
            yield event("rows", _rows(matching))


class Bar(NamedTuple):
    """One bar of the histogram: a stretch of time with its lines and failures."""

    from_ms: int
    until_ms: int
    lines: int
    errors: int


def make_histogram(entries: Sequence[Entry]) -> list[Bar]:
    """The lines over time, oldest first, in at most BARS_MAX bars of equal width; none for fewer than two lines."""
    if len(entries) < 2:
        return []
    first, last = min(one.at_ms for one in entries), max(one.at_ms for one in entries)
    width = max(1, -(-(last - first + 1) // BARS_MAX))
    counts = [[0, 0] for _ in range((last - first) // width + 1)]
    for entry in entries:
        place = counts[(entry.at_ms - first) // width]
        place[0] += 1
        place[1] += entry.level == "ERROR"
    return [Bar(first + n * width, first + (n + 1) * width, lines, errors) for n, (lines, errors) in enumerate(counts)]


def _rows(entries: list[Entry]) -> str:
    """Table rows, the newest first."""
    return render.fragment("_log_rows.html", entries=entries)


class ConsoleQuery(NamedTuple):
    """The search of the page: a LogQuery, without Lambda's routine lines unless they are asked for."""

    query: LogQuery
    with_platform: bool

    @property
    def pattern(self) -> str:
        return self.query.pattern

    def holds(self, entry: Entry) -> bool:
        return (self.with_platform or not entry.is_platform) and self.query.holds(entry)


def _query(fields: Fields) -> ConsoleQuery:
    return ConsoleQuery(
        LogQuery(fields.text("text"), fields.raw("order"), fields.text("request"), fields.choice("level", LEVELS)),
        # A search by text or call is about all lines.
        with_platform=any(map(fields.text, ("all", "text", "request"))),
    )


def _filters(asked: ConsoleQuery) -> dict[str, str]:
    query = asked.query
    filters = {"text": query.text, "order": query.order_id, "request": query.request_id, "level": query.level}
    return {**filters, "all": "1" if asked.with_platform else ""}


def _parameters(fields: Fields) -> dict[str, str]:
    return {name: fields.raw(name) for name in FILTERS}


ROUTES = [PageRoute("/logs", show), Route("/logs/stream", follow)]
