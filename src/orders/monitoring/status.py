"""The state of the whole order system at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from orders.aws import rates
from orders.aws.clients import Aws
from orders.aws.measures import BUSINESS_NAMESPACE, Measure
from orders.aws.names import SEED_NAMES, Names
from orders.dead_letters.queues import QueueCounts
from orders.function_log.failing import NOTHING_FAILS, FailingNow
from orders.monitoring.counting import Counted, CountReader
from orders.monitoring.counts import OrderCounts
from orders.monitoring.metrics import Alarm, FunctionState, TableState, Watch

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
    names: Names = SEED_NAMES

    @property
    def counts(self) -> OrderCounts:
        """The orders that wait, are in flight, are failing and have failed."""
        return Counted(self.at_ms, self.queue, self.dead_letters, self.failing).counts

    def rate(self, measure: Measure) -> float:
        """How many a minute, in the last minute."""
        return rates.rate(self.series, measure, self.at_ms)

    def latest(self, measure: Measure) -> float:
        """The newest value that CloudWatch knows; 0 if it is too old."""
        return rates.latest(self.series, measure, self.at_ms)

    @property
    def is_deployed(self) -> bool:
        return None not in (self.subscriptions, self.queue, self.dead_letters, self.function, self.table)

    @property
    def missing(self) -> list[str]:
        """The names of the parts that do not exist."""
        names = self.names
        parts = (
            (names.topic, self.subscriptions),
            (names.queue, self.queue),
            (names.function, self.function),
            (names.table, self.table),
            (names.dead_letter_queue, self.dead_letters),
        )
        return [name for name, part in parts if part is None]

    @property
    def is_absent(self) -> bool:
        """Whether none of the parts exists: nothing was ever deployed, or all of it is gone."""
        parts = (self.subscriptions, self.queue, self.dead_letters, self.function, self.table)
        return all(part is None for part in parts)

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
        self._place, self._names = aws.place, aws.names
        self._watch = Watch(aws)
        self._counts = CountReader(aws)

    def read(self, now_ms: int) -> Status:
        watch = self._watch
        with ThreadPoolExecutor(4, "status") as pool:
            subscriptions = pool.submit(watch.find_subscriptions)
            counted = pool.submit(self._counts.read, now_ms)
            function = pool.submit(watch.find_function)
            series = pool.submit(watch.series, now_ms - FIGURES_MS, now_ms + MINUTE_MS)
            table = pool.submit(watch.find_table)
            alarms = pool.submit(watch.alarms)
        _, queue, dead_letters, failing = counted.result()
        return Status(
            place=self._place,
            subscriptions=subscriptions.result(),
            queue=queue,
            dead_letters=dead_letters,
            function=function.result(),
            table=table.result(),
            alarms=alarms.result(),
            series=series.result(),
            at_ms=now_ms,
            failing=failing,
            names=self._names,
        )

    def read_queues(self, last: Status, now_ms: int) -> Status:
        """The last state with fresh counts: a cheap update between two full reads."""
        _, queue, dead_letters, failing = self._counts.read(now_ms)
        return replace(last, queue=queue, dead_letters=dead_letters, at_ms=now_ms, failing=failing)
