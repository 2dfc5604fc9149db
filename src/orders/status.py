"""The state of the whole order system at one moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orders.adapters.aws import Aws
from orders.adapters.metrics import Alarm, FunctionState, TableState, Watch
from orders.adapters.queues import Queue, QueueCounts, dead_letter_queue, order_queue
from orders.errors import OperatorError

FIGURES_MS = 3_600_000
FIGURES = ("Invocations", "Errors", "Throttles")


@dataclass(frozen=True, slots=True)
class Status:
    """What each part says of itself; None for a part that is not there."""

    place: str
    subscriptions: int | None
    queue: QueueCounts | None
    dead_letters: QueueCounts | None
    function: FunctionState | None
    figures: dict[str, float]
    """The function's sums over the last hour."""
    table: TableState | None
    alarms: list[Alarm]

    @property
    def is_deployed(self) -> bool:
        return None not in (self.subscriptions, self.queue, self.dead_letters, self.function, self.table)

    @property
    def firing(self) -> list[Alarm]:
        return [alarm for alarm in self.alarms if alarm.state == "ALARM"]


class StatusReader:
    """Reads all parts at once; kept by a live view, so that clients and queues are looked up once."""

    def __init__(self, aws: Aws) -> None:
        self._place = aws.place
        self._watch = Watch(aws)
        self._queue = _find_queue(aws, order_queue)
        self._dead_letters = _find_queue(aws, dead_letter_queue)

    def read(self, now_ms: int) -> Status:
        watch = self._watch
        with ThreadPoolExecutor(4, "status") as pool:
            subscriptions = pool.submit(watch.find_subscriptions)
            queue = pool.submit(self._queue.counts) if self._queue else None
            dead_letters = pool.submit(self._dead_letters.counts) if self._dead_letters else None
            function = pool.submit(watch.find_function)
            figures = pool.submit(watch.sums, FIGURES, now_ms - FIGURES_MS, now_ms)
            table = pool.submit(watch.find_table)
            alarms = pool.submit(watch.alarms)
        return Status(
            self._place,
            subscriptions.result(),
            queue.result() if queue else None,
            dead_letters.result() if dead_letters else None,
            function.result(),
            figures.result(),
            table.result(),
            alarms.result(),
        )


def _find_queue(aws: Aws, open_queue: Callable[[Aws], Queue]) -> Queue | None:
    try:
        return open_queue(aws)
    except OperatorError:
        return None
