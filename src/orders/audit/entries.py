"""An entry of the audit log: who changed what, when, from where, and the result. Pure.

A change is written twice with one id: when it starts, and with its result when it ends. A long one also writes in
between how far it has come. A change that was killed keeps what it wrote, so it is shown as started without a result.
Promises: a line is bounded (LINE_MAX characters) whatever was changed, and any line can be read, whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple

from orders.domain.personal import hide_personal

STARTED = "started"
DONE = "done"
FAILED = "failed"
RESULTS = (STARTED, DONE, FAILED)

NAME_MAX = 500
REASON_MAX = 1_000
VALUE_MAX = 8_000
LINE_MAX = 60_000
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_InputLogEvent.html: an event is at most 1 MB.
# Longer lines were written by nobody here.
READ_MAX = 1_048_576


class Entry(NamedTuple):
    """One change. ``before`` and ``after`` are JSON values, None where there is nothing to tell."""

    at_ms: int
    id: str
    who: str
    """The ARN of the identity that made the change."""
    source: str
    """"command", or "console" with the address of the browser."""
    action: str
    target: str
    before: Any
    after: Any
    result: str
    """One of RESULTS."""
    reason: str = ""
    """Why it failed."""


def encode(entry: Entry) -> str:
    """The JSON line, ASCII, of LINE_MAX characters at most."""
    moment = datetime.fromtimestamp(entry.at_ms / 1000, timezone.utc)
    line = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": entry.id,
        "who": entry.who[:NAME_MAX],
        "from": entry.source[:NAME_MAX],
        "action": entry.action[:NAME_MAX],
        "target": entry.target[:NAME_MAX],
        "before": _bounded(entry.before),
        "after": _bounded(entry.after),
        "result": entry.result,
        "reason": entry.reason[:REASON_MAX],
    }
    return json.dumps({name: value for name, value in line.items() if value is not None}, default=str)


def _bounded(value: Any) -> Any:
    text = json.dumps(value, default=str)
    if len(text) <= VALUE_MAX:
        return value
    return {"beginning": text[: VALUE_MAX // 8], "characters": len(text)}


def decode(text: str, at_ms: int) -> Entry | None:
    """The entry of a line that was written at a moment; None for a line that is no entry."""
    if len(text) > READ_MAX:
        return None
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict) or line.get("result") not in RESULTS:
        return None
    names = [line.get(name, "") for name in ("id", "who", "from", "action", "target", "reason")]
    if not all(isinstance(name, str) for name in names) or not names[0]:
        return None
    id_, who, source, action, target, reason = names
    return Entry(at_ms, id_, who, source, action, target, line.get("before"), line.get("after"), line["result"], reason)


def merge(entries: Iterable[Entry], changes_max: int | None = None) -> list[Entry]:
    """One entry for each change, by time: its start completed by its last report and its end. At most ``changes_max``,
    those that came last.
    """
    merged: dict[str, Entry] = {}
    for entry in entries:
        other = merged.get(entry.id)
        merged[entry.id] = entry if other is None else _complete(other, entry)
        if changes_max is not None and len(merged) > changes_max:
            del merged[next(iter(merged))]
    return sorted(merged.values(), key=lambda entry: (entry.at_ms, entry.id))


def _complete(one: Entry, other: Entry) -> Entry:
    """The end of a change, or its later report, with the start's moment and what only the start tells."""
    is_ended = one.result != STARTED
    start, end = (other, one) if is_ended or (other.result == STARTED and other.at_ms < one.at_ms) else (one, other)
    return end._replace(
        at_ms=min(one.at_ms, other.at_ms),
        before=start.before if end.before is None else end.before,
        after=start.after if end.after is None else end.after,
    )


def find_changes(before: str, after: str) -> tuple[Any, Any]:
    """What differs between two texts of an order: the differing fields if both are objects, else only their lengths.

    No value of a personal or unknown field is in it: a log group cannot be made to forget one entry.
    """
    old, new = _parse(before), _parse(after)
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return describe_order(before), describe_order(after)
    changed = [name for name in {**old, **new} if name not in old or name not in new or old[name] != new[name]]
    return (
        hide_personal({name: old[name] for name in changed if name in old}),
        hide_personal({name: new[name] for name in changed if name in new}),
    )


def describe_order(text: str) -> Any:
    """An order's text for the audit log: its fields without personal values; only its length if it is no object."""
    value = _parse(text)
    return hide_personal(value) if isinstance(value, dict) else {"characters": len(text)}


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, DecimalException):
        return text


def matches(entry: Entry, action: str | None, who: str | None) -> bool:
    """Whether an entry is of this action and by somebody whose ARN contains ``who``."""
    if action is not None and entry.action != action:
        return False
    return who is None or who.casefold() in entry.who.casefold()
