"""Publishing orders: in batches, over several connections, losing none.

Promises: an order is counted as accepted only after SNS said so; what SNS refuses for the order's own sake is
named and never holds up the others; throttling, faults and broken connections are tried again with full
jitter; at any moment the ledger knows which orders were accepted, so that an interrupted run goes on where it
stopped.
Knows nothing of SNS's wire or of screens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import NamedTuple, Protocol

from orders.clock import Clock
from orders.domain.order import parse_order
from orders.errors import OrderRejected, OrderUnavailable
from orders.publishing.message import Message, make_message
from orders.publishing.order_files import Entry
from orders.rate_limit import Pace

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 262_144

RETRY_BASE_MS = 50.0
RETRY_CAP_MS = 5_000.0
# With full jitter this comes to about half a minute of trying.
ATTEMPTS_MAX = 12
# More batches under way than this gain nothing and only hold more orders in doubt when interrupted.
BATCHES_PER_CONNECTION = 2


class Letter(NamedTuple):
    """An order on its way: where it was read, and what is published for it."""

    entry: Entry
    message: Message


class Refusal(NamedTuple):
    """An order that was not accepted, and why. ``hopeless`` tells whether it is the order's own fault."""

    entry: Entry
    code: str
    reason: str
    hopeless: bool


class Topic(Protocol):
    """Where orders are published."""

    def publish(self, messages: Sequence[Message]) -> list[tuple[str, str, bool] | None]:
        """Publish up to ten messages in one call: for each None if accepted, or code, reason and
        hopelessness.

        Raises OrderUnavailable where the whole call failed and may be tried again.
        """


class Ledger(Protocol):
    """What was accepted, kept beyond this run."""

    def is_accepted(self, entry: Entry) -> bool: ...

    def accept(self, entries: Iterable[Entry]) -> None: ...


@dataclass(slots=True)
class Progress:
    """How far a run is; the counts of orders, and the bytes of those read."""

    read: int = 0
    read_bytes: int = 0
    skipped: int = 0
    accepted: int = 0
    retried: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def unsent(self) -> list[Refusal]:
        """Those that may be accepted another time."""
        return [refusal for refusal in self.refusals if not refusal.hopeless]


def publish_entries(
    entries: Iterable[Entry],
    topic: Topic,
    ledger: Ledger,
    clock: Clock,
    progress: Progress,
    *,
    connections: int = 2,
    check: bool = True,
    rate: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Publish all entries; afterwards ``progress`` tells of each. Stopping it by an exception waits for the
    batches under way, which are then in the ledger or unsent.

    ``check`` holds each order against the model first, so that what the processor would reject is named here.
    ``rate`` is how many orders a second are sent at most.
    """
    letters = _letters(_unaccepted(entries, ledger, progress), progress, check=check)
    pace = Pace(rate, clock)
    batches = make_batches(letters, progress, entries_max=pace.at_once(BATCH_ENTRIES_MAX))
    running: set[Future[_Sent]] = set()
    stopping = Event()
    with ThreadPoolExecutor(connections, "publish") as pool:
        try:
            for batch in batches:
                if progress.unsent:
                    break  # what twelve attempts did not bring through stops the others too: they are not yet read
                pace.wait(len(batch))
                running.add(pool.submit(_send, batch, topic, clock, stopping))
                if len(running) >= connections * BATCHES_PER_CONNECTION:
                    _collect(running, ledger, progress)
                on_progress(progress)
        except BaseException:
            stopping.set()  # nothing is tried again; what is under way comes to its end
            raise
        finally:
            while running:
                _collect(running, ledger, progress)
                on_progress(progress)


def make_batches(
    letters: Iterable[Letter], progress: Progress, entries_max: int = BATCH_ENTRIES_MAX
) -> Iterator[list[Letter]]:
    """Letters in order, ten at most and 256 KiB at most together; those larger alone are refused."""
    batch: list[Letter] = []
    batch_bytes = 0
    for letter in letters:
        size = letter.message.size_bytes
        if size > BATCH_BYTES_MAX:
            reason = f"{size} bytes: SNS takes {BATCH_BYTES_MAX}"
            progress.refusals.append(Refusal(letter.entry, "InvalidParameter", reason, hopeless=True))
            continue
        if len(batch) == entries_max or batch_bytes + size > BATCH_BYTES_MAX:
            yield batch
            batch, batch_bytes = [], 0
        batch.append(letter)
        batch_bytes += size
    if batch:
        yield batch


def _unaccepted(entries: Iterable[Entry], ledger: Ledger, progress: Progress) -> Iterator[Entry]:
    for entry in entries:
        progress.read += 1
        progress.read_bytes += len(entry.text) + 1
        if ledger.is_accepted(entry):
            progress.skipped += 1
        else:
            yield entry


def _letters(entries: Iterable[Entry], progress: Progress, *, check: bool) -> Iterator[Letter]:
    for entry in entries:
        made = _make_letter(entry, check=check)
        if isinstance(made, Letter):
            yield made
        else:
            progress.refusals.append(made)


def _make_letter(entry: Entry, *, check: bool) -> Letter | Refusal:
    try:
        if entry.problem is not None:
            raise OrderRejected(entry.problem)
        return Letter(entry, make_order_message(entry.text, check=check))
    except OrderRejected as error:
        return Refusal(entry, error.code, error.reason, hopeless=True)


def make_order_message(text: str, *, check: bool = True) -> Message:
    """The message for an order's text, with its attributes. Unchecked, what is no order goes as it is.

    Raises OrderRejected for what the processor would reject.
    """
    try:
        return make_message(text, parse_order(text).attributes)
    except OrderRejected:
        if check:
            raise
        return Message(text)


class _Sent(NamedTuple):
    accepted: list[Entry]
    refusals: list[Refusal]
    retried: int


def _collect(running: set[Future[_Sent]], ledger: Ledger, progress: Progress) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        running.discard(future)
        sent = future.result()
        ledger.accept(sent.accepted)
        progress.accepted += len(sent.accepted)
        progress.retried += sent.retried
        progress.refusals.extend(sent.refusals)


def _send(batch: list[Letter], topic: Topic, clock: Clock, stopping: Event) -> _Sent:
    """Send one batch until each of its orders is accepted or refused, or trying on is no use."""
    letters = {letter.entry: letter for letter in batch}
    sent = _Sent([], [], 0)
    failed = _send_once(batch, topic, sent)
    retried = 0
    for attempt in range(1, ATTEMPTS_MAX):
        if not failed or stopping.is_set():
            break
        clock.wait_ms(retry_wait_ms(attempt, clock))
        retried += len(failed)
        failed = _send_once([letters[refusal.entry] for refusal in failed], topic, sent)
    sent.refusals.extend(failed)
    return sent._replace(retried=retried)


def retry_wait_ms(attempt: int, clock: Clock) -> float:
    """Full jitter: anything from nothing to a limit that doubles with each attempt."""
    return clock.jitter_ms(min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** min(attempt, 16)))


def _send_once(pending: list[Letter], topic: Topic, sent: _Sent) -> list[Refusal]:
    """Send once; those to be tried again."""
    try:
        answers = topic.publish([letter.message for letter in pending])
    except OrderUnavailable as error:
        return [Refusal(letter.entry, error.code, error.reason, hopeless=False) for letter in pending]
    failed: list[Refusal] = []
    for letter, answer in zip(pending, answers, strict=True):
        if answer is None:
            sent.accepted.append(letter.entry)
            continue
        refusal = Refusal(letter.entry, *answer)
        (sent.refusals if refusal.hopeless else failed).append(refusal)
    return failed
