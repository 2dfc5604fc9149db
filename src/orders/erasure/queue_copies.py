"""A person's messages in a queue. Messages that a reader holds, or that are delayed, are not reachable."""

from __future__ import annotations

from collections.abc import Iterator

from orders.dead_letters.messages import QueueMessage
from orders.dead_letters.queues import BATCH_MAX, Queue
from orders.erasure.person import Person, order_id_of
from orders.errors import OperatorError


class QueueCopies:
    """One queue."""

    what = "message"

    def __init__(self, queue: Queue, *, is_looked_at_first: bool) -> None:
        self._queue = queue
        self.place = queue.name
        self.is_looked_at_first = is_looked_at_first
        self.found_ids: set[str] = set()
        """The orders of the messages that were erased."""

    def find(self, person: Person) -> Iterator[str | None]:
        yield from (order_id_of(message.body) for message in self._queue.peek() if person.owns(message.body))

    def erase(self, person: Person) -> int:
        erased = 0
        with self._queue.taking() as messages:
            batch: list[QueueMessage] = []
            for message in messages:
                if person.owns(message.body):
                    batch.append(message)
                    self.found_ids.update(filter(None, [order_id_of(message.body)]))
                if len(batch) == BATCH_MAX:
                    erased += self._delete(batch)
                    batch = []
            return erased + (self._delete(batch) if batch else 0)

    def unreachable(self) -> int:
        """How many messages a reader holds or a delay hides."""
        counts = self._queue.counts()
        return counts.in_flight + counts.delayed

    def _delete(self, batch: list[QueueMessage]) -> int:
        problems = [problem for problem in self._queue.delete(batch) if problem is not None]
        if problems:
            raise OperatorError(f"{self.place}: {problems[0].reason}", "Run the same command again.")
        return len(batch)
