"""Reads CloudWatch Logs, Orders and OrderDLQ for a tracked order (orders.tracking.journey)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from orders.aws.clients import Aws
from orders.dead_letters.queues import Queue, dead_letter_queue
from orders.function_log.lines import LogLine, parse_line
from orders.function_log.reader import ERRORS_ONLY, FunctionLogs
from orders.table.order_table import OrderTable
from orders.tracking.journey import Attempt, DeadLetter, Journey, Seen, Subject, is_body_of

LINES_MAX = 2_000
DLQ_MESSAGES_MAX = 200

# Characters without special meaning in a filter pattern's string; an asterisk is a wildcard there.
_is_plain = re.compile(r"[A-Za-z0-9_.:/#-]{1,200}").fullmatch


class OrderTrace:
    """Reads what a journey needs next, with one to three kinds of blocking calls."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._logs = FunctionLogs(aws)
        self._table = OrderTable(aws)

    def read(self, journey: Journey, now_ms: int) -> Seen:
        subject = journey.subject
        stored = self._table.find(subject.order_id) if subject.order_id and journey.wants_table else None
        reads_dlq = journey.wants_dead_letters
        return Seen(
            now_ms,
            tuple(self._attempts(subject)),
            stored,
            has_read_dlq=reads_dlq,
            dead_letter=self._find_dead_letter(journey) if reads_dlq else None,
        )

    def _attempts(self, subject: Subject) -> Iterator[Attempt]:
        lines = islice(self._logs.lines(subject.published_at_ms, _pattern(subject.order_id)), LINES_MAX)
        for line in lines:
            attempt = _read_attempt(line)
            if attempt is not None and attempt.order_id == subject.order_id:
                yield attempt

    def _find_dead_letter(self, journey: Journey) -> DeadLetter | None:
        known = {one.message_id for one in journey.attempts} if journey.subject.order_id is not None else set()
        for message in self._dead_letters.peek(DLQ_MESSAGES_MAX):
            if message.message_id in known or is_body_of(journey.subject, message.body):
                return DeadLetter(message.message_id, message.sent_at_ms)
        return None

    @cached_property
    def _dead_letters(self) -> Queue:
        return dead_letter_queue(self._aws)


def _pattern(order_id: str | None) -> str:
    """Filters in CloudWatch if the pattern can express the id; otherwise the caller filters."""
    if order_id is None:
        return ERRORS_ONLY
    return f"{{ $.orderId = {json.dumps(order_id)} }}" if _is_plain(order_id) else ""


def _read_attempt(line: LogLine) -> Attempt | None:
    content: dict[str, Any] = parse_line(line.text)
    message_id = content.get("messageId")
    if not isinstance(message_id, str) or not isinstance(content.get("outcome"), str):
        return None
    duration, receives = content.get("durationMs"), content.get("receiveCount")
    return Attempt(
        event_id=line.event_id,
        at_ms=line.at_ms,
        message_id=message_id,
        order_id=content.get("orderId"),
        outcome=content["outcome"],
        reason=str(content.get("reason") or ""),
        number=receives if isinstance(receives, int) and receives > 0 else 1,
        duration_ms=float(duration) if isinstance(duration, (int, float)) else None,
        pause_s=pause_s if isinstance(pause_s := content.get("pauseS"), int) else None,
        is_set_aside=bool(content.get("movedTo")),
    )
