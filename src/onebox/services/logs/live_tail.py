"""Live tails: sessions that are shown new events, and which events each of them waits for.

A session remembers stretches of event ids, not events: what it is shown is read when it is due, once a second. So a
session that nobody reads takes no memory to speak of, and appending costs nothing where nobody watches.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from onebox.services.logs.limits import LIVE_TAIL_WAITING_EVENTS_MAX
from onebox.services.logs.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of a stream that were put together; their ids follow each other."""

    group_id: int
    stream_id: int
    first_id: int
    last_id: int

    @property
    def events(self) -> int:
        """How many there are."""
        return self.last_id - self.first_id + 1


@dataclass(frozen=True, slots=True)
class Watched:
    """What a session asks for: groups by their ids, with the identifiers it shows; streams; a pattern."""

    account: str
    groups: dict[int, str]
    stream_names: frozenset[str]
    stream_prefixes: tuple[str, ...]
    pattern: Pattern

    def wants_stream(self, name: str) -> bool:
        """Whether the events of a stream are shown; without names and prefixes those of every stream are."""
        if not self.stream_names and not self.stream_prefixes:
            return True
        return name in self.stream_names or name.startswith(self.stream_prefixes)


class LiveTail:
    """One session."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self._waiting: deque[Stretch] = deque()
        self._waiting_events = 0
        self._dropped = False

    def add(self, stretch: Stretch) -> None:
        """Remember durable events; the oldest are dropped when the client is too slow for them."""
        self._waiting.append(stretch)
        self._waiting_events += stretch.events
        while self._waiting_events > LIVE_TAIL_WAITING_EVENTS_MAX and len(self._waiting) > 1:
            self._waiting_events -= self._waiting.popleft().events
            self._dropped = True

    def take(self) -> tuple[list[Stretch], bool]:
        """What came since the last time, and whether older events were dropped."""
        taken, dropped = list(self._waiting), self._dropped
        self._waiting.clear()
        self._waiting_events, self._dropped = 0, False
        return taken, dropped


class LiveTails:
    """The open sessions."""

    def __init__(self) -> None:
        self._by_group: dict[int, list[LiveTail]] = {}
        self._by_account: dict[str, int] = {}

    def count(self, account: str) -> int:
        """The open sessions of an account."""
        return self._by_account.get(account, 0)

    def open(self, tail: LiveTail) -> None:
        """Show ``tail`` what comes from now on."""
        account = tail.watched.account
        self._by_account[account] = self.count(account) + 1
        for group_id in tail.watched.groups:
            self._by_group.setdefault(group_id, []).append(tail)

    def close(self, tail: LiveTail) -> None:
        """Show it nothing more."""
        account = tail.watched.account
        self._by_account[account] -= 1
        for group_id in tail.watched.groups:
            tails = self._by_group[group_id]
            tails.remove(tail)
            if not tails:
                del self._by_group[group_id]

    def are_watching(self, group_id: int) -> bool:
        """Whether anybody watches a group."""
        return group_id in self._by_group

    def offer(self, stretch: Stretch) -> None:
        """Events are durable: whoever watches their group waits for them."""
        for tail in self._by_group.get(stretch.group_id, ()):
            tail.add(stretch)
