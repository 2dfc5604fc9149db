"""Goal: a replay is shown as what it is, whatever its entry holds: under way, killed, done."""

from __future__ import annotations

from typing import Any

import pytest

from orders.audit.entries import DONE, STARTED, Entry, merge
from orders.monitoring.options import SILENT_AFTER_MS, count_refusals, find_replays

NOW_MS = 1_795_867_200_000
SPAN = {"since": "2026-05-03T12:00:00Z", "until": "2026-05-03T14:00:00Z", "readUntil": "2026-05-03T12:30:00Z"}


def entry(at_ms: int, result: str, after: Any, id_: str = "1") -> Entry:
    return Entry(at_ms, id_, "arn", "command", "replay", "warehouse", None, after, result)


def test_a_replay_is_under_way_while_it_reports_and_has_no_result_once_it_is_silent() -> None:
    begin = entry(NOW_MS - 3_600_000, STARTED, SPAN)
    report = entry(NOW_MS - 1_000, STARTED, {**SPAN, "sent": 40, "reportedAtMs": NOW_MS - 1_000})
    [replay] = find_replays(merge([begin, report]), NOW_MS)
    assert (replay.at_ms, replay.result, replay.progress.sent) == (begin.at_ms, "under way", 40)
    assert replay.progress.share == 0.25
    [killed] = find_replays(merge([report, begin]), NOW_MS + SILENT_AFTER_MS)
    assert (killed.result, killed.progress.sent) == ("no result", 40)
    end = entry(NOW_MS, DONE, {**SPAN, "sent": 160})
    [done] = find_replays(merge([begin, report, end]), NOW_MS)
    assert (done.result, done.progress.sent, done.progress.share) == (DONE, 160, 1.0)


def test_of_many_changes_the_last_ones_are_kept_with_all_their_reports() -> None:
    reports = [entry(NOW_MS + number, STARTED, {"sent": number}, id_) for number in range(20) for id_ in ("b", "c")]
    changes = merge([entry(NOW_MS - 1, DONE, None, "a"), *reports], 2)
    assert [(one.id, one.after) for one in changes] == [("b", {"sent": 19}), ("c", {"sent": 19})]


@pytest.mark.parametrize(
    "after",
    [None, [], "text", {"since": 5, "until": None, "readUntil": {}, "sent": -1, "reportedAtMs": "x"}, {"sent": 10**30}],
)
def test_an_entry_that_somebody_else_wrote_is_shown_without_progress(after: Any) -> None:
    [replay] = find_replays([entry(NOW_MS, STARTED, after)], NOW_MS)
    assert (replay.progress.sent, replay.progress.share, replay.since_ms) == (0, 0.0, None)


def test_refusals_are_counted_by_status_and_caller_and_other_lines_passed_over() -> None:
    lines = [
        (1, '{"status": 401, "caller": ""}'),
        (3, '{"status": 401, "caller": ""}'),
        (2, '{"status": 422, "caller": "shop"}'),
        (4, '{"status": 202, "caller": "shop"}'),
        (5, "START RequestId"),
        (6, '{"status": true}'),
    ]
    found = [(one.status, one.caller, one.requests, one.last_at_ms) for one in count_refusals(lines)]
    assert found == [(401, "", 2, 3), (422, "shop", 1, 2)]
