"""Single keys of a terminal, read without Enter, for screens that stay until a key ends them."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


class Keys:
    """The keys that are pressed while a screen is shown; without a terminal there are none."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def is_quit_within(self, wait_s: float) -> bool:
        """Wait so long at most; True at once if q was pressed or the terminal is gone."""
        watched = [] if self._descriptor is None else [self._descriptor]
        ready, _, _ = select.select(watched, [], [], wait_s)
        return any(os.read(descriptor, 64).lower() in (b"q", b"") for descriptor in ready)


@contextmanager
def reading_keys() -> Iterator[Keys]:
    """In the block keys arrive one by one and are not shown; the terminal is then as it was. Ctrl-C interrupts."""
    if not sys.stdin.isatty():
        yield Keys(None)
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
