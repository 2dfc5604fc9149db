"""What ``orders relay run`` says: problems and their ends at once, numbers on a live line or once a minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orders.cli.output import console, plural, print_json, say, show_time
from orders.clock import Clock
from orders.text import printable

if TYPE_CHECKING:
    from rich.status import Status

    from orders.outbox.report import Progress

EVERY_MS = 60_000.0
LIVE_EVERY_MS = 250.0
PROBLEM_SHOWN = 500


class Watch:
    """Says what changed. ``line`` is the live line of a terminal, None elsewhere."""

    def __init__(self, clock: Clock, line: Status | None, *, once: bool, as_json: bool) -> None:
        self._clock = clock
        self._line = line
        self._once = once
        self._as_json = as_json
        self._problem: str | None = None
        self._said = (0, 0)
        self._said_ms = self._shown_ms = clock.monotonic_ms()

    def begin(self, table: str, database: str, endpoint_url: str | None) -> None:
        where = endpoint_url or "AWS"
        if not self._once:
            self._tell("started", f"Relaying {table} of {database} to OrderTopic at {where}. Ctrl-C ends it.")

    def show(self, progress: Progress) -> None:
        """Tell what is new."""
        now_ms = self._clock.monotonic_ms()
        if progress.problem != self._problem:
            self._problem = progress.problem
            if progress.problem is None:
                self._tell("recovered", "Going on.", progress)
            else:
                self._tell("problem", f"{printable(progress.problem, PROBLEM_SHOWN)}. Trying again.", progress)
        elif self._line is None and not self._once and self._is_news(progress, now_ms):
            self._tell("progress", _numbers(progress), progress)
        if self._line is not None and now_ms - self._shown_ms >= LIVE_EVERY_MS:
            self._shown_ms = now_ms
            self._line.update(_numbers(progress))

    def _is_news(self, progress: Progress, now_ms: float) -> bool:
        return now_ms - self._said_ms >= EVERY_MS and (progress.sent, progress.refused) != self._said

    def end(self, progress: Progress) -> None:
        if self._once and self._as_json:
            print_json({"sent": progress.sent, "refused": progress.refused, "problem": progress.problem})
            return
        words = f"{plural(progress.sent, 'order')} published"
        words += f", {progress.refused:,} refused: see `orders relay refused`" if progress.refused else ""
        if self._once:
            say(words)
        else:
            self._tell("stopped", f"Stopped. {words}", progress)

    def _tell(self, event: str, sentence: str, progress: Progress | None = None) -> None:
        self._said_ms = self._clock.monotonic_ms()
        self._said = (progress.sent, progress.refused) if progress else (0, 0)
        now_ms = self._clock.now_ms()
        if self._once and self._as_json:
            return
        if self._as_json:
            numbers: dict[str, Any] = {} if progress is None else progress._asdict()
            print_json({"atMs": now_ms, "event": event, "message": sentence, **numbers})
        else:
            say(f"{show_time(now_ms)} {sentence}", err=event == "problem", fg="red" if event == "problem" else None)


def _numbers(progress: Progress) -> str:
    refused = f", {progress.refused:,} refused" if progress.refused else ""
    return f"{progress.sent:,} published{refused}, {progress.sent_per_minute / 60:,.1f}/s in the last minute"


@contextmanager
def watching(clock: Clock, *, once: bool, as_json: bool) -> Iterator[Watch]:
    """Says what a relay does in the block."""
    screen = console(stderr=True)
    if as_json or not screen.is_terminal:
        yield Watch(clock, None, once=once, as_json=as_json)
        return
    with screen.status("waiting for rows") as line:
        yield Watch(clock, line, once=once, as_json=as_json)
