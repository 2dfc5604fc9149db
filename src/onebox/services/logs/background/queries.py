"""The runs of Insights queries.

Promises: a query that was accepted runs to its end, also after a restart; it is answered from the events that were
there when it ran. A run reads a slice of events at a time, newest first, and lets requests be answered in between; it
keeps a bounded number of rows and of bytes of results.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import orjson

from onebox.errors import StorageFault
from onebox.runtime.pauses import let_others_run
from onebox.runtime.threads import compute_beside
from onebox.runtime.wanted_task import WantedTask
from onebox.services.logs.core import LogsCore
from onebox.services.logs.insights.lexer import QueryError
from onebox.services.logs.insights.planner import Plan, ResultRow, make_plan
from onebox.services.logs.insights.row import Row
from onebox.services.logs.limits import (
    QUERY_KEEP_MS,
    QUERY_RESULT_BYTES_MAX,
    QUERY_SLICE_BYTES,
    QUERY_SLICE_EVENTS,
    SLICE_EVENTS,
)
from onebox.services.logs.model import EventRange, LogEvent, LogGroup, Position, Query
from onebox.services.logs.search import event_bytes
from onebox.storage.faults import DatabaseBusy

_FORGOTTEN_AT_ONCE = 100


class QueryRuns:
    """One task that runs queries in the order of their start; it rests while there are none."""

    def __init__(self, core: LogsCore) -> None:
        self._core = core
        self._task = WantedTask(self._run_all, core.deps.clock, core.deps.log, "running queries")

    def start(self) -> None:
        """Run what a former run left, then whatever comes."""
        self._core.query_signals.on_start = self._task.want
        self._task.start()
        self._task.want()

    async def stop(self) -> None:
        """Nothing runs afterwards; a query that is not complete runs again after the next start."""
        self._core.query_signals.on_start = None
        await self._task.stop()

    async def _run_all(self) -> None:
        await self._core.deps.storage.write(self._forget_old)
        for query in self._core.queries.pending():
            await self._run_safely(query)

    async def _run_safely(self, query: Query) -> None:
        try:
            await self._run(query)
        except (StorageFault, DatabaseBusy):
            raise  # after the latter it runs again
        except Exception:
            self._core.deps.log.exception("the query %s failed", query.id)
            await self._set_status(query, "Failed")

    def _forget_old(self) -> None:
        self._core.queries.forget(self._core.deps.clock.trusted_ms() - QUERY_KEEP_MS, _FORGOTTEN_AT_ONCE)

    async def _set_status(self, query: Query, status: str) -> None:
        await self._core.deps.storage.write(lambda: self._core.queries.set_status(query.id, status))

    async def _run(self, query: Query) -> None:
        await self._set_status(query, "Running")
        try:
            plan = make_plan(query.text, query.limit, self._core.deps.clock.now_ms())
        except QueryError:
            # It was checked when it was accepted; a later version of the language may refuse it.
            await self._set_status(query, "Failed")
            return
        run = _Run(self._core, query, plan)
        if not await run.read():
            return
        results, statistics = await compute_beside(run.encode)
        await self._core.deps.storage.write(lambda: self._core.queries.complete(query.id, results, statistics))


class _Run:
    """One query over its groups' events."""

    def __init__(self, core: LogsCore, query: Query, plan: Plan) -> None:
        self._core = core
        self._query = query
        self._plan = plan
        self._results: list[ResultRow] = []
        self._result_bytes = 0
        self._scanned = 0
        self._scanned_bytes = 0
        self._streams: dict[int, str] = {}

    async def read(self) -> bool:
        """Feed the plan with all events, newest first; False if the query was cancelled meanwhile."""
        slice_events = slice_bytes = 0
        merged = heapq.merge(*self._sources(), key=lambda found: (-found[0].at_ms, -found[0].id))
        for event, group in merged:
            self._feed(event, group)
            slice_events += 1
            slice_bytes += len(event.message)
            if self._plan.is_full or self._result_bytes > QUERY_RESULT_BYTES_MAX:
                break
            if slice_events >= QUERY_SLICE_EVENTS or slice_bytes > QUERY_SLICE_BYTES:
                slice_events = slice_bytes = 0
                await let_others_run()
                if not self._is_running():
                    return False
        for shown in self._plan.finish():
            self._keep(shown)
        return self._is_running()

    def _sources(self) -> list[Iterator[tuple[LogEvent, LogGroup]]]:
        groups = (
            self._core.groups.find(self._query.account, self._query.region, name) for name in self._query.group_names
        )
        return [self._events_of(group) for group in groups if group is not None]

    def _events_of(self, group: LogGroup) -> Iterator[tuple[LogEvent, LogGroup]]:
        start_ms = max(self._query.start_s * 1000, group.expired_before_ms(self._core.deps.clock.now_ms()))
        end_ms = (self._query.end_s + 1) * 1000
        place: Position | None = None
        while True:
            # A slice is read whole: no cursor stays open while other requests write.
            span = EventRange(start_ms=start_ms, end_ms=end_ms, place=place, forward=False, limit=SLICE_EVENTS)
            events, is_last = self._read_slice(group, span)
            for event in events:
                yield event, group
            if is_last:
                return
            place = Position(events[-1].at_ms, events[-1].id)

    def _read_slice(self, group: LogGroup, span: EventRange) -> tuple[list[LogEvent], bool]:
        events: list[LogEvent] = []
        read_bytes = 0
        for event in self._core.events.read_group(group.id, span):
            events.append(event)
            read_bytes += len(event.message)
            if read_bytes > QUERY_SLICE_BYTES:
                return events, False
        return events, len(events) < span.limit

    def _feed(self, event: LogEvent, group: LogGroup) -> None:
        if event.stream_id not in self._streams:
            self._streams[event.stream_id] = self._core.streams.name_of(event.stream_id) or ""
        stream = self._streams[event.stream_id]
        if not stream:
            return  # the stream was deleted
        self._scanned += 1
        self._scanned_bytes += event_bytes(event.message)
        for shown in self._plan.feed(Row(event, f"{self._query.account}:{group.name}", stream)):
            self._keep(shown)

    def _keep(self, shown: ResultRow) -> None:
        self._result_bytes += sum(len(cell["value"]) + len(cell["field"]) for cell in shown)
        if not self._results or self._result_bytes <= QUERY_RESULT_BYTES_MAX:
            self._results.append(shown)

    def _is_running(self) -> bool:
        query = self._core.queries.find(self._query.account, self._query.region, self._query.id)
        return query is not None and query.status == "Running"

    def encode(self) -> tuple[str, str]:
        """Results and statistics as JSON."""
        statistics = {
            "recordsMatched": float(self._plan.matched),
            "recordsScanned": float(self._scanned),
            "bytesScanned": float(self._scanned_bytes),
        }
        return orjson.dumps(self._results).decode(), orjson.dumps(statistics).decode()
