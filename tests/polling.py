"""Waiting for what a public API shows: asked again and again until it is so, never for a fixed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 180.0
"""For whatever a test awaits, processes included: long enough for a machine that is busy with much else, because what
works comes long before and only a failing test waits so long."""
PAUSE_S = 0.02


def until(ask: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S, pause_s: float = PAUSE_S) -> T:
    """The first answer of ``ask`` that is true; fails with ``what`` was awaited when the patience is at its end."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        threading.Event().wait(pause_s)
    raise AssertionError(f"waited {patience_s:.0f} s for {what}")
