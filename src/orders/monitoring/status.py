"""The state of the whole order system at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from orders.aws.clients import Aws
from orders.dead_letters.queues import Queue, QueueCounts, dead_letter_queue, order_queue
from orders.errors import OperatorError
from orders.function_log.failing import NOTHING_FAILS, FailingNow
from orders.function_log.reader import FailingReader, FunctionLogs
from orders.monitoring import rates
from orders.monitoring.counts import OrderCounts, count_orders
from orders.monitoring.metrics import (
    BUSINESS_NAMESPACE,
    Alarm,
    FunctionState,
    Measure,
    TableState,
    Watch,
)

# What a whole look costs, in calls of AWS's API: both queues; topic, function (3), table, alarms, measures (2).
# While OrderQueue holds messages, each look asks the log once more.
CALLS_QUEUES = 2
CALLS_REST = 8
FIGURES_MS = 3_600_000
MINUTE_MS = rates.MINUTE_MS


@dataclass(frozen=True, slots=True)
class Status:
    """The state of each part; None for a part that does not exist."""

    place: str
    subscriptions: int | None
    queue: QueueCounts | None
    dead_letters: QueueCounts | None
    function: FunctionState | None
    table: TableState | None
    alarms: list[Alarm]
    series: Mapping[Measure, Mapping[int, float]]
    """The values of each minute of the last hour, by the start of the minute."""
    at_ms: int
    """As of when all of it is."""
    failing: FailingNow = NOTHING_FAILS
    """The orders under way after a failure, and calls that ended without an answer."""

    @property
    def counts(self) -> OrderCounts:
        """The orders that wait, are in flight, are failing and have failed."""
        return count_orders(self.queue, self.dead_letters, self.failing, self.at_ms)

    def rate(self, measure: Measure) -> float:
        """How many a minute, in the last minute."""
        return rates.rate(self.series, measure, self.at_ms)

    def latest(self, measure: Measure) -> float:
        """The newest value that CloudWatch knows; 0 if it is too old."""
        return rates.latest(self.series, measure, self.at_ms)

    @property
    def is_deployed(self) -> bool:
        return None not in (self.subscriptions, self.queue, self.dead_letters, self.function, self.table)

    def over_the_hour(self, measure: Measure) -> float:
        """The sum, or the maximum for metrics that do not add up; 0 without values."""
        values = self.series.get(measure, {}).values()
        return float(sum(values) if measure.adds_up else max(values, default=0.0))

    @property
    def failed(self) -> int | None:
        """The orders in OrderDLQ, those that a reader holds included; None without the queue."""
        return None if self.dead_letters is None else self.dead_letters.messages

    @property
    def measured_minutes(self) -> frozenset[int]:
        """The minutes with a value of any metric: of the others nothing is known."""
        return frozenset(minute for values in self.series.values() for minute in values)

    def history(self, measure: Measure, count: int) -> list[float | None]:
        """The last minutes up to the current one, oldest first. None where nothing is known; a counter without a value
        in a minute that was measured is 0.
        """
        values, measured = self.series.get(measure, {}), self.measured_minutes
        newest = self.at_ms // MINUTE_MS
        minutes = [(newest - back) * MINUTE_MS for back in range(count - 1, -1, -1)]
        return [values.get(minute, 0.0 if measure.adds_up and minute in measured else None) for minute in minutes]

    def minutes(self, measure: Measure, count: int, *, with_current: bool = False) -> list[float]:
        """The last whole minutes, or the last ones up to the one under way, oldest first; 0 for what was not
        measured.
        """
        newest = self.at_ms // MINUTE_MS - (0 if with_current else 1)
        values = self.series.get(measure, {})
        return [values.get((newest - back) * MINUTE_MS, 0.0) for back in range(count - 1, -1, -1)]

    @property
    def business(self) -> list[Measure]:
        """OrderProcessor's business metrics: first the counts, then by reason and currency."""
        return [measure for measure in self.series if measure.namespace == BUSINESS_NAMESPACE]

    @property
    def firing(self) -> list[Alarm]:
        return [alarm for alarm in self.alarms if alarm.state == "ALARM"]


class StatusReader:
    """Reads all parts concurrently. A live view keeps it, so clients and queue URLs are resolved once."""

    def __init__(self, aws: Aws) -> None:
        self._place = aws.place
        self._watch = Watch(aws)
        self._queue = _find_queue(aws, order_queue)
        self._dead_letters = _find_queue(aws, dead_letter_queue)
        self._failing = FailingReader(FunctionLogs(aws))

    def read(self, now_ms: int) -> Status:
        watch = self._watch
        with ThreadPoolExecutor(4, "status") as pool:
            subscriptions = pool.submit(watch.find_subscriptions)
            queue = pool.submit(self._queue.counts) if self._queue else None
            dead_letters = pool.submit(self._dead_letters.counts) if self._dead_letters else None
            function = pool.submit(watch.find_function)
            series = pool.submit(watch.series, now_ms - FIGURES_MS, now_ms + MINUTE_MS)
            table = pool.submit(watch.find_table)
            alarms = pool.submit(watch.alarms)
        counts = queue.result() if queue else None
        return Status(
            place=self._place,
            subscriptions=subscriptions.result(),
            queue=counts,
            dead_letters=dead_letters.result() if dead_letters else None,
            function=function.result(),
            table=table.result(),
            alarms=alarms.result(),
            series=series.result(),
            at_ms=now_ms,
            failing=self._read_failing(counts, now_ms),
        )

    def read_queues(self, last: Status, now_ms: int) -> Status:
        """The last state with fresh counts: a cheap update between two full reads."""
        counts = self._queue.counts() if self._queue else None
        return replace(
            last,
            queue=counts,
            dead_letters=self._dead_letters.counts() if self._dead_letters else None,
            at_ms=now_ms,
            failing=self._read_failing(counts, now_ms),
        )

    def _read_failing(self, counts: QueueCounts | None, now_ms: int) -> FailingNow:
        if counts is None:
            return NOTHING_FAILS
        return self._failing.read(now_ms, counts.messages, counts.visibility_ms)


def _find_queue(aws: Aws, open_queue: Callable[[Aws], Queue]) -> Queue | None:
    try:
        return open_queue(aws)
    except OperatorError:
        return None
