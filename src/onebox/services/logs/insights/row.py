"""An event as a row: its own fields, those found in its text, and those that commands add. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from onebox.services.logs.insights.values import Moment
from onebox.services.logs.limits import RECORD_FIELDS_MAX
from onebox.services.logs.model import LogEvent, Position
from onebox.services.logs.tokens import event_id

_MISSING = object()
_REPORT = {
    "Duration": "@duration",
    "Billed Duration": "@billedDuration",
    "Memory Size": "@memorySize",
    "Max Memory Used": "@maxMemoryUsed",
    "Init Duration": "@initDuration",
}
_OWN_FIELDS = ("@ingestionTime", "@log", "@logStream", "@message", "@timestamp")
_PATH_CHARACTERS_MAX = 2_048
"""Fields deeper down are left out: the paths of a deep document would be longer than the document."""
_MEGABYTES = 1_000_000


class Row:
    """One row. ``values`` are the fields that commands set; the event's own are looked up when they are asked for."""

    __slots__ = ("_document", "_event", "_log", "_report", "_stream", "values")

    def __init__(self, event: LogEvent | None, log: str = "", stream: str = "") -> None:
        self.values: dict[str, Any] = {}
        self._event = event
        self._log = log
        self._stream = stream
        self._document: Any = _MISSING
        self._report: dict[str, Any] | None = None

    def get(self, name: str) -> Any:
        """The value of a field; None if the row has none."""
        if name in self.values:
            return self.values[name]
        event = self._event
        if event is None:
            return None
        if name == "@message":
            return event.message
        if name == "@timestamp":
            return Moment(event.at_ms)
        if name == "@ingestionTime":
            return Moment(event.ingested_at_ms)
        if name == "@logStream":
            return self._stream
        if name == "@log":
            return self._log
        if name == "@ptr":
            return event_id(Position(event.at_ms, event.id))
        if name == "*":
            return event.message
        return self._report_field(name) if name.startswith("@") else self._found_field(name)

    def all_fields(self) -> dict[str, Any]:
        """Every field of the event by its name: its own, Lambda's report, and those of its JSON, up to a bound."""
        fields = {name: self.get(name) for name in _OWN_FIELDS}
        self._report_field("")
        fields.update(self._report or {})
        self._found_field("")
        found = islice(_flatten(self._document or {}), RECORD_FIELDS_MAX)
        return {**dict(found), **fields}

    def _found_field(self, name: str) -> Any:
        """A field of a message that is a JSON object: ``a.b.0.c``."""
        if self._document is _MISSING:
            self._document = _parse_object(self._event.message if self._event is not None else "")
        document = self._document
        if document is None:
            return None
        if name in document:
            return document[name]
        for step in name.split("."):
            if isinstance(document, dict) and step in document:
                document = document[step]
            elif isinstance(document, list) and step.isdecimal() and len(step) < 8 and int(step) < len(document):
                document = document[int(step)]
            else:
                return None
        return document

    def _report_field(self, name: str) -> Any:
        """A field of a line that Lambda writes for each invocation."""
        if self._report is None:
            self._report = _parse_report(self._event.message if self._event is not None else "")
        return self._report.get(name)


def _flatten(document: Any) -> Iterator[tuple[str, Any]]:
    """The values of a JSON document that are no containers, each under its path. Iterative: depth costs no stack."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            parts: Iterable[tuple[Any, Any]] = value.items()
        elif isinstance(value, list):
            parts = enumerate(value)
        else:
            if value is not None:
                yield path, value
            continue
        if len(path) <= _PATH_CHARACTERS_MAX:
            waiting.extend(reversed([(f"{path}.{name}" if path else str(name), part) for name, part in parts]))


def _parse_object(message: str) -> Any:
    start = message.find("{")
    if start < 0:
        return None
    try:
        document = orjson.loads(message[start:].rstrip())
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _parse_report(message: str) -> dict[str, Any]:
    kind, _, rest = message[:2_000].partition(" ")
    if kind not in ("START", "END", "REPORT") or not rest.startswith("RequestId: "):
        return {}
    first, *parts = rest.split("\t")
    fields: dict[str, Any] = {"@type": kind, "@requestId": first.removeprefix("RequestId: ").split()[0:1]}
    fields["@requestId"] = fields["@requestId"][0] if fields["@requestId"] else None
    for part in parts:
        label, _, value = part.strip().partition(": ")
        number, _, unit = value.partition(" ")
        field = _REPORT.get(label)
        if field is not None:
            try:
                fields[field] = float(number) * (_MEGABYTES if unit == "MB" else 1)
            except ValueError:
                continue
    return fields
