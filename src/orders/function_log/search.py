"""Searches OrderProcessor's log, newest lines first.

Promises: every line that is shown holds what was asked for, exactly. CloudWatch Logs is given a pattern that lets at
least those lines pass, so that it need not send all: its own patterns have wildcards, no case, no quotes within and at
most 1,024 characters, while an order's id may be any text of 2,048 bytes.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
Independent of CloudWatch's API: the log is a port.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from orders.clock import Clock
from orders.function_log.lines import Entry, LogLine, read_entry

# What stands for itself in a quoted text of a pattern, and in a regular expression of one.
_plain = re.compile(r"[\w .:/#@=;,+-]*", re.ASCII)
_plain_in_regex = re.compile(r"[A-Za-z0-9_#=@/;,-]+")
_unquoted_runs = re.compile(r'[^"\\\x00-\x1f\x7f]+')
PATTERN_TEXT_MAX = 200
# The time limit of a search. Lines found by then are shown, with a token to continue.
BUDGET_MS = 8_000.0


class LogQuery(NamedTuple):
    """The search criteria; empty ones are ignored."""

    text: str = ""
    order_id: str = ""
    request_id: str = ""
    level: str = ""

    def holds(self, entry: Entry) -> bool:
        return (
            self.text in entry.text
            and (not self.order_id or entry.order_id == self.order_id)
            and (not self.request_id or entry.request_id == self.request_id)
            and (not self.level or entry.level == self.level)
        )

    @property
    def pattern(self) -> str:
        """A filter pattern for at least these lines, by the one thing asked for that fewest lines will hold."""
        if self.order_id:
            return order_pattern(self.order_id)
        return text_pattern(self.request_id or self.text or self.level)


class Query(Protocol):
    """Which lines are wanted."""

    @property
    def pattern(self) -> str:
        """A filter pattern of CloudWatch Logs for at least these lines."""

    def holds(self, entry: Entry) -> bool:
        """Whether the line is one of them."""


class Log(Protocol):
    """OrderProcessor's log, read backwards."""

    def page_back(
        self, pattern: str, since_ms: int, until_ms: int | None, token: str, limit: int
    ) -> tuple[Sequence[LogLine], str]: ...


class Found(NamedTuple):
    """Lines, newest first. ``token`` continues the search; it is empty when the search is complete."""

    entries: list[Entry]
    token: str


def search_back(
    log: Log,
    query: Query,
    clock: Clock,
    *,
    since_ms: int = 0,
    until_ms: int | None = None,
    token: str = "",
    limit: int,
    budget_ms: float = BUDGET_MS,
) -> Found:
    """The newest lines from ``since_ms`` on, before ``until_ms``: at most ``limit``, and what ``budget_ms`` allows."""
    entries: list[Entry] = []
    ends_at_ms = clock.monotonic_ms() + budget_ms
    while True:
        lines, token = log.page_back(query.pattern, since_ms, until_ms, token, limit - len(entries))
        entries += filter(query.holds, map(read_entry, lines))
        if not token or len(entries) == limit or clock.monotonic_ms() >= ends_at_ms:
            return Found(entries, token)


def order_pattern(order_id: str) -> str:
    """A filter pattern for at least the lines of this order."""
    found = _plain.match(order_id[:PATTERN_TEXT_MAX])
    beginning = found.group() if found else ""
    return f'{{ $.orderId = "{beginning}{"" if beginning == order_id else "*"}" }}'


def text_pattern(text: str) -> str:
    """A filter pattern for at least the lines that contain this text; empty if no pattern can express it."""
    if _plain_in_regex.fullmatch(text) and len(text) <= PATTERN_TEXT_MAX:
        return f"%{text}%"
    runs = _unquoted_runs.findall(text)
    longest = max((run.strip() for run in runs), key=len, default="")[:PATTERN_TEXT_MAX].strip()
    return f'"{longest}"' if longest else ""
