"""OrderDLQ and OrderProcessor's log read together: the failed orders with their reasons."""

from __future__ import annotations

from collections.abc import Sequence

from orders.aws.clients import Aws
from orders.dead_letters.queues import Message, Queue
from orders.dead_letters.redrive import DeadLetter, FailedMessage, join_failures, make_dead_letter, oldest_ms
from orders.function_log.reader import FunctionLogs, LogLine, collect_failures


def read_letters(aws: Aws, queue: Queue, limit: int | None = None) -> list[DeadLetter]:
    """The failed orders with their reasons, given back at once."""
    return find_reasons(aws, queue.look(limit))


def find_reasons(aws: Aws, messages: Sequence[FailedMessage]) -> list[DeadLetter]:
    """Messages of OrderDLQ with their reasons, the oldest first."""
    return join_failures(messages, FunctionLogs(aws).failures(oldest_ms(messages)) if messages else {})


def explain(logs: FunctionLogs, letter: DeadLetter) -> tuple[DeadLetter, list[LogLine]]:
    """The letter with the log's word on it, and all its lines."""
    lines = logs.lines_of_message(letter.message_id, letter.sent_at_ms)
    failure = collect_failures(lines).get(letter.message_id)
    message = Message(letter.message_id, letter.body, "", letter.sent_at_ms, 0)
    return make_dead_letter(message, failure)._replace(attributes=letter.attributes), lines
