"""Alarms that somebody silenced for a time or acknowledged. Pure.

Both are tags of OrderProcessor, where every reader of the system's state finds them in one call. A silence that is past
due is shown everywhere until somebody ends it: nothing on AWS enables an alarm's actions by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from orders.errors import OperatorError

SILENCED_TAG = "orders:silenced/"
ACKNOWLEDGED_TAG = "orders:acknowledged/"
# A week is a vacation; what is silent for longer is not watched.
SILENCE_MAX_MS = 7 * 86_400_000


class Silence(NamedTuple):
    until_ms: int
    who: str

    def is_past_due(self, now_ms: int) -> bool:
        return now_ms >= self.until_ms


class Acknowledgement(NamedTuple):
    at_ms: int
    who: str


class Marks(NamedTuple):
    """By the alarm's name."""

    silences: dict[str, Silence]
    acknowledgements: dict[str, Acknowledgement]


def read_marks(tags: Mapping[str, str]) -> Marks:
    """The marks among a function's tags; what is none of ours is left out."""
    silences: dict[str, Silence] = {}
    acknowledgements: dict[str, Acknowledgement] = {}
    for tag, value in tags.items():
        moment, _, who = value.partition(" by ")
        at_ms = parse_moment(moment)
        if at_ms is None:
            continue
        if tag.startswith(SILENCED_TAG):
            silences[tag.removeprefix(SILENCED_TAG)] = Silence(at_ms, who)
        elif tag.startswith(ACKNOWLEDGED_TAG):
            acknowledgements[tag.removeprefix(ACKNOWLEDGED_TAG)] = Acknowledgement(at_ms, who)
    return Marks(silences, acknowledgements)


def is_acknowledged(marks: Marks, name: str, state_since_ms: int | None) -> bool:
    """Whether the alarm was acknowledged since it last changed its state."""
    found = marks.acknowledgements.get(name)
    return found is not None and (state_since_ms is None or found.at_ms >= state_since_ms)


def check_duration(duration_ms: int) -> None:
    """Raises OperatorError for a silence that is too long."""
    if not 0 < duration_ms <= SILENCE_MAX_MS:
        raise OperatorError("an alarm is silenced for at most 7d", "Give 30m, 2h or 3d.")


def show_moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_moment(at_ms: int) -> str:
    """The same to the millisecond: an alarm may change its state within the second of its acknowledgement."""
    return f"{show_moment(at_ms)[:-1]}.{at_ms % 1000:03d}Z"


def parse_moment(text: str) -> int | None:
    """The inverse of show_moment and exact_moment; None for other text."""
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
        return round(moment.timestamp() * 1000)
    return None
