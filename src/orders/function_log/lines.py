"""Parses lines of OrderProcessor's log: about an order, a call, or something else.

Lines of orders are JSON as processor/lambda_handler.py writes them; Lambda's own (START, END, REPORT, timeouts) are
text. https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
Independent of CloudWatch Logs.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from orders.text import well_formed

_ROUTINE = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START", '{"_aws"')
_level_in_text = re.compile(r"\[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\]")
_request_in_text = re.compile(r"RequestId: ([0-9A-Za-z-]+)")


class LogLine(NamedTuple):
    """A line as stored in CloudWatch Logs."""

    event_id: str
    at_ms: int
    stream: str
    text: str


class Entry(NamedTuple):
    """A parsed line. ``outcome`` is the outcome of an order's notification; None for other lines."""

    event_id: str
    at_ms: int
    text: str
    level: str | None
    outcome: str | None
    order_id: str | None
    message_id: str | None
    request_id: str | None
    summary: str
    """Its content in a sentence, for display."""

    @property
    def is_platform(self) -> bool:
        """Whether it is about no order: Lambda's lines about a call that went well (START, END, REPORT), business
        metrics, the messages of a batch that is delivered again.
        """
        is_failure = any(mark in self.text for mark in ("Task timed out", "Status: ", "Runtime exited"))
        is_routine = self.text.startswith(
            ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START", '{"_aws"')
        )
        is_batch = self.level == "INFO" and '"messageIds"' in self.text[:200]
        return self.outcome is None and (is_routine or is_batch) and not is_failure


def parse_line(text: str) -> dict[str, Any]:
    """The content of a structured line; empty for other lines."""
    if not text.startswith("{"):
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def read_entry(line: LogLine) -> Entry:
    """Parse a line; never fails, whatever it contains."""
    content = parse_line(line.text)
    outcome = _text(content, "outcome")
    if outcome is None:
        return _read_other(line, content)
    return Entry(
        event_id=line.event_id,
        at_ms=line.at_ms,
        text=line.text,
        level=_text(content, "level"),
        outcome=outcome,
        order_id=_text(content, "orderId"),
        message_id=_text(content, "messageId"),
        request_id=_text(content, "requestId"),
        summary=_summarize(content),
    )


def _read_other(line: LogLine, content: dict[str, Any]) -> Entry:
    level, request = _level_in_text.match(line.text), _request_in_text.search(line.text)
    return Entry(
        event_id=line.event_id,
        at_ms=line.at_ms,
        text=line.text,
        level=_text(content, "level") or (level.group(1) if level else None),
        outcome=None,
        order_id=_text(content, "orderId"),
        message_id=_text(content, "messageId"),
        request_id=_text(content, "requestId") or (request.group(1) if request else None),
        summary="business metrics of one call" if "_aws" in content else line.text,
    )


def _text(content: dict[str, Any], name: str) -> str | None:
    value = content.get(name)
    return well_formed(value) if isinstance(value, str) else None


def _summarize(content: dict[str, Any]) -> str:
    """The reason for a failed order; the duration for others."""
    reason = _text(content, "reason")
    if reason is not None:
        exception, times = content.get("exception"), content.get("receiveCount")
        return f"{f'{exception}: ' if exception else ''}{reason}{f' · try {times}' if times else ''}"
    parts = [f"took {content['durationMs']} ms"] if "durationMs" in content else []
    parts += [f"{content['latencyMs']} ms after arriving in the queue"] if "latencyMs" in content else []
    return ", ".join(parts)
