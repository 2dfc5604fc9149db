"""When an order that was not stored is tried again, and whether that spends one of its three receives.

An order that nobody can store is received three times within seconds and then moves to OrderDLQ: its visibility
timeout is shortened. An order that the table could not take for a passing cause spends no receive: a copy of its
message is put into OrderQueue with a delay, and the message itself is deleted. The delay is half the time that it has
waited so far, 5 seconds to 15 minutes: it comes back at the latest half an outage after the outage, and an hour
costs it some twenty tries. The copy carries a mark that tells since when and how often.
All times in a mark are SQS's, as the events of Lambda tell them.
Pure. Standard library only: this file travels with the function.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from orders.clock import Clock

# template.yaml's maxReceiveCount, and the seed's.
RECEIVES_MAX = 3
# After the first and the second receive. After the last there is nothing to wait for: SQS moves it at once.
REJECTED_PAUSES_S = (2, 3)
PAUSE_MIN_S = 5
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
PAUSE_MAX_S = 900
# Longer than any outage, shorter than for ever: an order that only ever fails ends in OrderDLQ.
PATIENCE_MS = 3 * 24 * 3_600_000

MARK_NAME = "orders.set-aside"
_MARK_CHARACTERS_MAX = 200
# Beyond every moment of a message: year 2286.
_MOMENT_MS_MAX = 10**13


class Mark(NamedTuple):
    """What the copy of a message says about the messages before it."""

    times: int
    """How often the order was set aside."""
    since_ms: int
    """When it was received for the first time and could not be stored."""
    sent_ms: int
    """When its first message arrived in the queue."""

    def write(self) -> str:
        return json.dumps(self._asdict(), separators=(",", ":"))


class Receive(NamedTuple):
    """One receive of a message, as its record in Lambda's event tells it."""

    number: int
    """1 for the first; 0 where the record does not tell."""
    sent_ms: int
    at_ms: int
    """The first receive of this message, which is this one unless a call failed altogether."""
    mark: Mark | None

    @property
    def waited_ms(self) -> int:
        """Since the order was first found not to be storable; 0 for the first time."""
        return 0 if self.mark is None else max(0, self.at_ms - self.mark.since_ms)

    def next_mark(self) -> Mark:
        """The mark of the copy that is set aside now."""
        if self.mark is None:
            return Mark(1, self.at_ms, self.sent_ms)
        return self.mark._replace(times=self.mark.times + 1)


def read_receive(record: Mapping[str, Any]) -> Receive:
    """What a record tells; never fails, whatever it holds."""
    attributes = record.get("attributes") or {}
    sent_ms = _read_number(attributes.get("SentTimestamp"))
    return Receive(
        number=_read_number(attributes.get("ApproximateReceiveCount")),
        sent_ms=sent_ms,
        at_ms=_read_number(attributes.get("ApproximateFirstReceiveTimestamp")) or sent_ms,
        mark=_read_mark(record),
    )


def pause_of_rejected_s(receive: Receive) -> int:
    """Seconds until a message that can never be stored is received again, or moved to OrderDLQ."""
    return REJECTED_PAUSES_S[max(1, receive.number) - 1] if receive.number <= len(REJECTED_PAUSES_S) else 0


def pause_of_set_aside_s(waited_ms: int, clock: Clock) -> int:
    """Seconds until an order is tried again that has waited so long for the table. Half of the pause is random."""
    limit_s = min(PAUSE_MAX_S, max(PAUSE_MIN_S, waited_ms / 2_000))
    return max(1, round(limit_s / 2 + clock.jitter_ms(limit_s * 500) / 1000))


def is_out_of_patience(receive: Receive) -> bool:
    """Whether a failure counts as an attempt again, however passing its cause."""
    return receive.waited_ms > PATIENCE_MS


def _read_mark(record: Mapping[str, Any]) -> Mark | None:
    """The mark, None where there is none or it is not one of ours: with raw delivery publishers choose attributes."""
    text = ((record.get("messageAttributes") or {}).get(MARK_NAME) or {}).get("stringValue")
    if not isinstance(text, str) or len(text) > _MARK_CHARACTERS_MAX:
        return None
    try:
        content = json.loads(text)
        mark = Mark(content["times"], content["since_ms"], content["sent_ms"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_ours = all(type(member) is int and 0 < member < _MOMENT_MS_MAX for member in mark)
    return mark if is_ours else None


def _read_number(text: object) -> int:
    return int(text) if isinstance(text, str) and len(text) <= 20 and text.isascii() and text.isdigit() else 0
