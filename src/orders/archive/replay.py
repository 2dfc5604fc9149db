"""Replays notifications: in order, in batches, one batch after the other.

Promises: a notification counts as sent only after the target accepted it; what the target refuses for its own sake is
named and holds up nothing; throttling, faults and broken connections are tried again with full jitter; at any moment
the position tells where an interrupted run goes on. Memory does not grow with the archive.
Independent of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from orders.archive.choice import Choice
from orders.archive.notification import Notification
from orders.archive.ports import Refused, Target
from orders.archive.position import Position
from orders.batches import split_batches
from orders.clock import Clock
from orders.errors import OrderUnavailable
from orders.rate_limit import RateLimiter
from orders.retry import Backoff

BATCH_ENTRIES_MAX = 10
BACKOFF = Backoff(base_ms=50.0, cap_ms=5_000.0)
ATTEMPTS_MAX = 12
REFUSALS_KEPT = 1_000


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    read: int = 0
    skipped: int = 0
    """Done by an earlier run."""
    chosen: int = 0
    sent: int = 0
    retried: int = 0
    refused: int = 0
    refusals: list[tuple[str, Refused]] = field(default_factory=list)
    """The first of them, by notification id."""
    published_at_ms: int = 0
    """Of the notification that was read last."""

    def refuse(self, notification: Notification, why: Refused) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT:
            self.refusals.append((notification.id, why))


def choose(
    notifications: Iterable[Notification],
    choice: Choice,
    position: Position,
    progress: Progress,
    read: Callable[[str], str] = lambda message: message,
) -> Iterator[Notification]:
    """The notifications to send, counted. ``read`` gives the text of a message that may be a pointer to one in S3."""
    for one in notifications:
        progress.read += 1
        progress.published_at_ms = one.published_at_ms
        if position.is_done(one.key):
            progress.skipped += 1
        elif choice.takes(one, read):
            progress.chosen += 1
            yield one


def replay(
    chosen: Iterable[Notification],
    target: Target,
    position: Position,
    clock: Clock,
    progress: Progress,
    *,
    rate: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Send all. Raises OrderUnavailable where the target stays away; the position is then that of the last batch."""
    limiter = RateLimiter(rate, clock)
    fitting = (one for one in chosen if _fits(one, target, progress))
    entries_max = limiter.batch_size(BATCH_ENTRIES_MAX)
    for batch in split_batches(fitting, target.size_of, entries_max=entries_max, bytes_max=target.bytes_max):
        limiter.wait(len(batch))
        before = progress.sent
        _send(batch, target, clock, progress)
        position.advance(batch[-1].key, progress.sent - before)
        on_progress(progress)


def _fits(notification: Notification, target: Target, progress: Progress) -> bool:
    size = target.size_of(notification)
    if size > target.bytes_max:
        reason = f"{size:,} bytes: {target.name} takes {target.bytes_max:,} in one call"
        progress.refuse(notification, Refused("TooLarge", reason, retryable=False))
    return size <= target.bytes_max


def _send(batch: list[Notification], target: Target, clock: Clock, progress: Progress) -> None:
    pending = batch
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            clock.wait_ms(BACKOFF.wait_ms(attempt, clock))
            progress.retried += len(pending)
        try:
            answers = target.send(pending)
        except OrderUnavailable as error:
            answers = [Refused(error.code, error.reason, retryable=True)] * len(pending)
        again: list[Notification] = []
        for one, answer in zip(pending, answers, strict=True):
            if answer is None:
                progress.sent += 1
            elif answer.retryable:
                again.append(one)
            else:
                progress.refuse(one, answer)
        if not again:
            return
        last = next(answer for answer in answers if answer is not None and answer.retryable)
        pending = again
    raise OrderUnavailable(f"{target.name} accepts nothing: {last.code}: {last.reason}", last.code)
