"""Storing a batch of order messages, each with exactly one effect whatever SNS and SQS do.

Promises: every record has one outcome, one record never fails another, and a record is only ever reported as
done after the table held its effect. Throttling and faults of the store are retried until the deadline, then
the record is given back. With a breaker, a store that took nothing until the deadline is asked once a batch at most
until it takes something.
Knows nothing of Lambda, SQS or DynamoDB: the store is a port. Standard library only: this file travels with
the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from orders.domain.order import Order, find_notification_id, parse_order
from orders.domain.precedence import Effect, decide_effect
from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.outcomes import REJECTED, UNAVAILABLE, Outcome, Record
from orders.retry import Backoff

if TYPE_CHECKING:
    from orders.clock import Clock
    from orders.processor.breaker import Breaker
    from orders.processor.claims import Claimed
    from orders.processor.ports import Claims, Insertion, OrderStore

BACKOFF = Backoff(base_ms=25.0, cap_ms=2_000.0)
# What every pointer to an order in S3 holds, and hardly an order (domain/claims.py).
POINTER_MARK = "S3Pointer"
# Others may change an order between our look and our write; each such race is won by someone, so a few rounds
# do.
REPLACE_ATTEMPTS_MAX = 10
# One order is changed by several writers at once: this says nothing of the table.
ONE_ORDER_CODES = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})


def consume(
    records: Sequence[Record],
    store: OrderStore,
    clock: Clock,
    deadline_ms: float,
    breaker: Breaker | None = None,
    *,
    keeps_history: bool = False,
    open_claims: Callable[[], Claims | None] = lambda: None,
    claims_deadline_ms: float = math.inf,
) -> list[Outcome]:
    """Store what can be stored and answer for each record, in their order. Raises nothing for a single
    record.

    ``deadline_ms`` is a moment on the monotonic clock after which nothing is tried again. ``breaker`` is kept from
    batch to batch; without one each batch tries until its deadline. With ``keeps_history`` each order is stored with
    the id and the trace context of its notification. ``open_claims`` is asked where a message points to an order in S3;
    after ``claims_deadline_ms`` no further one is read.
    """
    claims = _ClaimReader(open_claims, clock, claims_deadline_ms)
    batch = _Batch(store, clock, deadline_ms, breaker, keeps_history=keeps_history, claims=claims)
    return batch.run(records)


class _Batch:
    def __init__(
        self,
        store: OrderStore,
        clock: Clock,
        deadline_ms: float,
        breaker: Breaker | None,
        *,
        keeps_history: bool,
        claims: _ClaimReader,
    ) -> None:
        self._store = store
        self._keeps_history = keeps_history
        self._claims = claims
        self._clock = clock
        self._deadline_ms = deadline_ms
        self._breaker = breaker
        self._attempts = 0
        self._outcomes: dict[int, Outcome] = {}

    def run(self, records: Sequence[Record]) -> list[Outcome]:
        waiting = [one for position, record in enumerate(records) if (one := self._read(position, record)) is not None]
        while waiting:
            # A batch may hold an order twice. Its notifications are stored one after the other, in rounds.
            now, waiting = _split_by_order_id(waiting)
            self._store_round(now)
        return [self._outcomes[position] for position in range(len(records))]

    def _read(self, position: int, record: Record) -> _Waiting | None:
        """The record's order; None if it is settled: rejected, unavailable in S3, or large and changing nothing."""
        try:
            claimed = self._claims.read(record.body) if POINTER_MARK in record.body else None
            order = parse_order(record.body) if claimed is None else claimed.order
            if self._keeps_history:
                notification = find_notification_id(record.body) or record.message_id
                order = order._replace(notification=notification, traceparent=record.traceparent)
            waiting = _Waiting(position, record.message_id, order)
            return waiting if claimed is None or claimed.body is None else self._keep_body(waiting, claimed)
        except OrderRejected as error:
            self._settle_rejected(position, record.message_id, error.order_id, error)
        except OrderUnavailable as error:
            self._claims.note(error)
            self._settle_unavailable(position, record.message_id, None, error)
        return None

    def _keep_body(self, waiting: _Waiting, claimed: Claimed) -> _Waiting | None:
        """Keep the body of an order that the table is going to hold; settle one that changes nothing.

        So no body is kept of an order that was erased, or that has been replaced by a newer one.
        """
        breaker = self._breaker
        if breaker is not None and breaker.error is not None and breaker.refuses(self._clock.monotonic_ms()):
            raise _copy(breaker.error)
        standing = self._store.look(waiting.order.order_id)
        effect = decide_effect(standing, waiting.order)
        if effect is not Effect.STORE:
            self._settle_effect(waiting, effect, standing)
            return None
        claimed.keep_body()
        return waiting

    def _store_round(self, pending: list[_Waiting]) -> None:
        while pending:
            breaker = self._breaker
            if breaker is not None and breaker.error is not None and breaker.refuses(self._clock.monotonic_ms()):
                self._settle_all_unavailable(pending, breaker.error)
                return
            insertions = self._store.insert([waiting.order for waiting in pending])
            outage = _find_outage(insertions)
            if breaker is not None and outage is None:
                breaker.record_success()
            unsettled = [
                (waiting, unavailable)
                for waiting, insertion in zip(pending, insertions, strict=True)
                if (unavailable := self._settle(waiting, insertion)) is not None
            ]
            if unsettled and self._wait_before_retry():
                pending = [waiting for waiting, _ in unsettled]
                continue
            for waiting, unavailable in unsettled:
                self._settle_waiting_unavailable(waiting, unavailable)
            if breaker is not None and outage is not None:
                breaker.record_failure(outage, self._clock.monotonic_ms())
            return

    def _settle_all_unavailable(self, pending: Sequence[_Waiting], error: OrderUnavailable) -> None:
        for waiting in pending:
            self._settle_waiting_unavailable(waiting, error)

    def _settle(self, waiting: _Waiting, insertion: Insertion) -> OrderUnavailable | None:
        """Settle one record; the error if it is worth another attempt."""
        try:
            if insertion is None:
                self._settle_effect(waiting, Effect.STORE)
            elif isinstance(insertion, Order):
                self._settle_effect(waiting, *self._resolve(waiting.order, insertion))
            else:
                raise insertion
        except OrderRejected as error:
            self._settle_rejected(waiting.position, waiting.message_id, waiting.order.order_id, error)
        except OrderUnavailable as error:
            if error.transient:
                return error
            self._settle_waiting_unavailable(waiting, error)
        return None

    def _resolve(self, order: Order, stored: Order) -> tuple[Effect, Order]:
        """Bring an order to where another notification of it stands already; the effect, and what stood there."""
        for _ in range(REPLACE_ATTEMPTS_MAX):
            effect = decide_effect(stored, order)
            if effect is not Effect.STORE:
                return effect, stored
            standing = self._store.replace(order, stored)
            if standing is None:
                return Effect.STORE, stored
            stored = standing
        raise OrderUnavailable(f"changed {REPLACE_ATTEMPTS_MAX} times by other writers", "TransactionConflict")

    def _wait_before_retry(self) -> bool:
        """Wait with full jitter; False if the deadline would pass, or if the table was unusable before this batch."""
        if self._breaker is not None and self._breaker.is_open:
            return False
        wait_ms = BACKOFF.wait_ms(self._attempts, self._clock)
        self._attempts += 1
        if self._clock.monotonic_ms() + wait_ms >= self._deadline_ms:
            return False
        self._clock.wait_ms(wait_ms)
        return True

    def _settle_effect(self, waiting: _Waiting, effect: Effect, standing: Order | None = None) -> None:
        conflict = effect is Effect.CONFLICT
        stored = effect is Effect.STORE
        self._outcomes[waiting.position] = Outcome(
            waiting.message_id,
            effect.value,
            waiting.order.order_id,
            reason="a notification with the same timestamp has different content" if conflict else None,
            field="timestamp" if conflict else None,
            code="OrderConflict" if conflict else None,
            settled_at_ms=self._clock.monotonic_ms(),
            stored=waiting.order if stored else None,
            replaced=standing if stored else None,
            arrived=None if stored else waiting.order,
            standing=None if stored else standing,
        )

    def _settle_rejected(self, position: int, message_id: str, order_id: str | None, error: OrderRejected) -> None:
        self._outcomes[position] = Outcome(
            message_id=message_id,
            name=REJECTED,
            order_id=order_id,
            reason=error.reason,
            field=error.field,
            code=error.code,
            settled_at_ms=self._clock.monotonic_ms(),
        )

    def _settle_waiting_unavailable(self, waiting: _Waiting, error: OrderUnavailable) -> None:
        self._settle_unavailable(waiting.position, waiting.message_id, waiting.order.order_id, error)

    def _settle_unavailable(
        self, position: int, message_id: str, order_id: str | None, error: OrderUnavailable
    ) -> None:
        self._outcomes[position] = Outcome(
            message_id=message_id,
            name=UNAVAILABLE,
            order_id=order_id,
            reason=error.reason,
            field=None,
            code=error.code,
            settled_at_ms=self._clock.monotonic_ms(),
        )


