"""A person's messages in a queue. Messages that a reader holds, or that are delayed, are not reachable."""

from __future__ import annotations

from collections.abc import Iterator

from orders.claims.reading import Objects, text_of
from orders.dead_letters.messages import QueueMessage
from orders.dead_letters.queues import BATCH_MAX, Queue
from orders.erasure.person import Person, order_id_of
from orders.errors import OperatorError


class QueueCopies:
    """One queue."""

    what = "message"

    def __init__(self, queue: Queue, claims: Objects, *, is_looked_at_first: bool) -> None:
        """``claims`` is where messages point to that are too large for a queue."""
        self._queue = queue
        self._claims = claims
        self.place = queue.name
        self.is_looked_at_first = is_looked_at_first
        self.found_ids: set[str] = set()
        """The orders of the messages that were erased."""

    def find(self, person: Person) -> Iterator[str | None]:
        texts = (text_of(message.body, self._claims) for message in self._queue.peek())
        yield from (order_id_of(text) for text in texts if person.owns(text))

    def erase(self, person: Person) -> int:
        erased = 0
        with self._queue.taking() as messages:
            batch: list[QueueMessage] = []
            for message in messages:
                text = text_of(message.body, self._claims)
                if person.owns(text):
                    batch.append(message)
                    self.found_ids.update(filter(None, [order_id_of(text)]))
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
