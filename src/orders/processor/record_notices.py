"""Writes a batch's notices into the history of its orders.

Promises: a record whose notice is not written is given back, so that the next delivery writes it; its effect on the
table stands. A record that stays in its queue anyway keeps its outcome.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orders.errors import OrderUnavailable
from orders.processor.notices import make_notice
from orders.processor.outcomes import UNAVAILABLE, Outcome, Record
from orders.retry import Backoff

if TYPE_CHECKING:
    from orders.clock import Clock
    from orders.domain.history import OrderEvent
    from orders.processor.ports import Notices

BACKOFF = Backoff(base_ms=25.0, cap_ms=2_000.0)
ATTEMPTS_MAX = 4
_Key = tuple[str, str]


def record_notices(
    records: Sequence[Record], outcomes: Sequence[Outcome], notices: Notices, clock: Clock, deadline_ms: float
) -> list[Outcome]:
    """The outcomes, once what changed nothing is written; each event once, however often the batch holds it."""
    events: dict[_Key, OrderEvent] = {}
    positions: dict[_Key, list[int]] = {}
    now_ms = clock.now_ms()
    for position, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        event = make_notice(record, outcome, now_ms)
        if event is not None:
            key = event.order_id, event.sequence
            events[key] = event
            positions.setdefault(key, []).append(position)
    settled = list(outcomes)
    for key, error in _append(events, notices, clock, deadline_ms).items():
        for position in positions[key]:
            settled[position] = _without_history(settled[position], error)
    return settled


def _append(
    events: dict[_Key, OrderEvent], notices: Notices, clock: Clock, deadline_ms: float
) -> dict[_Key, OrderUnavailable]:
    """Write the events; why some could not be written, by their keys."""
    waiting, failed = events, dict[_Key, OrderUnavailable]()
    for attempt in range(ATTEMPTS_MAX if events else 0):
        answers = zip(waiting, notices.append(list(waiting.values())), strict=True)
        failed = {key: error for key, error in answers if error is not None}
        waiting = {key: waiting[key] for key in failed}
        wait_ms = BACKOFF.wait_ms(attempt, clock)
        is_late = clock.monotonic_ms() + wait_ms >= deadline_ms
        if not failed or is_late or not all(error.transient for error in failed.values()):
            break
        clock.wait_ms(wait_ms)
    return failed


def _without_history(outcome: Outcome, error: OrderUnavailable) -> Outcome:
    if outcome.is_given_back:
        return outcome
    return outcome._replace(name=UNAVAILABLE, reason=f"its history cannot be written: {error.reason}", code=error.code)
