"""The shared snapshot of OrderDLQ, and the operations that change the queue.

Reading thousands of failed orders takes hundreds of calls and hides each message for a moment. So one job reads them,
and all pages share the snapshot until somebody refreshes it. Jobs that change the queue exclude jobs that read it: each
would hide messages from the other.
Promises: no message leaves OrderDLQ before OrderQueue has acknowledged it, except by a purge. The snapshot no longer
holds what was sent back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from orders.aws.clients import Aws
from orders.aws.names import DEAD_LETTER_QUEUE
from orders.claims.bucket import ClaimBucket
from orders.clock import Clock
from orders.console.dlq_snapshot import DlqSnapshot
from orders.console.jobs import Job, Jobs
from orders.console.resends import Resend, Resends
from orders.dead_letters.claimed import shorten
from orders.dead_letters.messages import QueueMessage
from orders.dead_letters.queues import MoveFailed, dead_letter_queue, order_queue
from orders.dead_letters.reader import find_reasons, read_log_of
from orders.dead_letters.reasons import FailedOrder
from orders.dead_letters.redrive import delete_chosen, send_back
from orders.errors import OperatorError
from orders.function_log.lines import LogLine
from orders.function_log.reader import FunctionLogs
from orders.rate_limit import RateLimiter

KIND = DEAD_LETTER_QUEUE
REFRESH_TITLE = f"Read {DEAD_LETTER_QUEUE}"
# The snapshot is kept in memory, bodies included.
SNAPSHOT_MAX = 20_000
SENT_KEPT_MAX = 1_000
BUSY_WAIT_S = 15.0
# SQS's counts lag behind by moments, so a different count right after a read is no reason to read again.
REFRESH_MIN_MS = 3_000


class Sent(NamedTuple):
    """A failed order that was edited and sent back."""

    order_id: str
    at_ms: int
    problem: str
    """Why it could not be removed from OrderDLQ; empty where it was."""
    resend: Resend


class DlqOperations:
    """Reads OrderDLQ, redrives, edits and purges it for the console's pages."""

    def __init__(self, aws: Aws, jobs: Jobs, clock: Clock, on_change: Callable[[], None] = lambda: None) -> None:
        """``on_change`` is called after each read or change of the queue."""
        self._aws = aws
        self._jobs = jobs
        self._clock = clock
        self._on_change = on_change
        self._queue_is_used = threading.Lock()
        self._sent: dict[str, Sent] = {}
        self.resends = Resends(lambda since_ms: list(FunctionLogs(aws).lines(since_ms)), clock)
        self._is_stale = True
        self._refreshed_at_ms = 0
        self._moving: int | None = None
        """The number of the last job whose work SQS does."""
        self.snapshot: DlqSnapshot | None = None
        """None before the first."""

    def jobs(self) -> list[Job]:
        """The running and recent jobs on OrderDLQ, the newest first."""
        return [job for job in self._jobs.all() if job.kind == KIND]

    def is_refresh(self, job: Job) -> bool:
        """Whether a job only reads the queue."""
        return job.title == REFRESH_TITLE

    def find_sent(self, message_id: str) -> Sent | None:
        """The result of editing a message recently; None if it was not edited here."""
        return self._sent.get(message_id)

    def with_log(self, order: FailedOrder) -> tuple[FailedOrder, list[LogLine]]:
        """The failed order with its log lines."""
        return read_log_of(FunctionLogs(self._aws), order)

    # --- Reading ---

    def refresh_if_needed(self, failed_now: int | None) -> None:
        """Start a refresh if there is no snapshot, a change outdated it, or the queue now holds another number of
        messages; not while a job runs, nor within REFRESH_MIN_MS of the last refresh.
        """
        if self._jobs.running(KIND) is None and (self._is_stale or self._differs(failed_now)):
            self.start_refresh()

    def _differs(self, failed_now: int | None) -> bool:
        if failed_now is None or self._clock.now_ms() - self._refreshed_at_ms < REFRESH_MIN_MS:
            return False
        # Without a snapshot the last read failed; the queue is there now, for its messages are counted.
        return self.snapshot is None or failed_now != self.snapshot.total

    def start_refresh(self) -> Job:
        """Raises OperatorError while other work on the queue goes on."""
        job = self._jobs.start(KIND, REFRESH_TITLE, self._read)
        self._refreshed_at_ms = self._clock.now_ms()
        self._is_stale = False  # even if it fails: the job reports it, and endless retries by a page would not help
        return job

    def _read(self, job: Job) -> str:
        with self._using_queue():
            queue = dead_letter_queue(self._aws)
            counts = queue.counts()
            at_ms, total = self._clock.now_ms(), counts.messages
            found: list[QueueMessage] = []
            with queue.taking(SNAPSHOT_MAX) as messages:
                for message in messages:
                    found.append(message)
                    job.advance(len(found), max(total, len(found)))
        failed_orders = find_reasons(self._aws, found)
        receives = {message.message_id: message.receives for message in found}
        self.snapshot = DlqSnapshot(
            at_ms, failed_orders, receives, max(0, total - len(found)) if len(found) >= SNAPSHOT_MAX else 0
        )
        return f"{len(found):,} read"

    # --- Sending back ---

    def send_edited(self, message_id: str, body: str, order_id: str) -> None:
        """Send one order back with an edited body. Raises OperatorError if nothing was sent, as its message is gone."""
        problems: dict[str, str] = {}
        accepted: list[str] = []
        at_ms = self._clock.now_ms()
        with self._using_queue():
            source, target = dead_letter_queue(self._aws), order_queue(self._aws, accepted.append)
            edited = self._shortened({message_id: body})
            sent = send_back(source, target, list(edited), edited=edited, on_problem=problems.__setitem__)
        if not sent and problems:
            raise OperatorError(problems[message_id])
        if not sent:
            raise OperatorError(
                "this message is no longer in OrderDLQ, or another reader holds it; nothing was sent",
                "Try again in 30 seconds. If it is gone then, somebody else sent it back or deleted it.",
            )
        resend = self.resends.add(None, at_ms, accepted)
        self._sent[message_id] = Sent(order_id, self._clock.now_ms(), problems.get(message_id, ""), resend)
        for oldest in list(self._sent)[:-SENT_KEPT_MAX]:
            self._sent.pop(oldest, None)
        self._forget(sent)

    def start_redrive(
        self,
        message_ids: Sequence[str],
        rate: int | None,
        on_end: Callable[[Job], None] = lambda _: None,
        edited: Mapping[str, str] | None = None,
    ) -> Job:
        """Send messages back, ``rate`` a second at most: unchanged, or with the bodies in ``edited``."""

        def work(job: Job) -> str:
            job.advance(0, len(message_ids))
            problems: dict[str, str] = {}
            accepted: list[str] = []
            at_ms = self._clock.now_ms()
            with self._using_queue(), self._stale_on_failure():
                sent = send_back(
                    dead_letter_queue(self._aws),
                    order_queue(self._aws, accepted.append),
                    message_ids,
                    edited=self._shortened(edited or {}),
                    limiter=RateLimiter(rate, self._clock),
                    on_sent=job.advance,
                    on_problem=problems.__setitem__,
                )
            self._forget(sent)
            self.resends.add(job.number, at_ms, accepted)
            return _summarize(len(sent), len(set(message_ids) - set(sent) - set(problems)), problems)

        title = f"Send {_count(len(message_ids))} back{' edited' if edited else ''}{_rate_suffix(rate)}"
        return self._jobs.start(KIND, title, work, on_end)

    def _shortened(self, edited: Mapping[str, str]) -> dict[str, str]:
        """Edited bodies as they are sent: a large one of an order that came by claim check goes the same way."""
        by_claim = {one.message_id for one in (self.snapshot.failed_orders if self.snapshot else ()) if one.claim}
        claims = ClaimBucket(self._aws)
        return {name: shorten(text, claims) if name in by_claim else text for name, text in edited.items()}

    def delete(self, message_id: str) -> None:
        """Delete one failed order for good. Raises OperatorError if it is not there."""
        problems: dict[str, str] = {}
        with self._using_queue():
            deleted = delete_chosen(dead_letter_queue(self._aws), [message_id], on_problem=problems.__setitem__)
        if not deleted:
            raise OperatorError(problems.get(message_id, "this message is no longer in OrderDLQ, or a reader holds it"))
        self._forget([message_id])

    def start_moving_all(self, rate: int | None, on_end: Callable[[Job], None] = lambda _: None) -> Job:
        """Start SQS's own message move task for all messages; it continues without this console."""

        def work(job: Job) -> str:
            with self._using_queue():
                self._is_stale = True
                try:
                    moved = dead_letter_queue(self._aws).move_all(rate, self._clock, job.advance)
                except MoveFailed as failure:
                    raise OperatorError(
                        f"{failure.reason}.",
                        "Choose all groups and send them back: the console then sends the messages itself.",
                    ) from failure
            return f"{moved:,} sent back"

        job = self._jobs.start(KIND, f"Send all failed orders back{_rate_suffix(rate)}", work, on_end)
        self._moving = job.number
        return job

    def stop(self, number: int) -> None:
        """Stop a job, and the move that SQS makes for it. One that has ended stays as it is."""
        job = self._jobs.find(number)
        if job is None or job.kind != KIND or not job.is_running:
            return
        job.cancel()
        if number == self._moving:
            dead_letter_queue(self._aws).stop_moving()

    def purge(self) -> int:
        """Delete all failed orders for good; about how many there were."""
        with self._using_queue():
            queue = dead_letter_queue(self._aws)
            counts = queue.counts()
            queue.purge()
        self.snapshot = DlqSnapshot(self._clock.now_ms(), [], {}, 0)
        return counts.messages

    def _forget(self, message_ids: Collection[str]) -> None:
        if self.snapshot is not None:
            self.snapshot = self.snapshot.without(message_ids)

    @contextmanager
    def _stale_on_failure(self) -> Iterator[None]:
        """After a failure it is unknown which messages were sent."""
        try:
            yield
        except BaseException:
            self._is_stale = True
            raise

    @contextmanager
    def _using_queue(self) -> Iterator[None]:
        """One user at a time. Jobs exclude each other; this lock also covers what a page does without a job."""
        if not self._queue_is_used.acquire(timeout=BUSY_WAIT_S):
            raise OperatorError(
                f"{DEAD_LETTER_QUEUE} is in use by “{self._running_title()}”", "Wait until it ends, or stop it."
            )
        try:
            yield
        finally:
            self._queue_is_used.release()
            self._on_change()

    def _running_title(self) -> str:
        job = self._jobs.running(KIND)
        return "a change" if job is None else job.title


def _summarize(sent: int, missing: int, problems: Mapping[str, str]) -> str:
    parts = [f"{sent:,} sent back"]
    if missing:
        parts.append(f"{missing:,} were gone, or held by another reader")
    if problems:
        message_id, problem = next(iter(problems.items()))
        parts.append(f"{len(problems):,} failed, for example message {message_id}: {problem}")
    return "; ".join(parts)


def _count(orders: int) -> str:
    return f"{orders:,} failed order" if orders == 1 else f"{orders:,} failed orders"


def _rate_suffix(rate: int | None) -> str:
    return "" if rate is None else f", {rate:,} a second"
