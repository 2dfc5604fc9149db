"""The log of changes made through the console: one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from starlette.requests import Request

from orders.clock import Clock
from orders.text import printable_json


def append_to(path: Path) -> Callable[[str], None]:
    """Returns a function that appends lines to a file, which it creates with the first line."""

    def write(line: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    return write


class Audit:
    """Writes one line for each requested change, before the change is made."""

    def __init__(self, write: Callable[[str], None], find_identity: Callable[[], str], clock: Clock) -> None:
        """``find_identity`` returns the console's AWS identity; it is called at the first change."""
        self._write = write
        self._find_identity = find_identity
        self._clock = clock
        self._identity: str | None = None

    def log(self, request: Request, change: str, **what: Any) -> None:
        """Log one change. It may call AWS, so it runs in a worker thread."""
        if self._identity is None:
            self._identity = self._find_identity()
        moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, timezone.utc)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "change": change,
            "as": self._identity,
            "from": request.client.host if request.client else None,
            **what,
        }
        self._write(printable_json(json.dumps(line, ensure_ascii=False, default=str)))
