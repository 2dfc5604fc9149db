"""Goal: of orders that were sent back it is known how many are stored, failed again, or are under way."""

from __future__ import annotations

import json

from orders.dead_letters.outcomes import count_outcomes, read_results
from orders.function_log.lines import Entry, LogLine, read_entry

IDS = frozenset({"a", "b", "c", "d"})


def line(message_id: str, outcome: str, level: str = "INFO") -> Entry:
    return read_entry(LogLine("1", 0, "s", json.dumps({"messageId": message_id, "outcome": outcome, "level": level})))


def test_each_message_counts_once_by_its_best_result() -> None:
    first = [line("a", "stored"), line("b", "rejected", "ERROR"), line("c", "unavailable"), line("other", "stored")]
    results = read_results({}, first, IDS)
    assert str(count_outcomes(IDS, results)) == "1 stored, 2 failed again, 1 pending"
    second = [line("b", "rejected", "ERROR"), line("c", "duplicate"), line("a", "rejected", "ERROR")]
    outcomes = count_outcomes(IDS, read_results(results, second, IDS))
    assert outcomes == (2, 1, 1)
    assert not outcomes.is_settled