class _ClaimReader:
    """The orders of a batch that are in S3. What one call has cost that found S3 or the table away, ten would cost ten
    times, which is more than the function has: after such a call, or too late, none is made.
    """

    def __init__(self, open_claims: Callable[[], Claims | None], clock: Clock, deadline_ms: float) -> None:
        self._open_claims = open_claims
        self._clock = clock
        self._deadline_ms = deadline_ms
        self._outage: OrderUnavailable | None = None

    def read(self, body: str) -> Claimed | None:
        """The order that a message points to; None for what is no pointer. Raises OrderRejected or OrderUnavailable."""
        # Imported where an order came so: few systems have such.
        from orders.domain.claims import find_pointer
        from orders.processor.claims import read_claimed

        pointer = find_pointer(body)
        if pointer is None:
            return None
        if self._outage is not None:
            raise _copy(self._outage)
        if self._clock.monotonic_ms() >= self._deadline_ms:
            raise OrderUnavailable("its batch left no time to read the order from S3", "OutOfTime")
        return read_claimed(pointer, self._open_claims())

    def note(self, error: OrderUnavailable) -> None:
        """An order could not be read, or its body not be kept."""
        if error.transient:
            self._outage = _copy(error)


class _Waiting(NamedTuple):
    position: int
    message_id: str
    order: Order


def _copy(error: OrderUnavailable) -> OrderUnavailable:
    """The same error to raise once more: one that is kept and raised again would hold on to each order it was raised
    for, by its traceback.
    """
    return OrderUnavailable(error.reason, error.code, transient=error.transient)


def _find_outage(insertions: Sequence[Insertion]) -> OrderUnavailable | None:
    """The error if the table took nothing, for its own sake."""
    first = insertions[0]
    if not isinstance(first, OrderUnavailable) or first.code in ONE_ORDER_CODES:
        return None
    return first if all(isinstance(one, OrderUnavailable) for one in insertions) else None


def _split_by_order_id(waiting: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """The first record of each order, and the rest."""
    first: dict[str, _Waiting] = {}
    rest = [one for one in waiting if first.setdefault(one.order.order_id, one) is not one]
    return list(first.values()), rest
