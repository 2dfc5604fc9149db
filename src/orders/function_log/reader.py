"""Reads OrderProcessor's log in CloudWatch Logs: lines by time, and why messages failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.errors import MISSING_PART_ADVICE, OperatorError
from orders.function_log.failing import LOOK_BACK_MS, FailingNow, FailingTracker
from orders.function_log.failures import LoggedFailures, collect_failures
from orders.function_log.lines import LogLine

# Log lines may arrive slightly out of order, so following rereads this much and skips lines already shown.
OVERLAP_MS = 10_000
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html: backwards it reads only
# what is from 2024 on.
BACKWARD_SINCE_MS = 1_704_067_200_000
# At least the lines of failures; is_failure() tells them from others.
ERRORS = '?ERROR ?CRITICAL ?FATAL ?"Task timed out" ?"Runtime exited"'
ERRORS_ONLY = '{ $.level = "ERROR" }'
# Failures and what became of them, calls without an answer, and the messages of such calls.
FAILURES = '?ERROR ?receiveCount ?messageIds ?"Task timed out" ?"Runtime exited" ?"Runtime.ExitError"'
# Of one look at what fails now; the newest lines count.
FAILING_LINES_MAX = 5_000
FAILING_PAGES_MAX = 10


class FunctionLogs:
    """The log of a function; OrderProcessor's unless another function is named."""

    def __init__(self, aws: Aws, function: str | None = None) -> None:
        self._logs = aws.client("logs")
        self._group = aws.names.log_group if function is None else aws.names.log_group_of(function)

    def check_is_there(self) -> None:
        """Raises OperatorError where there is no log, so no stack either."""
        groups = self._logs.describe_log_groups(logGroupNamePrefix=self._group)["logGroups"]
        if all(group["logGroupName"] != self._group for group in groups):
            raise OperatorError(f"there is no log group {self._group}", MISSING_PART_ADVICE)

    def lines(self, since_ms: int, pattern: str = "") -> Iterator[LogLine]:
        """The lines since a moment; none if the log does not exist yet."""
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"logGroupName": self._group, "startTime": max(0, since_ms)}
        if pattern:
            request["filterPattern"] = pattern
        while True:
            try:
                answer = self._logs.filter_log_events(**request)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return
                raise
            yield from map(_read_event, answer["events"])
            if "nextToken" not in answer:
                return
            request["nextToken"] = answer["nextToken"]

    def page_back(
        self, pattern: str, since_ms: int, until_ms: int | None, token: str, limit: int
    ) -> tuple[list[LogLine], str]:
        """A page of lines, the newest first, from ``since_ms`` on, before ``until_ms``; and the token of the next page,
        empty for the last. A page may hold few lines or none with more behind it. Nothing where there is no log yet.
        """
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {
            "logGroupName": self._group,
            "startTime": max(BACKWARD_SINCE_MS, since_ms),
            "startFromHead": False,
            "limit": limit,
        }
        if until_ms is not None:
            if until_ms <= request["startTime"]:
                return [], ""
            request["endTime"] = until_ms - 1  # AWS includes the end time
        if pattern:
            request["filterPattern"] = pattern
        if token:
            request["nextToken"] = token
        try:
            answer = self._logs.filter_log_events(**request)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return [], ""
            raise
        return [_read_event(event) for event in answer["events"]], answer.get("nextToken") or ""

    def failures(self, since_ms: int) -> LoggedFailures:
        """The failures since a moment."""
        return collect_failures(self.lines(since_ms, FAILURES))

    def lines_of_message(self, message_id: str, since_ms: int) -> list[LogLine]:
        """All lines about one message since a moment."""
        return list(self.lines(since_ms, f"{{ $.messageId = {json.dumps(message_id)} }}"))


class FailingReader:
    """Reads what fails now. A live view keeps it, so that each look reads only what is new."""

    def __init__(self, logs: FunctionLogs) -> None:
        self._logs = logs
        self._tracker = FailingTracker()
        self._read_until_ms = 0

    def read(self, now_ms: int, messages: int, visibility_ms: int) -> FailingNow:
        """What fails now, if OrderQueue holds ``messages`` and has this visibility timeout. No call if it is empty."""
        if messages:
            self._tracker.add(self._new_lines(now_ms), visibility_ms)
            self._read_until_ms = now_ms
        return self._tracker.find(now_ms, messages)

    def _new_lines(self, now_ms: int) -> list[LogLine]:
        since_ms = max(now_ms - LOOK_BACK_MS, self._read_until_ms - OVERLAP_MS)
        if now_ms - since_ms < LOOK_BACK_MS:
            return list(islice(self._logs.lines(since_ms, FAILURES), FAILING_LINES_MAX))
        found: list[LogLine] = []
        token = ""
        for _ in range(FAILING_PAGES_MAX):
            lines, token = self._logs.page_back(FAILURES, since_ms, None, token, FAILING_LINES_MAX - len(found))
            found += lines
            if not token or len(found) >= FAILING_LINES_MAX:
                break
        return found


def _read_event(event: dict[str, Any]) -> LogLine:
    at_ms, stream, text = event["timestamp"], event["logStreamName"], event["message"]
    # AWS gives each line an id. For servers that do not, stream, time and text identify it.
    return LogLine(event.get("eventId") or f"{stream} {at_ms} {text}", at_ms, stream, text.rstrip("\n"))
