"""What became of orders that were sent back: stored, failed again, or still under way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from orders.function_log.lines import Entry


class Outcomes(NamedTuple):
    """How many of the messages that were sent back had which result so far."""

    stored: int
    """Stored, or found to be in the table already."""
    failed: int
    """Failed at least once, and not stored since."""
    pending: int
    """Without a log line so far."""

    @property
    def is_settled(self) -> bool:
        return not self.pending and not self.failed

    def __str__(self) -> str:
        return f"{self.stored:,} stored, {self.failed:,} failed again, {self.pending:,} pending"


def read_results(known: Mapping[str, bool], entries: Iterable[Entry], message_ids: frozenset[str]) -> dict[str, bool]:
    """The results by message id after more log lines: True for an order that is in the table, False for a failure."""
    results = dict(known)
    for entry in entries:
        has_failed = entry.level == "ERROR" or entry.outcome == "unavailable"
        is_result = entry.message_id in message_ids and (has_failed or entry.outcome is not None)
        if is_result and entry.message_id is not None and not results.get(entry.message_id, False):
            results[entry.message_id] = not has_failed
    return results


def count_outcomes(message_ids: frozenset[str], results: Mapping[str, bool]) -> Outcomes:
    stored = sum(results.values())
    return Outcomes(stored, len(results) - stored, len(message_ids) - len(results))
