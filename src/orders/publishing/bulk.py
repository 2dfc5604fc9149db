"""Publishing orders: in batches, over several connections, losing none.

Promises: an order is counted as accepted only after SNS said so; what SNS refuses for the order's own sake is
named and never holds up the others; throttling, faults and broken connections are tried again with full
jitter; at any moment the ledger knows which orders were accepted, so that an interrupted run goes on where it
stopped.
Knows nothing of SNS's wire or of screens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import NamedTuple

from orders.aws.outage import LOST_NAMES, Outage
from orders.batches import split_batches
from orders.clock import Clock
from orders.domain.order import parse_order
from orders.domain.sizes import check_message_size, check_size
from orders.domain.value_count import check_value_count
from orders.errors import OrderRejected, OrderUnavailable
from orders.publishing.envelope import CloudEvents
from orders.publishing.message import Message, add_trace, find_group, make_message
from orders.publishing.order_files import Entry
from orders.publishing.ports import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Ledger, Topic
from orders.rate_limit import RateLimiter
from orders.retry import Backoff

BACKOFF = Backoff(base_ms=50.0, cap_ms=5_000.0)
# With full jitter this comes to about half a minute of trying.
ATTEMPTS_MAX = 12
# More batches under way than this gain nothing and only hold more orders in doubt when interrupted.
BATCHES_PER_CONNECTION = 2


class PendingOrder(NamedTuple):
    """An order to publish: where it was read, and its message."""

    entry: Entry
    message: Message


class Refusal(NamedTuple):
    """An order that was not accepted, and why."""

    entry: Entry
    code: str
    reason: str
    retryable: bool
    """Whether another attempt may succeed; False if the order itself is at fault."""


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
        return [refusal for refusal in self.refusals if refusal.retryable]


def publish_entries(
    entries: Iterable[Entry],
    topic: Topic,
    ledger: Ledger,
    clock: Clock,
    progress: Progress,
    *,
    connections: int = 2,
    check: bool = True,
    envelope: CloudEvents | None = None,
    group_field: str | None = None,
    traceparent: str | None = None,
    tracestate: str | None = None,
    claim_check: bool = False,
    rate: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    outage: Outage | None = None,
) -> None:
    """Publish all entries; afterwards ``progress`` holds the outcome of each. An exception stops it after the
    batches under way, whose orders are then in the ledger or unsent.

    With ``envelope`` each order is sent as the data of a CloudEvent, with ``group_field`` in the message group of that
    field's value, with ``traceparent`` in that trace; ``tracestate`` goes into events only. ``claim_check`` takes
    orders that are too large for SNS, which ``topic`` then sends through S3.
    ``check`` holds each order against the model first, so that what the processor would reject is named here.
    ``rate`` is how many orders a second are sent at most. With ``outage``, an endpoint that accepted orders of this run
    and then stops answering is tried until it answers again.
    """

    def make(text: str) -> Message:
        return make_order_message(
            text,
            check=check,
            envelope=envelope,
            group_field=group_field,
            traceparent=traceparent,
            tracestate=tracestate,
            claim_check=claim_check,
        )

    orders = _pending_orders(_unaccepted(entries, ledger, progress), progress, make)
    limiter = RateLimiter(rate, clock)
    entries_max = limiter.batch_size(BATCH_ENTRIES_MAX)
    batches = make_batches(orders, progress, entries_max=entries_max, claim_check=claim_check)
    running: set[Future[_Sent]] = set()
    stopping = Event()
    with ThreadPoolExecutor(connections, "publish") as pool:
        try:
            for batch in batches:
                if progress.unsent:
                    break  # what twelve attempts did not bring through stops the others too: they are not yet read
                limiter.wait(len(batch))
                running.add(pool.submit(_send, batch, topic, clock, stopping, outage))
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
    orders: Iterable[PendingOrder],
    progress: Progress,
    entries_max: int = BATCH_ENTRIES_MAX,
    *,
    claim_check: bool = False,
) -> Iterator[list[PendingOrder]]:
    """The orders in batches that PublishBatch takes. An order that is too large is refused; with ``claim_check`` one
    that fits no batch is a batch of its own.
    """
    fitting = (order for order in orders if _fits(order, progress, claim_check=claim_check))
    return split_batches(
        fitting, lambda order: order.message.size_bytes, entries_max=entries_max, bytes_max=BATCH_BYTES_MAX
    )


def _fits(order: PendingOrder, progress: Progress, *, claim_check: bool) -> bool:
    try:
        check_message_size(order.message.size_bytes, claim_check=claim_check)
    except OrderRejected as error:
        progress.refusals.append(Refusal(order.entry, error.code, error.reason, retryable=False))
        return False
    return True


def _unaccepted(entries: Iterable[Entry], ledger: Ledger, progress: Progress) -> Iterator[Entry]:
    for entry in entries:
        progress.read += 1
        progress.read_bytes += len(entry.text) + 1
        if ledger.is_accepted(entry):
            progress.skipped += 1
        else:
            yield entry


def _pending_orders(
    entries: Iterable[Entry], progress: Progress, make: Callable[[str], Message]
) -> Iterator[PendingOrder]:
    for entry in entries:
        made = _make_pending(entry, make)
        if isinstance(made, PendingOrder):
            yield made
        else:
            progress.refusals.append(made)


def _make_pending(entry: Entry, make: Callable[[str], Message]) -> PendingOrder | Refusal:
    try:
        if entry.problem is not None:
            raise OrderRejected(entry.problem)
        return PendingOrder(entry, make(entry.text))
    except OrderRejected as error:
        return Refusal(entry, error.code, error.reason, retryable=False)


def make_order_message(
    text: str,
    *,
    check: bool = True,
    envelope: CloudEvents | None = None,
    group_field: str | None = None,
    traceparent: str | None = None,
    tracestate: str | None = None,
    claim_check: bool = False,
) -> Message:
    """The message for an order's text, with its attributes. Unchecked, what is no order goes as it is.

    Raises OrderRejected for what the processor would reject.
    """
    try:
        order = parse_order(text, bytes_max=None)
        wrapped = envelope.wrap(text, order, traceparent, tracestate) if envelope else text
        message = make_message(wrapped, order.attributes, traceparent)
        if check:
            check_value_count(wrapped)  # the envelope's count too
            check_size(order, text, message.size_bytes, claim_check=claim_check)
        return message._replace(group=find_group(order.attributes, group_field)) if group_field else message
    except OrderRejected:
        if check:
            raise
        return add_trace(Message(text), traceparent)


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


def _send(batch: list[PendingOrder], topic: Topic, clock: Clock, stopping: Event, outage: Outage | None) -> _Sent:
    """Send one batch until each of its orders is accepted or refused, or trying on is no use: after ATTEMPTS_MAX, and
    with ``outage`` not while the endpoint is away.
    """
    orders = {order.entry: order for order in batch}
    sent = _Sent([], [], 0)
    failed = _send_once(batch, topic, sent)
    retried = 0
    attempt = 1
    while failed and not stopping.is_set():
        is_away = _note(outage, failed)
        if attempt >= ATTEMPTS_MAX and not is_away:
            break
        clock.wait_ms(BACKOFF.wait_ms(min(attempt, ATTEMPTS_MAX), clock))
        attempt += 1
        retried += len(failed)
        failed = _send_once([orders[refusal.entry] for refusal in failed], topic, sent)
    if outage is not None and not _is_away(failed):
        outage.note_answer()  # at once: the batches beside this one are to know that the endpoint is no wrong one
    sent.refusals.extend(failed)
    return sent._replace(retried=retried)


def _note(outage: Outage | None, failed: list[Refusal]) -> bool:
    """Tell of an endpoint that is away; whether it is, and was not from the beginning."""
    if outage is None or not outage.has_answered or not _is_away(failed):
        return False
    outage.note_lost(failed[0].reason)
    return True


def _is_away(failed: list[Refusal]) -> bool:
    return bool(failed) and all(refusal.code in LOST_NAMES for refusal in failed)


def _send_once(pending: list[PendingOrder], topic: Topic, sent: _Sent) -> list[Refusal]:
    """Send once; those to be tried again."""
    try:
        answers = topic.publish([order.message for order in pending])
    except OrderUnavailable as error:
        return [Refusal(order.entry, error.code, error.reason, retryable=True) for order in pending]
    failed: list[Refusal] = []
    for order, answer in zip(pending, answers, strict=True):
        if answer is None:
            sent.accepted.append(order.entry)
            continue
        refusal = Refusal(order.entry, *answer)
        (failed if refusal.retryable else sent.refusals).append(refusal)
    return failed
