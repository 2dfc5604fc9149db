"""Which claimed rows may be sent now, and in which batches. Pure: no I/O, no time.

Promises:
- A row is in a batch only when each earlier claimed row of its order was accepted or refused.
- A batch holds at most one row of an order: SNS may accept one entry of a call and not another.
- An order that the processor would reject is refused here and never sent. It does not hold back later rows of its
  order: each notification carries the whole order, and the processor keeps the newest.
- After a row could not be sent, nothing more of its order is sent from this claim.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from orders.domain.order import parse_order
from orders.errors import OrderRejected
from orders.outbox.rows import Outcome, Refusal, Row
from orders.publishing.message import Message, find_group, make_fitting_message
from orders.publishing.ports import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Rejection
from orders.text import printable

REASON_MAX = 1_000


class Pending(NamedTuple):
    """A row that passed the contract, and its message."""

    row: Row
    message: Message


class SendQueue:
    """The claimed rows of several orders, in lanes. ``outcome`` grows as batches are recorded.

    With ``group_field`` each order is sent in the message group of that field's value; ``claim_check`` takes orders
    that are too large for SNS, which the topic sends through S3.
    """

    def __init__(self, rows: Sequence[Row], group_field: str | None = None, *, claim_check: bool = False) -> None:
        self._group_field = group_field
        self._claim_check = claim_check
        self._lanes: dict[str, deque[Row]] = {}
        for row in rows:
            self._lanes.setdefault(row.order_id, deque()).append(row)
        self._ready: deque[str] = deque(self._lanes)
        self._prepared: dict[str, Pending] = {}
        self._is_stopped = False
        self.outcome = Outcome()

    def next_batch(self, *, only_full: bool) -> list[Pending]:
        """The next rows to send in one call, which are then under way; with ``only_full`` none if they would be few."""
        if self._is_stopped or (only_full and len(self._ready) < BATCH_ENTRIES_MAX):
            return []
        batch: list[Pending] = []
        batch_bytes = 0
        while self._ready and len(batch) < BATCH_ENTRIES_MAX:
            pending = self._prepare(self._ready[0])
            if pending is not None:
                batch_bytes += pending.message.size_bytes
                if batch and batch_bytes > BATCH_BYTES_MAX:
                    break
                batch.append(pending)
                del self._prepared[pending.row.order_id]
            self._ready.popleft()
        return batch

    def record(self, batch: Sequence[Pending], answers: Sequence[Rejection | None]) -> None:
        """What SNS answered for each row of a batch."""
        for pending, answer in zip(batch, answers, strict=True):
            if answer is None:
                self.outcome.sent.append(pending.row.id)
            elif answer.retryable:
                self.outcome.problem = f"{answer.code}: {answer.reason}"
                continue  # the order's lane is closed: it does not get ready again
            else:
                self._refuse(pending.row, answer.code, answer.reason)
            self._advance(pending.row.order_id)

    def fail(self, reason: str) -> None:
        """A whole call failed: no further batch is sent from this claim."""
        self.outcome.problem = reason
        self.stop()

    def stop(self) -> None:
        """No further batch is sent from this claim."""
        self._is_stopped = True

    def _prepare(self, order_id: str) -> Pending | None:
        """The order's first row that passes the contract; None if there is none left. Refuses those before it."""
        if order_id in self._prepared:
            return self._prepared[order_id]
        lane = self._lanes[order_id]
        while lane:
            pending = self._check(lane[0])
            if pending is not None:
                self._prepared[order_id] = pending
                return pending
            lane.popleft()
        return None

    def _check(self, row: Row) -> Pending | None:
        try:
            return check_row(row, self._group_field, claim_check=self._claim_check)
        except OrderRejected as error:
            self._refuse(row, error.code, error.reason)
            return None

    def _advance(self, order_id: str) -> None:
        lane = self._lanes[order_id]
        lane.popleft()
        if lane:
            self._ready.append(order_id)

    def _refuse(self, row: Row, code: str, reason: str) -> None:
        self.outcome.refused.append(Refusal(row.id, printable(code, 60), printable(reason, REASON_MAX)))


def check_row(row: Row, group_field: str | None = None, *, claim_check: bool = False) -> Pending:
    """The row's message. Raises OrderRejected for what the processor or SNS would refuse, and for another orderId."""
    order = parse_order(row.body, bytes_max=None)
    if order.order_id != row.order_id:
        raise OrderRejected(f"the column order_id is {row.order_id!r}, but the order's orderId is {order.order_id!r}")
    message = make_fitting_message(row.body, order, row.traceparent, claim_check=claim_check)
    if group_field is not None:
        message = message._replace(group=find_group(order.attributes, group_field))
    return Pending(row, message)
