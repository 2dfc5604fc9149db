"""Goal: no statement of CloudWatch Logs or CloudWatch walks or sorts a whole table, however large it is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.model import Alarm, Datum, MetricId, Periods
from onebox.services.cloudwatch.store.alarm_history import AlarmHistoryStore
from onebox.services.cloudwatch.store.alarms import AlarmStore
from onebox.services.cloudwatch.store.dashboards import DashboardStore
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.services.cloudwatch.store.tags import TagStore
from onebox.services.logs.model import EventRange, Position
from onebox.services.logs.store.events import EventStore
from onebox.services.logs.store.groups import GroupStore
from onebox.services.logs.store.metric_filters import MetricFilterStore
from onebox.services.logs.store.streams import StreamStore
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection

# The sweeper looks after every group that expires; trash has few rows.
MEANT = (
    "FROM logs_trash LIMIT 1",
    "FROM logs_group WHERE retention_days IS NOT NULL",
)
WHOLE = re.compile(r"SCAN (logs|cloudwatch)_")


class Recorder(Storage):
    """Storage that writes down each statement with its parameters."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection, lambda _: None)
        self.statements: dict[str, Any] = {}

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> apsw.Cursor:
        self.statements[sql] = parameters
        return super().execute(sql, parameters)

    def first(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
        self.statements[sql] = parameters
        return super().first(sql, parameters)

    def all(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        self.statements[sql] = parameters
        return super().all(sql, parameters)


def call_logs(storage: Storage) -> None:
    groups, streams = GroupStore(storage), StreamStore(storage)
    filters, events = MetricFilterStore(storage), EventStore(storage)
    group_id = groups.insert("a", "r", "g", 1)
    stream_id = streams.insert(group_id, "s", 1)
    events.append(group_id, stream_id, [(1, "m")], 27, 1)
    groups.set_retention(group_id, 1)
    for log_class in (None, "STANDARD"):
        groups.page("a", "r", prefix="p", pattern="x", after="", log_class=log_class, limit=5)
    for forward in (True, False):
        for place in (None, Position(1, 1)):
            span = EventRange(start_ms=0, end_ms=9, place=place, forward=forward, limit=5)
            list(events.read_stream(stream_id, span))
            list(events.read_group(group_id, span))
        streams.by_name(group_id, "s", None, forward, 5)
        streams.by_last_event(group_id, None, forward, 5)
    filters.put(group_id, "f", "", [], 1)
    filters.of(group_id)
    for name in (None, "g"):
        filters.page("a", "r", group=name, prefix="", after=("", ""), limit=5)
    events.expiring_groups()
    events.sweep_expired(group_id, 0, 5)
    streams.delete(group_id, stream_id)
    events.sweep_trash(5)
    groups.delete(group_id)
    events.sweep_trash(5)


def call_cloudwatch(storage: Storage) -> None:
    metrics, alarms, history = MetricStore(storage), AlarmStore(storage), AlarmHistoryStore(storage)
    metric = MetricId("a", "r", "n", "m", ())
    for at_ms in (0, 120_000):
        metrics.add(Datum(metric, "None", at_ms, Statistic(1, 1, 1, 1), high_resolution=True))
    metric_id = metrics.find_metric(metric) or 0
    for unit in (None, "None"):
        list(metrics.sums(metric_id, Periods(60, 0, 9, unit)))
        list(metrics.sums(metric_id, Periods(1, 0, 9, unit)))
        list(metrics.distributions(metric_id, Periods(300, 0, 9, unit)))
    for namespace, name in ((None, None), ("n", None), ("n", "m")):
        metrics.list_metrics("a", "r", namespace=namespace, name=name, since_ms=0, after=("", "", ""), limit=5)
    metrics.metric_ids(0, 5)
    metrics.rows_before(metric_id, 60, 9)
    metrics.delete_before(metric_id, 60, 9)
    metrics.delete_metric_if_empty(metric_id)
    alarms.put(Alarm(0, "a", "r", "x", "MetricAlarm", {}, True, 1, "OK", "", None, 1, 1, ""))
    (alarm,) = alarms.page_by_id(0, 5)
    history.record(alarm, 1, "Action", "s", {})
    alarms.page("a", "r", types=["MetricAlarm"], prefix="", state=None, after="", limit=5)
    alarms.composites("a", "r")
    alarms.on_metric("a", "r", "n", "m")
    for name in (None, "x"):
        for descending in (True, False):
            history.page(
                "a", "r", alarm_name=name, types=["MetricAlarm"], item_type=None, start_ms=0, end_ms=9,
                descending=descending, after=None, limit=5,
            )  # fmt: skip
    history.forget(1, 5)
    alarms.delete(alarm.id)
    DashboardStore(storage).page("a", "", "", 5)
    TagStore(storage).of("arn")


def plans(call: Callable[[Storage], None]) -> list[tuple[str, str]]:
    async def run() -> list[tuple[str, str]]:
        connection = open_connection(None)
        migrate(connection)
        storage = Recorder(connection)
        storage.run(lambda: call(storage))
        storage.flush()
        return [
            (sql, detail)
            for sql, parameters in storage.statements.items()
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        ]

    return asyncio.run(run())


def test_every_statement_uses_an_index() -> None:
    found = [*plans(call_logs), *plans(call_cloudwatch)]
    assert len(found) > 40
    walked = [(sql, detail) for sql, detail in found if WHOLE.match(detail) and not sql.endswith(MEANT)]
    assert walked == []


def test_no_statement_sorts_what_an_index_has_in_order() -> None:
    sorted_ = [sql for sql, detail in [*plans(call_logs), *plans(call_cloudwatch)] if "TEMP B-TREE" in detail]
    # The sums of a period come from one metric's range, at most a period's rows for each group.
    assert [sql for sql in sorted_ if "GROUP BY period_at_ms" not in sql] == []
