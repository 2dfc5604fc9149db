"""The optional parts at one moment: intake, history, archive, and the replays of the last day. Pure.

None in the place of a state means that the part is off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from orders.archive.objects import StoredObject
from orders.archive.progress import ReportedProgress, read_moment_ms, read_report
from orders.audit.entries import DONE, STARTED, Entry
from orders.dead_letters.queues import QueueCounts
from orders.doctor.inspection import MappingState
from orders.function_log.lines import parse_line
from orders.intake.caller_admin import KnownCaller

# A replay reports every ten seconds, unless a call keeps it.
SILENT_AFTER_MS = 60_000
# docs/intake.md has the whole table.
_REFUSALS = {
    400: "no JSON, no UTF-8, an empty list, or an invalid Idempotency-Key",
    401: "no token or signature, or an invalid one",
    404: "no such resource or order",
    405: "another method than the resource takes",
    409: "another request with the same key was under way",
    413: "a body over 1 MiB, or a list of more than 500 orders",
    415: "another media type than JSON or CloudEvents",
    422: "no valid order, or the key was used with another body",
    429: "more requests in a minute than IntakeRate, or SNS throttles",
    503: "SNS, DynamoDB or Parameter Store did not answer",
}


class Activity(NamedTuple):
    """What CloudWatch counted."""

    a_minute: float
    """In the last minute."""
    last_hour: float
    errors: float
    """Failed calls of the function in the last hour; of the intake, answers of 5xx."""


class RefusedRequests(NamedTuple):
    """Requests that OrderIntake refused for the same reason."""

    status: int
    reason: str
    caller: str
    """Empty for an unknown one."""
    requests: int
    last_at_ms: int


class IntakeState(NamedTuple):
    """The intake over HTTP."""

    url: str
    auth: str
    """Token or IAM."""
    callers: tuple[KnownCaller, ...]
    """Who may send orders; empty with IAM, where AWS decides."""
    requests: Activity
    refusals: float
    """Answers of 4xx in the last hour, as Lambda counts them; ``refused`` has their reasons from the log."""
    refused: tuple[RefusedRequests, ...]
    """Of the last hour, the most frequent first."""
    is_cut: bool
    """Whether only the newest refusals were counted."""


class HistoryState(NamedTuple):
    trigger: MappingState | None
    """None if nothing delivers the stream."""
    changes: Activity
    """Published to OrderChanged."""
    behind_s: float | None
    """How old the newest record was when OrderHistory got it; None where it is not measured."""
    subscribers: int
    given_up: int
    """Batches of changes in OrderHistoryDLQ."""


class ArchiveState(NamedTuple):
    is_on: bool
    """False where only the bucket of an earlier archive is there: it can still be replayed."""
    bucket: str | None
    trigger: MappingState | None
    queue: QueueCounts | None
    oldest_s: float
    """How long the oldest notification has waited."""
    archived: Activity
    newest: StoredObject | None
    """None if nothing was archived in the last two days."""


class Replay(NamedTuple):
    """One replay, as the audit log tells."""

    at_ms: int
    who: str
    target: str
    since_ms: int | None
    """The time range of publishing; None where the entry does not tell."""
    until_ms: int | None
    progress: ReportedProgress
    is_under_way: bool
    result: str
    """One word."""
    reason: str


def count_refusals(lines: Iterable[tuple[int, str]]) -> tuple[RefusedRequests, ...]:
    """The refusals in lines of OrderIntake's log, given with their moments; other lines are passed over."""
    times: Counter[tuple[int, str]] = Counter()
    last: dict[tuple[int, str], int] = {}
    for at_ms, text in lines:
        content = parse_line(text)
        status, caller = content.get("status"), content.get("caller")
        if type(status) is int and 400 <= status < 600:
            kind = (status, caller if isinstance(caller, str) else "")
            times[kind] += 1
            last[kind] = max(at_ms, last.get(kind, 0))
    return tuple(
        RefusedRequests(status, _REFUSALS.get(status, "see the log"), caller, count, last[status, caller])
        for (status, caller), count in times.most_common()
    )


def find_replays(entries: Iterable[Entry], now_ms: int) -> list[Replay]:
    """The replays among audited changes, the newest first."""
    found = [_read_replay(entry, now_ms) for entry in entries if entry.action == "replay"]
    return sorted(found, key=lambda one: -one.at_ms)


def _read_replay(entry: Entry, now_ms: int) -> Replay:
    after: dict[str, Any] = entry.after if isinstance(entry.after, dict) else {}
    progress = read_report(after)
    last_ms = max(entry.at_ms, progress.reported_at_ms)
    is_under_way = entry.result == STARTED and now_ms - last_ms <= SILENT_AFTER_MS
    result = "under way" if is_under_way else "no result" if entry.result == STARTED else entry.result
    return Replay(
        at_ms=entry.at_ms,
        who=entry.who,
        target=entry.target,
        since_ms=read_moment_ms(after.get("since")),
        until_ms=read_moment_ms(after.get("until")),
        progress=progress._replace(share=1.0) if entry.result == DONE else progress,
        is_under_way=is_under_way,
        result=result,
        reason=entry.reason,
    )
