"""The history of a run in Jepsen's form: what each process asked, and what it learned.

An operation has one ``invoke`` and at most one completion: ``ok``, ``fail`` (it had no effect) or ``info`` (nobody
knows). After an ``info`` the process goes on under a new number, as in Jepsen.
https://github.com/jepsen-io/jepsen/blob/main/doc/tutorial/02-db.md, https://github.com/edn-format/edn
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

INVOKE, OK, FAIL, INFO = "invoke", "ok", "fail", "info"


@dataclass(frozen=True, slots=True)
class Event:
    """One line."""

    index: int
    time: int
    """Nanoseconds since the begin of the run."""
    process: int | str
    type: str
    f: str
    value: Any


@dataclass(frozen=True, slots=True)
class Op:
    """An operation: its invocation and its completion joined."""

    process: int | str
    f: str
    asked: Any
    answer: Any
    type: str
    """``ok``, ``fail`` or ``info``; ``info`` too if it never completed."""
    begin: int
    """Index of the invocation."""
    end: int | None
    """Index of the completion; None where the effect may still come."""
    begin_ns: int
    end_ns: int | None


class History:
    """Appended to while the run goes on."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, time_ns: int, process: int | str, kind: str, f: str, value: Any) -> int:
        """Note an event; its index."""
        index = len(self.events)
        self.events.append(Event(index, time_ns, process, kind, f, value))
        return index

    def digest(self) -> str:
        """Equal for equal histories."""
        digest = hashlib.sha256()
        for event in self.events:
            digest.update(orjson.dumps([event.time, event.process, event.type, event.f, event.value]))
        return digest.hexdigest()

    def ops(self) -> list[Op]:
        """All operations, by their begin."""
        return list(pair(self.events))

    def write_edn(self, path: Path) -> None:
        """Write it as a file that Jepsen's tools read."""
        with path.open("w", encoding="utf-8") as file:
            for event in self.events:
                file.write(edn_line(event) + "\n")


def pair(events: list[Event]) -> Iterator[Op]:
    """Join invocations with their completions. What has no invocation (faults) is no operation."""
    completions: dict[int, Event] = {}
    pending: dict[int | str, Event] = {}
    for event in events:
        if event.type == INVOKE:
            pending[event.process] = event
        elif event.process in pending:
            completions[pending.pop(event.process).index] = event
    for event in events:
        if event.type != INVOKE:
            continue
        end = completions.get(event.index)
        kind = INFO if end is None else end.type
        known = kind != INFO
        yield Op(
            process=event.process,
            f=event.f,
            asked=event.value,
            answer=end.value if end is not None else None,
            type=kind,
            begin=event.index,
            end=end.index if end is not None and known else None,
            begin_ns=event.time,
            end_ns=end.time if end is not None and known else None,
        )


def edn_line(event: Event) -> str:
    """An event as Jepsen writes it."""
    process = event.process if isinstance(event.process, int) else f":{event.process}"
    return (
        f"{{:index {event.index}, :time {event.time}, :process {process}, :type :{event.type}, :f :{event.f}, "
        f":value {to_edn(event.value)}}}"
    )


def to_edn(value: Any) -> str:
    """A JSON value as EDN. Keys of maps become keywords."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return orjson.dumps(value).decode()
    if isinstance(value, (list, tuple)):
        return f"[{' '.join(to_edn(each) for each in value)}]"
    return f"{{{', '.join(f':{key} {to_edn(each)}' for key, each in value.items())}}}"
