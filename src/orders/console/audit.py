"""Records the console's changes in the audit log, with the address of the browser that asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from orders.audit.entries import Entry
from orders.audit.log import CONSOLE, AuditLog, Change
from orders.console.jobs import Job


class Audit:
    """What pages record. Every method may ask AWS, so it is called from a worker thread."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def record(self, request: Request, action: str, target: str, *, before: Any = None, after: Any = None) -> None:
        """A change that was made at once."""
        self._log.record(action, target, before=before, after=after, source=_source(request))

    def search(self, since_ms: int, until_ms: int | None, action: str | None, who: str | None) -> list[Entry]:
        """The recorded changes, oldest first. Raises OperatorError if there is no audit log."""
        return self._log.search(since_ms, until_ms, action=action, who=who)

    @contextmanager
    def change(
        self, request: Request, action: str, target: str, *, before: Any = None, after: Any = None
    ) -> Iterator[Change]:
        """A block that makes a change: recorded at its start and with its result."""
        with self._log.change(action, target, before=before, after=after, source=_source(request)) as change:
            yield change

    @contextmanager
    def job(
        self, request: Request, action: str, target: str, *, before: Any = None, after: Any = None
    ) -> Iterator[Callable[[Job], None]]:
        """A block that starts a job: recorded at its start; the job calls what the block gets when it has ended."""
        change = self._log.begin(action, target, before=before, after=after, source=_source(request))

        def end(job: Job) -> None:
            change.end(
                after={"asked": after, "outcome": job.outcome} if after else job.outcome,
                failure=job.outcome if job.failed else "",
            )

        try:
            yield end
        except BaseException as error:
            change.end(failure=str(error) or type(error).__name__)
            raise


def _source(request: Request) -> str:
    return f"{CONSOLE}, {request.client.host}" if request.client else CONSOLE
