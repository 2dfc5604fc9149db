"""Waiting for what a public API shows: asked again and again until it is so, never for a fixed time."""

from __future__ import annotations

import inspect
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 180.0
"""For whatever a test awaits, processes included: long enough for a machine that is busy with much else, because what
works comes long before and only a failing test waits so long."""
PAUSE_MIN_S = 0.005
PAUSE_MAX_S = 0.1
PAUSE_SHARE = 0.1
"""Pauses grow with the wait: a short wait ends at once, and a long one leaves the processor to what is awaited."""


def until(ask: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S, pause_s: float | None = None) -> T:
    """The first answer of ``ask`` that is true; fails with ``what`` was awaited when the patience is at its end."""
    began = time.monotonic()
    while (waited_s := time.monotonic() - began) < patience_s:
        answer = ask()
        if answer:
            return answer
        threading.Event().wait(pause_s or min(PAUSE_MAX_S, max(PAUSE_MIN_S, waited_s * PAUSE_SHARE)))
    raise AssertionError(f"waited {patience_s:.0f} s for {what}")


def limit_connections() -> None:
    """Let whatever a connection of this process waits for fail after the patience, where it has no timeout of its own.

    ``socket.setdefaulttimeout`` would reach further: it makes the files of sockets that child processes get
    non-blocking."""
    connect = socket.create_connection
    unlimited = inspect.signature(connect).parameters["timeout"].default

    def create_connection(address: tuple[str, int], timeout: Any = unlimited, *others: Any, **more: Any) -> Any:
        return connect(address, PATIENCE_S if timeout is unlimited else timeout, *others, **more)

    socket.create_connection = create_connection  # type: ignore[assignment]  # wider types
    from botocore.config import Config

    # A client of boto3 has 60 seconds unless it names others. The stubs know of None only.
    Config.OPTION_DEFAULTS["read_timeout"] = PATIENCE_S  # type: ignore[assignment]
