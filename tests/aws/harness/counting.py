"""Counts the calls that the tests' clients make, for the estimate of their cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KIB = 1024
CHUNK = 64 * KIB


@dataclass
class Calls:
    """The calls of one operation and what they sent, each call rounded up."""

    count: int = 0
    kibibytes: int = 0
    chunks: int = 0
    """SQS and SNS bill each begun 64 KiB as a request."""


class Counter:
    """Calls by service and operation."""

    def __init__(self) -> None:
        self.calls: dict[str, Calls] = {}

    def watch(self, client: Any) -> Any:
        """Count what the client sends from now on, retries included. Returns the client."""
        service = client.meta.service_model.service_name

        def count(request: Any, event_name: str, **_: Any) -> None:
            self.add(f"{service}.{event_name.rpartition('.')[2]}", _size_of(request))

        client.meta.events.register("before-send", count)
        return client

    def add(self, operation: str, size: int) -> None:
        """One call with a body of ``size`` bytes."""
        calls = self.calls.setdefault(operation, Calls())
        calls.count += 1
        calls.kibibytes += max(1, -(-size // KIB))
        calls.chunks += max(1, -(-size // CHUNK))

    def write(self, path: Path) -> None:
        """Write the counts as JSON."""
        path.write_text(json.dumps({name: asdict(calls) for name, calls in self.calls.items()}), "utf-8")


def read_counts(path: Path) -> Mapping[str, Calls]:
    """What :meth:`Counter.write` wrote."""
    return {name: Calls(**calls) for name, calls in json.loads(path.read_text("utf-8")).items()}


def _size_of(request: Any) -> int:
    body = request.body
    return len(body) if isinstance(body, (bytes, str)) else int(request.headers.get("Content-Length", 0))
