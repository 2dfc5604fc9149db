"""What comes into a batch and what becomes of each record.

Standard library only: this file travels with the function.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.domain.order import Order
from orders.domain.precedence import Effect

REJECTED = "rejected"
UNAVAILABLE = "unavailable"
# What leaves a record in its queue. A conflict too: it is set aside for the operator, who alone can judge it.
GIVEN_BACK = frozenset({REJECTED, UNAVAILABLE, Effect.CONFLICT.value})


class Record(NamedTuple):
    """One message as it came from the queue."""

    message_id: str
    body: str
    sent_at_ms: int = 0
    """When it was sent to the queue: the same whenever it is received."""
    traceparent: str | None = None
    """The trace context that came with it."""


class Outcome(NamedTuple):
    """What became of one record. ``name`` is an Effect's value, REJECTED or UNAVAILABLE."""

    message_id: str
    name: str
    order_id: str | None = None
    reason: str | None = None
    field: str | None = None
    code: str | None = None
    """The name of the exception, for those given back."""
    settled_at_ms: float = 0.0
    """On the monotonic clock."""
    stored: Order | None = None
    """The order, if it now stands in the table."""
    replaced: Order | None = None
    """What it took the place of."""
    arrived: Order | None = None
    """The order, if the table holds another or the same already."""
    standing: Order | None = None
    """What the table holds in place of ``arrived``."""

    @property
    def is_given_back(self) -> bool:
        return self.name in GIVEN_BACK
