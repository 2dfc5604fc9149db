"""Writes the audit log and reads it back: the system's audit log group, which `orders destroy` keeps.

Promises: the record never stops the change that it is about. A change that cannot be recorded is reported to
``on_unrecorded``, in one sentence, when it ends.
AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from orders.audit.entries import DONE, FAILED, STARTED, Entry, decode, encode, matches, merge
from orders.aws.clients import Aws, error_code
from orders.aws.errors import describe_error, load_client_errors, reportable_errors
from orders.clock import Clock
from orders.errors import OperatorError

COMMAND = "command"
CONSOLE = "console"
MISSING = "ResourceNotFoundException"
# A line belongs to its change's start; the end of a long change may be this much later.
LONGEST_CHANGE_MS = 86_400_000


class Change:
    """A change that is being made. Set ``after`` before it ends."""

    def __init__(self, log: AuditLog, entry: Entry) -> None:
        self.after: Any = entry.after
        self._log = log
        self._entry = entry
        self._ended = threading.Lock()

    def report(self, after: Any) -> None:
        """Record how far a long change has come; a record that fails is passed over."""
        self._log.write(self._entry._replace(after=after), tell=False)

    def end(self, *, after: Any = None, failure: str = "") -> None:
        """Record the result, once: ``failure`` says why it failed; empty where it was done."""
        if not self._ended.acquire(blocking=False):
            return
        entry = self._entry._replace(
            after=self.after if after is None else after, result=FAILED if failure else DONE, reason=failure
        )
        self._log.write(entry)


class AuditLog:
    """One writer and reader. Safe for several threads."""

    def __init__(
        self, aws: Aws, clock: Clock, on_unrecorded: Callable[[str], None] = lambda _: None, source: str = COMMAND
    ) -> None:
        self._aws = aws
        self._group = aws.names.audit_log_group
        self._clock = clock
        self._on_unrecorded = on_unrecorded
        self._source = source

    def record(
        self,
        action: str,
        target: str,
        *,
        before: Any = None,
        after: Any = None,
        failure: str = "",
        source: str | None = None,
    ) -> None:
        """Record a change that has ended, in one line."""
        result = FAILED if failure else DONE
        entry = self._make(action, target, before, after, result, source)
        self.write(entry._replace(reason=failure))

    def begin(
        self, action: str, target: str, *, before: Any = None, after: Any = None, source: str | None = None
    ) -> Change:
        """Record that a change starts; the caller ends it. ``after`` is what the change is to bring about."""
        entry = self._make(action, target, before, after, STARTED, source)
        # The first deployment makes the log group: what cannot be recorded yet is reported at the end of the change.
        self.write(entry, tell=False)
        return Change(self, entry)

    @contextmanager
    def change(
        self, action: str, target: str, *, before: Any = None, after: Any = None, source: str | None = None
    ) -> Iterator[Change]:
        """A block that makes a change: recorded at its start and at its end, with the error that ended it."""
        change = self.begin(action, target, before=before, after=after, source=source)
        try:
            yield change
        except BaseException as error:
            change.end(failure=_describe(error))
            raise
        change.end()

    def write(self, entry: Entry, *, tell: bool = True) -> None:
        """Write one line. Where that fails, ``tell`` says so."""
        try:
            self._put(entry._replace(who=self._aws.identity))
        except reportable_errors() as error:
            if tell:
                self._on_unrecorded(_describe_unrecorded(entry, error))

    def exists(self) -> bool:
        """Whether there is an audit log; also False where the endpoint does not say."""
        try:
            answer = self._aws.client("logs").describe_log_groups(logGroupNamePrefix=self._group)
        except load_client_errors():
            return False
        return any(group["logGroupName"] == self._group for group in answer["logGroups"])

    def search(
        self,
        since_ms: int,
        until_ms: int | None = None,
        *,
        action: str | None = None,
        who: str | None = None,
        limit: int = 1_000,
    ) -> list[Entry]:
        """The newest ``limit`` changes that started in a time range, oldest first; ``until_ms`` is exclusive.

        Raises OperatorError where there is no audit log, and botocore's errors.
        """
        last_ms = None if until_ms is None else until_ms + LONGEST_CHANGE_MS
        wanted = (one for one in self._lines(since_ms, last_ms) if matches(one, action, who))
        changes = [one for one in merge(wanted, 2 * limit) if until_ms is None or one.at_ms < until_ms]
        return changes[-limit:]

    def _lines(self, since_ms: int, until_ms: int | None) -> Iterator[Entry]:
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"logGroupName": self._group, "startTime": max(0, since_ms)}
        if until_ms is not None:
            request["endTime"] = until_ms
        while True:
            try:
                answer = self._aws.client("logs").filter_log_events(**request)
            except ClientError as error:
                if error_code(error) == MISSING:
                    raise _no_log(self._group) from error
                raise
            for event in answer["events"]:
                entry = decode(event["message"], event["timestamp"])
                if entry is not None:
                    yield entry
            if "nextToken" not in answer:
                return
            request["nextToken"] = answer["nextToken"]

    def _make(self, action: str, target: str, before: Any, after: Any, result: str, source: str | None) -> Entry:
        now_ms = self._clock.now_ms()
        return Entry(
            at_ms=now_ms,
            id=f"{now_ms:x}-{int(self._clock.jitter_ms(2**48)):012x}",
            who="",
            source=source or self._source,
            action=action,
            target=target,
            before=before,
            after=after,
            result=result,
        )

    def _put(self, entry: Entry) -> None:
        from botocore.exceptions import ClientError

        logs = self._aws.client("logs")
        now_ms = self._clock.now_ms()
        request = {
            "logGroupName": self._group,
            "logStreamName": datetime.fromtimestamp(now_ms / 1000, timezone.utc).strftime("%Y/%m/%d"),
            "logEvents": [{"timestamp": now_ms, "message": encode(entry)}],
        }
        try:
            logs.put_log_events(**request)
        except ClientError as error:
            if error_code(error) != MISSING:
                raise
            self._make_stream(request["logStreamName"])
            logs.put_log_events(**request)

    def _make_stream(self, name: Any) -> None:
        from botocore.exceptions import ClientError

        try:
            self._aws.client("logs").create_log_stream(logGroupName=self._group, logStreamName=name)
        except ClientError as error:
            if error_code(error) == MISSING:
                raise _no_log(self._group) from error
            if error_code(error) != "ResourceAlreadyExistsException":
                raise


def _no_log(group: str) -> OperatorError:
    return OperatorError(f"there is no log group {group}", "`orders deploy` creates it.")


def _describe(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, Exception):
        return describe_error(error)[0] or type(error).__name__
    return f"ended with {error}"


def _describe_unrecorded(entry: Entry, error: Exception) -> str:
    reason, advice = describe_error(error)
    return f"{entry.action} of {entry.target} is not in the audit log: {reason}. {advice}".strip()
