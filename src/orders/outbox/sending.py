"""Sends claimed rows to OrderTopic in batches over several connections.

Promises: a row counts as sent only after SNS accepted it. Rows of one order are sent one after the other. A call that
failed is not repeated here: the rows wait in the database, and the relay decides when to try again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from orders.errors import OperatorError, OrderUnavailable
from orders.outbox.queue import Pending, SendQueue
from orders.outbox.rows import Outcome, Row
from orders.publishing.ports import Rejection, Topic


def send_rows(
    rows: Sequence[Row],
    topic: Topic,
    pool: Executor,
    *,
    connections: int,
    is_stopped: Callable[[], bool],
    group_field: str | None = None,
    claim_check: bool = False,
) -> Outcome:
    """Send the rows until each was accepted, refused or failed; what became of them.

    When stopped, the calls under way come to their ends and no further call is made.
    """
    queue = SendQueue(rows, group_field, claim_check=claim_check)
    running: dict[Future[list[Rejection | None]], list[Pending]] = {}
    try:
        while True:
            if is_stopped():
                queue.stop()
            _start(queue, topic, pool, running, connections)
            if not running:
                return queue.outcome
            _collect(queue, running)
    finally:
        wait(running)


def _start(
    queue: SendQueue,
    topic: Topic,
    pool: Executor,
    running: dict[Future[list[Rejection | None]], list[Pending]],
    connections: int,
) -> None:
    """Fill the connections. While calls are under way only full batches are sent: SNS bills by the call."""
    while len(running) < connections:
        batch = queue.next_batch(only_full=bool(running))
        if not batch:
            return
        running[pool.submit(topic.publish, [pending.message for pending in batch])] = batch


def _collect(queue: SendQueue, running: dict[Future[list[Rejection | None]], list[Pending]]) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        batch = running.pop(future)
        try:
            queue.record(batch, future.result())
        except (OrderUnavailable, OperatorError) as error:
            queue.fail(error.reason)
