"""Reads the state of the optional parts from AWS: a few calls for each."""

from __future__ import annotations

from collections.abc import Sequence

from orders.archive.bucket import ArchiveBucket
from orders.audit.log import AuditLog
from orders.aws import rates
from orders.aws.clients import Aws
from orders.aws.measures import HISTORY_AGE, Measure, read_series
from orders.aws.names import SEED_NAMES
from orders.clock import Clock
from orders.dead_letters.queues import Queue, QueueCounts
from orders.doctor.inspection import ClaimsSettings, Inspection
from orders.errors import OperatorError
from orders.function_log.reader import FunctionLogs
from orders.intake.caller_admin import CallerAdmin
from orders.monitoring.options import (
    Activity,
    ArchiveState,
    HistoryState,
    IntakeState,
    Replay,
    count_refusals,
    find_replays,
)

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
REFUSALS_MAX = 1_000
REPLAYS_MAX = 10
# A measure's names are those of a system without prefix; `read_series` places it in the system of others.
PARTS = SEED_NAMES
# How far back the newest object of the archive is looked for.
ARCHIVE_HOURS = 48


class OptionReader:
    """Reads one system. Raises OperatorError and botocore's errors."""

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self._aws = aws
        self._names = aws.names
        self._clock = clock
        self._inspection = Inspection(aws, clock)

    def read_intake(self) -> IntakeState | None:
        """OrderIntake's URL, who may use it, and what was refused."""
        url = self._inspection.find_url(self._names.intake_function)
        if url is None:
            return None
        is_iam = url.auth_type == "AWS_IAM"
        since_ms = self._clock.now_ms() - HOUR_MS
        logs = FunctionLogs(self._aws, self._names.intake_function)
        lines, more = logs.page_back("{ $.status >= 400 }", since_ms, None, "", REFUSALS_MAX)
        requests = self._inspection.count_requests()
        return IntakeState(
            url=url.url,
            auth="IAM" if is_iam else "Token",
            callers=() if is_iam else tuple(CallerAdmin(self._aws).list()),
            requests=Activity(requests.a_minute, requests.last_hour, requests.failed),
            refusals=requests.refused,
            refused=count_refusals((line.at_ms, line.text) for line in lines),
            is_cut=bool(more) and len(lines) >= REFUSALS_MAX,
        )

    def read_history(self) -> HistoryState | None:
        """OrderHistory's trigger, what it publishes, and what it gave up."""
        subscribers = self._inspection.subscribers(self._names.changes_topic)
        trigger = self._inspection.find_mapping(self._names.history_function)
        if subscribers is None and trigger is None:
            return None
        changes = Measure("changes", "AWS/SNS", "NumberOfMessagesPublished", (("TopicName", PARTS.changes_topic),))
        ages = self._series([HISTORY_AGE])
        given_up = self._count(self._names.history_dead_letter_queue)
        return HistoryState(
            trigger=trigger,
            changes=self._calls(changes, PARTS.history_function),
            behind_s=rates.latest(ages, HISTORY_AGE, self._clock.now_ms()) / 1000 if ages[HISTORY_AGE] else None,
            subscribers=len(subscribers or ()),
            given_up=0 if given_up is None else given_up.messages,
        )

    def read_archive(self) -> ArchiveState | None:
        """OrderArchive's queue, trigger and newest object; None if nothing was ever archived."""
        trigger = self._inspection.find_mapping(self._names.archive_function)
        queue = self._count(self._names.archive_queue)
        bucket = ArchiveBucket(self._aws)
        has_bucket = bucket.exists()
        is_on = trigger is not None or queue is not None
        if not is_on and not has_bucket:
            return None
        dimension = (("QueueName", PARTS.archive_queue),)
        archived = Measure("archived", "AWS/SQS", "NumberOfMessagesDeleted", dimension)
        age = Measure("oldest", "AWS/SQS", "ApproximateAgeOfOldestMessage", dimension, "Maximum")
        now_ms = self._clock.now_ms()
        newest = bucket.find_newest(now_ms, ARCHIVE_HOURS) if has_bucket else None
        return ArchiveState(
            is_on=is_on,
            bucket=bucket.name if has_bucket else None,
            trigger=trigger,
            queue=queue,
            oldest_s=rates.latest(self._series([age]), age, now_ms),
            archived=self._calls(archived, PARTS.archive_function),
            newest=newest,
        )

    def read_claims(self) -> ClaimsSettings | None:
        """The bucket of large orders; None where OrderProcessor takes none."""
        reads = self._inspection.claims_variable()
        return (self._inspection.claims_bucket() or ClaimsSettings("", None, reads)) if reads else None

    def read_replays(self) -> list[Replay]:
        """The replays of the last day, the newest first; none where there is no audit log."""
        now_ms = self._clock.now_ms()
        try:
            entries = AuditLog(self._aws, self._clock).search(now_ms - DAY_MS, action="replay", limit=REPLAYS_MAX)
        except OperatorError:
            return []
        return find_replays(entries, now_ms)

    def _calls(self, measure: Measure, function: str) -> Activity:
        errors = Measure("errors", "AWS/Lambda", "Errors", (("FunctionName", function),))
        series = self._series([measure, errors])
        return Activity(
            a_minute=rates.rate(series, measure, self._clock.now_ms()),
            last_hour=sum(series[measure].values()),
            errors=sum(series[errors].values()),
        )

    def _series(self, measures: Sequence[Measure]) -> dict[Measure, dict[int, float]]:
        now_ms = self._clock.now_ms()
        ask = self._aws.client("cloudwatch").get_metric_data
        return read_series(ask, self._names, measures, now_ms - HOUR_MS, now_ms + rates.MINUTE_MS)

    def _count(self, name: str) -> QueueCounts | None:
        try:
            return Queue(self._aws, name).counts()
        except OperatorError:
            return None
