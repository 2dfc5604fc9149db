"""What the engine decides for the Lambda service."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _workers_max_default() -> int:
    return 4 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class LambdaSettings:
    """Settings of the Lambda service, built once by the engine."""

    data_dir: Path
    """Where code is unpacked and children keep their scratch folders. Everything in it can be rebuilt from the
    database; a folder ``lambda`` is made in it."""
    endpoint_url: Callable[[], str]
    """The address children reach onebox at (``AWS_ENDPOINT_URL``); asked when a child starts."""
    workers_max: int = field(default_factory=_workers_max_default)
    """Child processes at most, all functions together. Invocations beyond wait, up to AWS's concurrency limit."""
    idle_ms: int = 10 * 60_000
    """How long an unused child stays warm."""
    stop_grace_ms: int = 2_000
    """How long running invocations may go on when onebox stops."""
    interpreters: dict[str, Path] = field(default_factory=dict)
    """Interpreters by runtime name (``python3.13``) that take precedence over those found on the machine."""
