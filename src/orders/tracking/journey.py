"""Tracks one published order: accepted by SNS, processed by OrderProcessor, then stored in Orders or dead-lettered.

A state machine: `Journey` is the state, `advance` adds an observation, `steps` describes the state for display. An
order is identified by its id, which the function logs. An order without a readable id is identified by the SNS message
id in the SQS envelope, so it is found only in OrderDLQ.
Promises: an order stored earlier under the same id is not mistaken for the published one; tracking always ends.
Pure: it does no I/O.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal, NamedTuple

from orders.domain.order import is_envelope, parse_order
from orders.errors import OrderRejected
from orders.processor.next_try import RECEIVES_MAX
from orders.processor.outcomes import GIVEN_BACK

FOLLOWED_MS = 15 * 60_000
ATTEMPTS = RECEIVES_MAX
WAIT_MIN_MS = 500
WAIT_MAX_MS = 10_000
# Reading OrderDLQ takes many calls, so it is read rarely before the last attempt.
DLQ_POLL_SOON_MS = 3_000
DLQ_POLL_MS = 30_000


class Subject(NamedTuple):
    """The tracked order."""

    message_id: str
    """The SNS message id; empty if unknown."""
    published_at_ms: int
    order_id: str | None
    """None if the order has no readable id."""
    is_new: bool = False
    """Whether the table held no order with this id before publishing."""
    digest: str = ""
    """Digest of its text; identifies the order when raw delivery omits the SNS envelope."""


class Attempt(NamedTuple):
    """What the function's log says of one message."""

    event_id: str
    at_ms: int
    message_id: str
    """The SQS message id."""
    order_id: str | None
    outcome: str
    reason: str = ""
    number: int = 1
    """How many times SQS had delivered the message."""
    duration_ms: float | None = None
    pause_s: int | None = None
    """Seconds until the next try; None if the log does not tell."""
    is_set_aside: bool = False
    """Whether a copy of the message took its place: this try spends none of the three."""

    @property
    def is_given_back(self) -> bool:
        return self.outcome in GIVEN_BACK


class DeadLetter(NamedTuple):
    """The message in OrderDLQ."""

    message_id: str
    sent_at_ms: int


class Seen(NamedTuple):
    """One observation."""

    at_ms: int
    attempts: tuple[Attempt, ...] = ()
    stored: Mapping[str, Any] | None = None
    has_read_dlq: bool = False
    """Whether OrderDLQ was read."""
    dead_letter: DeadLetter | None = None


class End(Enum):
    """Why tracking stopped."""

    STORED = "stored"
    DEAD_LETTERED = "dead-lettered"
    OUT_OF_TIME = "out of time"


State = Literal["done", "now", "bad", "ahead"]


class Note(NamedTuple):
    """A line under a step."""

    at_ms: int
    text: str
    is_bad: bool = False


