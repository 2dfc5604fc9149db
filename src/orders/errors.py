"""What may go wrong, told apart by what helps: an edited order, another attempt, or the operator.

Standard library only: this file travels with the function.
"""

from __future__ import annotations

# AWS's messages may repeat a whole request; a reason is logged, listed and shown.
REASON_MAX = 1_000

MISSING_PART_ADVICE = "Set the system up with `orders deploy`. If it is set up, `orders doctor` finds what is missing."
"""For a part that is not there: the system was never deployed, or somebody deleted the part, which a deploy does not
replace."""


class OrdersError(Exception):
    """The root of all errors of this package; ``reason`` is a sentence for people, of REASON_MAX characters and a note
    at most.
    """

    def __init__(self, reason: str) -> None:
        left_out = len(reason) - REASON_MAX
        if left_out > 0:
            reason = f"{reason[:REASON_MAX]}... ({left_out:,} more characters)"
        super().__init__(reason)
        self.reason = reason


class OrderRejected(OrdersError):
    """This order can never be stored as it is; trying again is useless.

    ``field`` is the path of what is wrong (``items[2].quantity``), None for the message as a whole. ``code``
    is the name under which it is logged: this class's, or the one that DynamoDB gave its refusal. ``order_id``
    is the order's, where it could still be read.
    """

    def __init__(self, reason: str, field: str | None = None, code: str = "OrderRejected") -> None:
        super().__init__(reason)
        self.field = field
        self.code = code
        self.order_id: str | None = None


class OrderUnavailable(OrdersError):
    """The order was not stored, through no fault of its own; another attempt helps.

    ``transient`` says whether the attempt is worth making at once (throttling, 5xx, a broken connection) or
    only after somebody edited the system (a missing table, a missing right).
    """

    def __init__(self, reason: str, code: str = "OrderUnavailable", *, transient: bool = True) -> None:
        super().__init__(reason)
        self.code = code
        self.transient = transient


class OperatorError(OrdersError):
    """A command cannot do what it was asked; ``advice`` says what to do next."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.advice = advice
