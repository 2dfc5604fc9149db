"""The last look at OrderDLQ, shared by all pages, and the changes that are made to the queue.

To read thousands of failed orders takes hundreds of calls and hides each of them shortly, so they are read once, by a
job, and kept until somebody looks again. A job that changes the queue is of the same kind as one that looks, so they
never run side by side: each would hide from the other what it needs.
Promises: nothing leaves OrderDLQ before OrderQueue has acknowledged it, save by a purge. What was sent back is no
longer in the look.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from orders.aws.clients import Aws
from orders.aws.names import DEAD_LETTER_QUEUE
from orders.clock import Clock
from orders.console.jobs import Job, Jobs
from orders.dead_letters.queues import Message, MoveFailed, dead_letter_queue, order_queue
from orders.dead_letters.reasons import explain, find_reasons
from orders.dead_letters.redrive import DeadLetter, Group, group_by_reason, send_back
from orders.errors import OperatorError
from orders.function_log.reader import FunctionLogs, LogLine
from orders.rate_limit import Pace

KIND = DEAD_LETTER_QUEUE
LOOK_TITLE = f"Look at {DEAD_LETTER_QUEUE}"
# A look is kept in memory, bodies and all.
LOOK_MAX = 20_000
SENT_KEPT_MAX = 1_000
BUSY_WAIT_S = 15.0


class Look:
    """OrderDLQ at one moment."""

    def __init__(self, at_ms: int, letters: Sequence[DeadLetter], receives: Mapping[str, int], rest: int) -> None:
        self.at_ms = at_ms
        self.letters = letters
        """The oldest first."""
        self.receives = receives
        """How often each was received, by message id."""
        self.rest = rest
        """About how many more there were, beyond LOOK_MAX."""
        self._by_id = {letter.message_id: letter for letter in letters}
        self.groups: dict[str, Group] = {
            group_key(self._by_id[group.message_ids[0]]): group for group in group_by_reason(letters)
        }
        """By a key that stays the same from look to look; the most frequent first."""

    def find(self, message_id: str) -> DeadLetter | None:
        return self._by_id.get(message_id)

    def members(self, key: str) -> list[DeadLetter]:
        """The failed orders of a group; none if there is no such group any more."""
        group = self.groups.get(key)
        return [] if group is None else [self._by_id[message_id] for message_id in group.message_ids]

    def search(self, text: str, key: str = "") -> list[DeadLetter]:
        """Those of a group, or of all where none is given, with a text in an id or in the reason, in any case."""
        wanted = text.casefold()
        letters = self.members(key) if key else self.letters
        return [letter for letter in letters if not wanted or wanted in _searched(letter)]

    def without(self, message_ids: Collection[str]) -> Look:
        gone = frozenset(message_ids)
        left = [letter for letter in self.letters if letter.message_id not in gone]
        return Look(self.at_ms, left, self.receives, self.rest)


class Sent(NamedTuple):
    """A failed order that was mended and sent back."""

    order_id: str
    at_ms: int
    trouble: str
    """Why it could not be removed from OrderDLQ; empty where it was."""


class FailedOrders:
    """The look, and the ways to change what it shows."""

    def __init__(self, aws: Aws, jobs: Jobs, clock: Clock) -> None:
        self._aws = aws
        self._jobs = jobs
        self._clock = clock
        self._queue_is_used = threading.Lock()
        self._sent: dict[str, Sent] = {}
        self._is_stale = True
        self._moving: int | None = None
        """The number of the last job whose work SQS does."""
        self.look: Look | None = None
        """None before the first."""

    def jobs(self) -> list[Job]:
        """What is being done with OrderDLQ and was done lately, the newest first."""
        return [job for job in self._jobs.all() if job.kind == KIND]

    def is_look(self, job: Job) -> bool:
        """Whether a job only looks."""
        return job.title == LOOK_TITLE

    def find_sent(self, message_id: str) -> Sent | None:
        """What became of a message that was mended here lately."""
        return self._sent.get(message_id)

    def explain(self, letter: DeadLetter) -> tuple[DeadLetter, list[LogLine]]:
        """The letter with its log lines."""
        return explain(FunctionLogs(self._aws), letter)

    # --- Looking ---

    def look_if_needed(self) -> None:
        """Begin to look where nobody has, or where a change made the last look untrue; not while work goes on."""
        if self._is_stale and self._jobs.running(KIND) is None:
            self.start_look()

    def start_look(self) -> Job:
        """Raises OperatorError while other work on the queue goes on."""
        job = self._jobs.start(KIND, LOOK_TITLE, self._read)
        self._is_stale = (
            False  # also where it fails: its job says so, and a page that tries again for ever helps nobody
        )
        return job

    def _read(self, job: Job) -> str:
        with self._using_queue():
            queue = dead_letter_queue(self._aws)
            counts = queue.counts()
            at_ms, total = self._clock.now_ms(), counts.visible + counts.in_flight
            found: list[Message] = []
            with queue.taking(LOOK_MAX) as messages:
                for message in messages:
                    found.append(message)
                    job.advance(len(found), max(total, len(found)))
        letters = find_reasons(self._aws, found)
        receives = {message.message_id: message.receives for message in found}
        self.look = Look(at_ms, letters, receives, max(0, total - len(found)) if len(found) >= LOOK_MAX else 0)
        return f"{len(found):,} seen"

    # --- Sending back ---

    def send_mended(self, message_id: str, body: str, order_id: str) -> None:
        """Send one back, mended. Raises OperatorError if it is no longer there; nothing was sent then."""
        troubles: dict[str, str] = {}
        with self._using_queue():
            source, target = dead_letter_queue(self._aws), order_queue(self._aws)
            mended = {message_id: body}
            sent = send_back(source, target, list(mended), mended=mended, on_trouble=troubles.__setitem__)
        if not sent and troubles:
            raise OperatorError(troubles[message_id])
        if not sent:
            raise OperatorError(
                "this message is no longer in OrderDLQ, or is being looked at by others; nothing was sent",
                "Try again in half a minute; if it is gone, somebody else has dealt with it.",
            )
        self._sent[message_id] = Sent(order_id, self._clock.now_ms(), troubles.get(message_id, ""))
        for oldest in list(self._sent)[:-SENT_KEPT_MAX]:
            self._sent.pop(oldest, None)
        self._forget(sent)

    def start_redrive(self, message_ids: Sequence[str], rate: int | None) -> Job:
        """Send messages back as they are, ``rate`` a second at most."""

        def work(job: Job) -> str:
            job.advance(0, len(message_ids))
            troubles: dict[str, str] = {}
            with self._using_queue(), self._look_is_stale_on_failure():
                sent = send_back(
                    dead_letter_queue(self._aws),
                    order_queue(self._aws),
                    message_ids,
                    pace=Pace(rate, self._clock),
                    on_sent=job.advance,
                    on_trouble=troubles.__setitem__,
                )
            self._forget(sent)
            return _tell_sent(len(sent), len(set(message_ids) - set(sent) - set(troubles)), troubles)

        return self._jobs.start(KIND, f"Send {_count(len(message_ids))} back{_pace(rate)}", work)

    def start_moving_all(self, rate: int | None) -> Job:
        """Let SQS move all messages back; it goes on without this console."""

        def work(job: Job) -> str:
            with self._using_queue():
                self._is_stale = True
                try:
                    moved = dead_letter_queue(self._aws).move_all(rate, self._clock, job.advance)
                except MoveFailed as failure:
                    raise OperatorError(
                        f"{failure.reason}.",
                        "Choose all groups and send those back: that needs nothing of SQS but to send.",
                    ) from failure
            return f"{moved:,} sent back"

        job = self._jobs.start(KIND, f"Send all failed orders back{_pace(rate)}", work)
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
        self.look = Look(self._clock.now_ms(), [], {}, 0)
        return counts.visible + counts.in_flight

    def _forget(self, message_ids: Collection[str]) -> None:
        if self.look is not None:
            self.look = self.look.without(message_ids)

    @contextmanager
    def _look_is_stale_on_failure(self) -> Iterator[None]:
        """Nobody knows then which were sent."""
        try:
            yield
        except BaseException:
            self._is_stale = True
            raise

    @contextmanager
    def _using_queue(self) -> Iterator[None]:
        """One at a time. Jobs exclude each other; this keeps them apart from what a page does at once."""
        if not self._queue_is_used.acquire(timeout=BUSY_WAIT_S):
            raise OperatorError(
                f"{DEAD_LETTER_QUEUE} is in use by “{self._running_title()}”", "Wait until it has ended, or stop it."
            )
        try:
            yield
        finally:
            self._queue_is_used.release()

    def _running_title(self) -> str:
        job = self._jobs.running(KIND)
        return "a change" if job is None else job.title


def group_key(letter: DeadLetter) -> str:
    """The key of the group that a failed order belongs to."""
    parts = (letter.exception, letter.field, letter.kind, letter.reason_from)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _searched(letter: DeadLetter) -> str:
    return f"{letter.message_id}\n{letter.order_id or ''}\n{letter.full_reason}".casefold()


def _tell_sent(sent: int, missing: int, troubles: Mapping[str, str]) -> str:
    told = [f"{sent:,} sent back"]
    if missing:
        told.append(f"{missing:,} were no longer there, or were being looked at by others")
    if troubles:
        message_id, trouble = next(iter(troubles.items()))
        told.append(f"trouble with {len(troubles):,}, such as message {message_id}: {trouble}")
    return "; ".join(told)


def _count(orders: int) -> str:
    return f"{orders:,} failed order" if orders == 1 else f"{orders:,} failed orders"


def _pace(rate: int | None) -> str:
    return "" if rate is None else f", {rate:,} a second"
