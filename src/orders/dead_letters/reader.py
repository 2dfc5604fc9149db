"""Reads the queues together with OrderProcessor's log: failed orders, and those that are failing now, with why."""

from __future__ import annotations

from collections.abc import Sequence

from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.dead_letters.claimed import resolve_bodies
from orders.dead_letters.messages import QueueMessage
from orders.dead_letters.queues import Queue, order_queue
from orders.dead_letters.reasons import FailedOrder, join_reasons, make_failed_order, oldest_ms
from orders.function_log.failing import FailingNow
from orders.function_log.failures import LoggedFailures, collect_failures
from orders.function_log.lines import LogLine
from orders.function_log.reader import FailingReader, FunctionLogs


def read_failed_orders(aws: Aws, queue: Queue, limit: int | None = None) -> list[FailedOrder]:
    """At most ``limit`` failed orders with their reasons, the oldest first. The messages are released at once."""
    return find_reasons(aws, queue.peek(limit))


def read_failing(aws: Aws, now_ms: int) -> FailingNow:
    """The orders that are failing now, before they are stored or in OrderDLQ."""
    counts = order_queue(aws).counts()
    return FailingReader(FunctionLogs(aws)).read(now_ms, counts.messages, counts.visibility_ms)


def find_reasons(aws: Aws, messages: Sequence[QueueMessage]) -> list[FailedOrder]:
    """These messages of OrderDLQ with their reasons, the oldest first."""
    failures = FunctionLogs(aws).failures(oldest_ms(messages)) if messages else LoggedFailures()
    return join_reasons(resolve_bodies(messages, ClaimBucket(aws)), failures)


def read_log_of(logs: FunctionLogs, order: FailedOrder) -> tuple[FailedOrder, list[LogLine]]:
    """The failed order with the reason from the log, and the log lines that name its message."""
    lines = logs.lines_of_message(order.message_id, order.sent_at_ms)
    failures = collect_failures(lines)
    if not failures.by_message:
        failures = logs.failures(order.sent_at_ms)
    failure = failures.find(order.message_id, order.sent_at_ms)
    message = QueueMessage(order.message_id, order.body, "", order.sent_at_ms, 0, claim=order.claim)
    return make_failed_order(message, failure)._replace(attributes=order.attributes), lines
