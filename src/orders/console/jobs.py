"""Background work that outlives the request that started it; every page can show its progress.

Promises: a job runs once, in its own thread; its outcome is kept until JOBS_MAX newer jobs exist. Jobs of the same kind
never run concurrently: two redrives would take messages from each other.
Independent of what the work is.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orders.aws.errors import explain_error, reportable_errors
from orders.clock import Clock
from orders.errors import OperatorError

JOBS_MAX = 20


class Cancelled(Exception):
    """Raised inside a job that was cancelled."""


@dataclass(slots=True)
class Job:
    """One piece of work."""

    number: int
    kind: str
    title: str
    """What it does, for display."""
    started_at_ms: int
    done: int = 0
    total: int | None = None
    """None while unknown."""
    ended_at_ms: int | None = None
    outcome: str = ""
    """The result, for display."""
    failed: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when it has ended."""
    result: Any = None
    """Additional values for the page that started it."""
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return self.ended_at_ms is None

    def advance(self, done: int, total: int | None = None) -> None:
        """Report progress. Raises Cancelled if the job was cancelled."""
        self.done = done
        self.total = self.total if total is None else total
        if self._stop.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """Request a stop; the job stops at its next step."""
        self._stop.set()


class Jobs:
    """The jobs of this console, the newest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._jobs: list[Job] = []
        self._lock = threading.Lock()

    def all(self) -> list[Job]:
        return list(self._jobs)

    def find(self, number: int) -> Job | None:
        return next((job for job in self._jobs if job.number == number), None)

    def running(self, kind: str) -> Job | None:
        """The running job of a kind."""
        return next((job for job in self._jobs if job.kind == kind and job.is_running), None)

    def start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], str],
        on_end: Callable[[Job], None] = lambda _: None,
    ) -> Job:
        """Begin; ``work`` answers what came of it, and ``on_end`` is called with the ended job. Raises OperatorError
        while another of its kind runs.
        """
        with self._lock:
            if other := self.running(kind):
                raise OperatorError(f"“{other.title}” is still running", "Wait until it ends, or stop it.")
            job = Job(next(self._numbers), kind, title, self._clock.now_ms())
            # A running job is never dropped, however many newer ones exist.
            kept = [one for index, one in enumerate(self._jobs) if index < JOBS_MAX - 1 or one.is_running]
            self._jobs = [job, *kept]
        threading.Thread(target=self._run, args=(job, work, on_end), name=f"{kind} {job.number}", daemon=True).start()
        return job

    def cancel_all(self) -> None:
        """Cancel all jobs when the console stops."""
        for job in self._jobs:
            job.cancel()

    def _run(self, job: Job, work: Callable[[Job], str], on_end: Callable[[Job], None]) -> None:
        try:
            self._do(job, work)
        finally:
            job.ended_at_ms = self._clock.now_ms()
            job.ended.set()
            on_end(job)

    def _do(self, job: Job, work: Callable[[Job], str]) -> None:
        try:
            job.outcome = work(job)
        except Cancelled:
            job.outcome = f"stopped after {job.done:,}"
        except reportable_errors() as error:
            job.failed = True
            job.outcome = explain_error(error)
        except Exception:
            # The boundary of a background thread: a bug is logged and ends only this job.
            logging.getLogger("orders.console").exception("%s failed", job.title)
            job.failed = True
            job.outcome = "The console failed; see its log."
