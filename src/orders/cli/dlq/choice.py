"""Which failed orders a command is about: read with their reasons, chosen by id or by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.output import say
from orders.dead_letters.claimed import resolve_bodies
from orders.dead_letters.grouping import select, select_by_reason
from orders.dead_letters.queues import Queue
from orders.dead_letters.reader import read_failed_orders
from orders.dead_letters.reasons import FailedOrder, make_failed_order
from orders.errors import OperatorError

SHOWN_MAX = 20


def find_failed_orders(aws: Aws, queue: Queue, wanted: Sequence[str]) -> list[FailedOrder]:
    """Those with any of the ids, without the log's word on them. Raises OperatorError for an id that none has."""
    failed_orders = [make_failed_order(message, None) for message in resolve_bodies(queue.peek(), ClaimBucket(aws))]
    found = {order.message_id: order for one in wanted for order in _select(queue, failed_orders, one)}
    return list(found.values())


def choose(aws: Aws, queue: Queue, wanted: Sequence[str], reason: str | None) -> list[FailedOrder]:
    """Those with any of the ids or with the reason; one of the two must be given."""
    if wanted and reason is not None:
        raise OperatorError("IDs and --reason cannot be combined", "Give one of them.")
    if reason is None:
        return find_failed_orders(aws, queue, wanted)
    found = select_by_reason(read_failed_orders(aws, queue), reason)
    if not found:
        raise OperatorError(f"no failed order has a reason with {reason!r} in it", _advise(queue))
    return found


def report_problems(problems: Mapping[str, str]) -> None:
    """What went wrong with some of the chosen, by message id."""
    for message_id, problem in list(problems.items())[:SHOWN_MAX]:
        say(f"message {message_id}: {problem}", err=True, fg="red")
    if len(problems) > SHOWN_MAX:
        say(f"… and {len(problems) - SHOWN_MAX:,} more; --json lists all", err=True)


def _select(queue: Queue, failed_orders: Sequence[FailedOrder], wanted: str) -> list[FailedOrder]:
    found = select(failed_orders, wanted)
    if not found:
        raise OperatorError(f"no failed order has the id {wanted}", _advise(queue))
    return found


def _advise(queue: Queue) -> str:
    hidden = queue.counts().in_flight
    advice = "`orders dlq list --each` lists the failed orders."
    return f"{advice} {hidden:,} are held by other readers: try again in 30 seconds." if hidden else advice
