"""Calls of OrderProcessor that ended without an answer: exceptions, timeouts, exits of the runtime. Pure.

Our function names the messages of a batch that raised, and those of a batch that was delivered before (its first line,
by which a timeout or an exit of the second delivery finds its messages). What names no message, such as another
function's exception, is kept with its time.
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from orders.errors import REASON_MAX
from orders.function_log.lines import LogLine, parse_line
from orders.text import well_formed

DETAIL_MAX = 10_000
_MESSAGES_MAX = 10_000
# The runtime writes a batch's exception right after our line about it.
_SAME_MS = 2_000
_request = re.compile(r"(?:RequestId: |Z )([0-9a-fA-F-]{36})\b")
_memory = re.compile(r"Memory Size: (\d{1,6}) MB\s+Max Memory Used: (\d{1,6}) MB")
TIMED_OUT = "Task timed out"
EXITED = "Runtime exited"
_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
EXIT_ERROR = "Runtime.ExitError"
REPORT = "REPORT RequestId: "


class Crash(NamedTuple):
    """A call that ended without an answer."""

    at_ms: int
    stream: str
    exception: str
    reason: str
    detail: str
    """The traceback, or the line."""
    request_id: str | None
    receives: dict[str, int]
    """The messages of its batch and their receives (0 if unknown); empty if no line names them."""


def is_crash(text: str) -> bool:
    """Whether a line of plain text reports a call that ended without an answer."""
    return text.startswith("[ERROR] ") or TIMED_OUT in text[:200] or EXITED in text[:200]


def is_failure(line: LogLine) -> bool:
    """Whether a line reports a failure: an order's or a call's, whoever's function wrote it."""
    content = parse_line(line.text)
    if content:
        return content.get("level") in _ERROR_LEVELS
    return is_crash(line.text) or line.text.startswith("[ERROR]") or line.text.startswith("[CRITICAL]")


def find_crashes(lines: Iterable[LogLine]) -> list[Crash]:
    """The crashes that lines report, in their order; each call once."""
    batches: dict[str, dict[str, int]] = {}
    reports: dict[str, str] = {}
    found: list[Crash] = []
    for line in lines:
        content = parse_line(line.text)
        if "messageIds" in content:
            request_id, receives = _read_batch(content)
            batches[request_id] = receives
            if content.get("level") == "ERROR":
                found.append(_read_crash_line(line, content, request_id, receives))
        elif line.text.startswith(REPORT):
            reports[_find_request(line.text) or ""] = line.text
        elif not content and is_crash(line.text):
            _add(found, _read_text(line))
    return [_complete(crash, batches, reports) for crash in found]


def _add(found: list[Crash], crash: Crash) -> None:
    """Add a crash, or the runtime's traceback to our own line about the same one."""
    for position in range(len(found) - 1, max(-1, len(found) - 20), -1):
        before = found[position]
        is_same = before.stream == crash.stream and before.exception == crash.exception and before.receives
        if is_same and 0 <= crash.at_ms - before.at_ms <= _SAME_MS and not before.detail.startswith("[ERROR]"):
            found[position] = before._replace(detail=crash.detail)
            return
    found.append(crash)


def _complete(crash: Crash, batches: dict[str, dict[str, int]], reports: dict[str, str]) -> Crash:
    """With the messages of its request, and with what its REPORT line says of memory."""
    if crash.request_id is None:
        return crash
    if not crash.receives:
        crash = crash._replace(receives=batches.get(crash.request_id, {}))
    report = reports.get(crash.request_id or "", "") if crash.exception == EXIT_ERROR else ""
    memory = _memory.search(report)
    if memory is not None and int(memory.group(2)) >= int(memory.group(1)):
        size, used = memory.groups()
        crash = crash._replace(reason=f"{crash.reason}: out of memory, {used} MB used of {size} MB")
    return crash


def _read_batch(content: dict[str, Any]) -> tuple[str, dict[str, int]]:
    message_ids, counts = content.get("messageIds"), content.get("receiveCounts")
    ids = [one for one in message_ids[:_MESSAGES_MAX] if isinstance(one, str)] if isinstance(message_ids, list) else []
    numbers = counts if isinstance(counts, list) and len(counts) == len(ids) else [0] * len(ids)
    receives = {name: count if isinstance(count, int) else 0 for name, count in zip(ids, numbers, strict=True)}
    return str(content.get("requestId")), receives


def _read_crash_line(line: LogLine, content: dict[str, Any], request_id: str, receives: dict[str, int]) -> Crash:
    stack = content.get("stack")
    detail = "\n".join(map(str, stack)) if isinstance(stack, list) else ""
    return Crash(
        at_ms=line.at_ms,
        stream=line.stream,
        exception=_bounded(str(content.get("exception") or "unknown"), 200),
        reason=_bounded(str(content.get("reason") or "no reason given")),
        detail=_bounded(detail, DETAIL_MAX),
        request_id=request_id,
        receives=receives,
    )


def _read_text(line: LogLine) -> Crash:
    text = line.text
    if text.startswith("[ERROR] "):
        head, _, _ = text.removeprefix("[ERROR] ").partition("\nTraceback (")
        exception, _, reason = head.partition(": ")
    elif TIMED_OUT in text[:200]:
        exception, reason = "Timeout", text[text.index(TIMED_OUT) :].strip()
    else:
        exception, reason = EXIT_ERROR, text[text.index(EXITED) :].partition("\n")[0].strip()
    return Crash(
        at_ms=line.at_ms,
        stream=line.stream,
        exception=_bounded(exception.strip(), 200),
        reason=_bounded(reason.strip() or "no reason given"),
        detail=_bounded(text.rstrip("\n"), DETAIL_MAX),
        request_id=_find_request(text),
        receives={},
    )


def _find_request(text: str) -> str | None:
    found = _request.search(text[:200])
    return found.group(1) if found else None


def _bounded(text: str, limit: int = REASON_MAX) -> str:
    return well_formed(text[:limit])