class Step(NamedTuple):
    """One step of the order's journey."""

    name: Literal["accepted", "processed", "stored", "dead"]
    title: str
    state: State
    text: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Journey:
    """What is known of the order's progress."""

    subject: Subject
    now_ms: int
    attempts: tuple[Attempt, ...] = ()
    stored: Mapping[str, Any] | None = None
    dead_letter: DeadLetter | None = None
    dlq_read_at_ms: int | None = None
    end: End | None = None

    @property
    def own_attempts(self) -> tuple[Attempt, ...]:
        """The attempts that belong to this order, as far as known."""
        if self.dead_letter is not None:
            return tuple(one for one in self.attempts if one.message_id == self.dead_letter.message_id)
        if self.subject.order_id is None and len({one.message_id for one in self.attempts}) > 1:
            return ()
        return self.attempts

    @property
    def final_attempt(self) -> Attempt | None:
        """The attempt that finished the order, if any."""
        return next((one for one in self.own_attempts if not one.is_given_back), None)

    @property
    def wants_table(self) -> bool:
        """Whether to read the table. Before an attempt finishes, it may hold an earlier order with the same id."""
        return self.subject.order_id is not None and (self.subject.is_new or self.final_attempt is not None)

    @property
    def wants_dead_letters(self) -> bool:
        """Whether to read OrderDLQ now."""
        if self.final_attempt is not None:
            return False
        is_due = any(one.number >= ATTEMPTS for one in self.attempts)
        since_ms = self.subject.published_at_ms if self.dlq_read_at_ms is None else self.dlq_read_at_ms
        if is_due and self.dlq_read_at_ms is None:
            return True
        return self.now_ms - since_ms >= (DLQ_POLL_SOON_MS if is_due else DLQ_POLL_MS)

    @property
    def wait_ms(self) -> int:
        """Time until the next poll; it grows with the time since publishing."""
        return max(WAIT_MIN_MS, min(WAIT_MAX_MS, (self.now_ms - self.subject.published_at_ms) // 10))


def begin(subject: Subject, now_ms: int) -> Journey:
    return Journey(subject, now_ms)


def advance(journey: Journey, seen: Seen) -> Journey:
    """The journey after one more observation."""
    known = {one.event_id for one in journey.attempts}
    new = [one for one in seen.attempts if one.event_id not in known]
    moved = replace(
        journey,
        now_ms=seen.at_ms,
        attempts=tuple(sorted((*journey.attempts, *new), key=lambda one: (one.at_ms, one.number))),
        stored=seen.stored if seen.stored is not None else journey.stored,
        dead_letter=seen.dead_letter or journey.dead_letter,
        dlq_read_at_ms=seen.at_ms if seen.has_read_dlq else journey.dlq_read_at_ms,
    )
    return replace(moved, end=_find_end(moved))


def _find_end(journey: Journey) -> End | None:
    if journey.dead_letter is not None:
        return End.DEAD_LETTERED
    if journey.stored is not None and (journey.final_attempt is not None or _may_lack_log(journey)):
        return End.STORED
    return End.OUT_OF_TIME if journey.now_ms - journey.subject.published_at_ms >= FOLLOWED_MS else None


def _may_lack_log(journey: Journey) -> bool:
    """Whether a new order was published so long ago that its log line is no longer expected."""
    return journey.subject.is_new and journey.now_ms - journey.subject.published_at_ms >= DLQ_POLL_MS


def steps(journey: Journey) -> list[Step]:
    """The steps of the journey, in order."""
    return [_accepted(journey), _processed(journey), _outcome(journey)]


def _accepted(journey: Journey) -> Step:
    subject = journey.subject
    text = f"Message {subject.message_id}" if subject.message_id else "Published in a batch"
    return Step("accepted", "Accepted by SNS", "done", text, (Note(subject.published_at_ms, "accepted"),))


def _processed(journey: Journey) -> Step:
    own = journey.own_attempts
    notes = tuple(Note(one.at_ms, _attempt_text(one), one.is_given_back) for one in own)
    title = "Processed by OrderProcessor"
    if journey.final_attempt is not None:
        return Step("processed", title, "done", f"{_counted(own)}", notes)
    if own:
        state: State = "bad" if journey.end else "now"
        text = f"Failed at attempt {own[-1].number} of {ATTEMPTS}."
        if journey.subject.order_id is None and journey.dead_letter is None:
            text += " It is the only message without a readable order id since then, so it is probably this order."
        return Step("processed", title, state, text, notes)
    if journey.attempts:
        others = len({one.message_id for one in journey.attempts})
        text = f"{others} messages without a readable order id failed; OrderDLQ will show which one is this order."
        return Step("processed", title, "now", text)
    if journey.stored is not None or journey.dead_letter is not None:
        return Step("processed", title, "done", "No log line for this order.")
    return Step("processed", title, "ahead" if journey.end else "now", "No log line for this order yet.")


def _outcome(journey: Journey) -> Step:
    final = journey.final_attempt
    if journey.dead_letter is not None:
        note = Note(journey.dead_letter.sent_at_ms, f"message {journey.dead_letter.message_id}", is_bad=True)
        return Step("dead", "Dead-lettered in OrderDLQ", "bad", _reason(journey), (note,))
    if final is None and any(one.is_given_back for one in journey.attempts):
        is_due = any(one.number >= ATTEMPTS for one in journey.own_attempts)
        text = "SQS is about to move it to OrderDLQ." if is_due else _next_delivery(journey.attempts[-1])
        return Step("dead", "Dead-lettered in OrderDLQ", "ahead" if not is_due else "now", text)
    if journey.stored is not None:
        return Step("stored", "Stored in Orders", "done", _STORED.get(final.outcome if final else "stored", ""))
    state: State = "now" if final is not None and journey.end is None else "ahead"
    return Step("stored", "Stored in Orders", state, "Not seen in the table yet.")


_STORED = {
    "stored": "The table holds it as published.",
    "duplicate": "The table already held the same order; nothing changed.",
    "stale": "The table holds a newer notification of the order; nothing changed.",
}


def _next_delivery(last: Attempt) -> str:
    if last.is_set_aside:
        return "The table could not take it. It is tried again until it does; this spends none of its attempts."
    return f"SQS delivers it again, up to {ATTEMPTS} times in total."


def _attempt_text(attempt: Attempt) -> str:
    duration = "" if attempt.duration_ms is None else f" in {attempt.duration_ms:,.1f} ms"
    # The log reports the receive count of failed attempts only.
    pause = f", next in {attempt.pause_s} s" if attempt.pause_s else ""
    if attempt.is_set_aside:
        words = f"set aside{pause}"
    elif attempt.is_given_back:
        words = f"attempt {attempt.number}: {attempt.outcome}{pause}"
    else:
        words = f"{attempt.outcome}{duration}"
    return f"{words}: {attempt.reason}" if attempt.reason else words


def _counted(attempts: tuple[Attempt, ...]) -> str:
    return "At the first attempt." if len(attempts) == 1 else f"After {len(attempts)} attempts."


def _reason(journey: Journey) -> str:
    own = journey.own_attempts
    return own[-1].reason if own and own[-1].reason else "The function's log gives no reason."


# --- Identifying an order -------------------------------------------------------------------------------------------


def find_order_id(text: str) -> str | None:
    """The order id that the function will log for this text; None if it has no readable id."""
    try:
        return parse_order(text).order_id
    except OrderRejected as error:
        return error.order_id if isinstance(error.order_id, str) else None


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_body_of(subject: Subject, body: str) -> bool:
    """Whether an SQS message's body is the published message, in SNS's envelope or, with raw delivery, unchanged."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and is_envelope(value):
        return bool(value.get("MessageId") == subject.message_id)
    return bool(subject.digest) and digest_of(body) == subject.digest
