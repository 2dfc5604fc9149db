"""Gives back what was not stored: rejected messages become visible soon, orders the table could not take are set aside.

Promises: a message leaves OrderQueue only after SQS has acknowledged its copy. Whatever fails here, the message stays
and its normal visibility timeout applies. A crash between the two may leave both, which is harmless: each order has
one effect. At most one call of each kind for ten messages; none where nothing failed.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from orders.processor.next_try import (
    MARK_NAME,
    PAUSE_MAX_S,
    RECEIVES_MAX,
    Receive,
    is_out_of_patience,
    pause_of_rejected_s,
    pause_of_set_aside_s,
    read_receive,
)
from orders.processor.outcomes import UNAVAILABLE, Outcome
from orders.processor.queue_client import Answer, Copy, Shortening

if TYPE_CHECKING:
    from orders.clock import Clock

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
ATTRIBUTES_MAX = 10
TRACE_HEADER = "AWSTraceHeader"


class RetryQueue(Protocol):
    """OrderQueue; QueueClient implements it. Nothing is raised, each entry has an answer."""

    def shorten(self, shortenings: Sequence[Shortening]) -> list[Answer]: ...

    def put(self, copies: Sequence[Copy]) -> list[Answer]: ...


class NextTry(NamedTuple):
    """What happens next to one message that was not stored."""

    receive: Receive
    pause_s: int | None
    """Seconds from now; None where the queue's visibility timeout decides."""
    moved_to: str = ""
    """The id of the copy that took its place; empty while the message itself stays."""
    problem: str = ""
    """Why the pause could not be arranged."""

    @property
    def is_last(self) -> bool:
        """Whether it moves to OrderDLQ rather than being tried again."""
        return not self.moved_to and self.receive.number >= RECEIVES_MAX

    def describe(self, now_ms: int) -> dict[str, Any]:
        """What the log line says of it."""
        line: dict[str, Any] = {"receiveCount": self.receive.number, "receivesMax": RECEIVES_MAX}
        if self.pause_s is not None:
            line["pauseS"] = self.pause_s
            line["nextAt"] = None if self.is_last else _write_moment(now_ms + self.pause_s * 1000)
        if self.moved_to:
            line["setAside"] = self.receive.next_mark().times
            line["movedTo"] = self.moved_to
        if self.problem:
            line["problem"] = self.problem
        return line


def give_back(
    records: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome], queue: RetryQueue, clock: Clock
) -> dict[int, NextTry]:
    """Arrange the next try of each record that is given back; by its position."""
    rejected: dict[int, Receive] = {}
    set_aside: dict[int, Receive] = {}
    for position, outcome in enumerate(outcomes):
        if outcome.is_given_back:
            receive = read_receive(records[position])
            passes = outcome.name == UNAVAILABLE and not is_out_of_patience(receive)
            (set_aside if passes else rejected)[position] = receive
    return _shorten(records, rejected, queue) | _set_aside(records, set_aside, queue, clock)


def leave_to_queue(records: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]) -> dict[int, NextTry]:
    """The same where the queue's visibility timeout decides for all, as with the seed's settings."""
    return {
        position: NextTry(read_receive(records[position]), None)
        for position, outcome in enumerate(outcomes)
        if outcome.is_given_back
    }


def _shorten(
    records: Sequence[Mapping[str, Any]], rejected: Mapping[int, Receive], queue: RetryQueue
) -> dict[int, NextTry]:
    if not rejected:
        return {}
    pauses = {position: pause_of_rejected_s(receive) for position, receive in rejected.items()}
    answers = queue.shorten(
        [Shortening(records[position]["receiptHandle"], pause) for position, pause in pauses.items()]
    )
    return {
        position: NextTry(receive, None if answer.problem else pauses[position], problem=answer.problem)
        for (position, receive), answer in zip(rejected.items(), answers, strict=True)
    }


def _set_aside(
    records: Sequence[Mapping[str, Any]], set_aside: Mapping[int, Receive], queue: RetryQueue, clock: Clock
) -> dict[int, NextTry]:
    if not set_aside:
        return {}
    # One pause for all, so that they come back in one batch: the calls of an outage do not grow tenfold.
    pause_s = pause_of_set_aside_s(max(receive.waited_ms for receive in set_aside.values()), clock)
    copies = [make_copy(records[position], receive, pause_s) for position, receive in set_aside.items()]
    return {
        position: NextTry(receive, None if answer.problem else copy.delay_s, answer.message_id, answer.problem)
        for (position, receive), copy, answer in zip(set_aside.items(), copies, queue.put(copies), strict=True)
    }


def make_copy(record: Mapping[str, Any], receive: Receive, pause_s: int) -> Copy:
    """The message again, with all that its sender gave it, and the mark where there is room for one.

    Without a mark the next try cannot tell how long the order has waited, so it waits the longest pause at once.
    """
    attributes = {name: _sent_form(value) for name, value in (record.get("messageAttributes") or {}).items()}
    system = record.get("attributes") or {}
    if MARK_NAME in attributes or len(attributes) < ATTRIBUTES_MAX:
        attributes[MARK_NAME] = {"DataType": "String", "StringValue": receive.next_mark().write()}
    else:
        pause_s = PAUSE_MAX_S
    trace = system.get(TRACE_HEADER)
    return Copy(
        body=record["body"],
        delay_s=pause_s,
        attributes=attributes,
        system_attributes={TRACE_HEADER: {"DataType": "String", "StringValue": trace}} if trace else {},
        group_id=system.get("MessageGroupId"),
    )


def _sent_form(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """A message attribute of Lambda's event, as SQS takes it."""
    sent = {"DataType": attribute.get("dataType")}
    for ours, theirs in (("StringValue", "stringValue"), ("BinaryValue", "binaryValue")):
        if attribute.get(theirs) is not None:
            sent[ours] = attribute[theirs]
    return sent


def _write_moment(at_ms: int) -> str:
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(at_ms // 1000))
