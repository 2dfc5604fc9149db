"""Goal: changes and notices of an order become one line of events, the newest of which are shown."""

from __future__ import annotations

from collections.abc import Iterator

from orders.domain.history import Happening, OrderEvent
from orders.history.timeline import read_timeline


def event(happening: Happening, at_ms: int) -> OrderEvent:
    return OrderEvent("1", f"{happening.value}{at_ms}", happening, at_ms, None)


class FakeEvents:
    def __init__(self, *events: OrderEvent) -> None:
        self._events = sorted(events, key=lambda one: -one.at_ms)
        self.read = 0

    def changes(self, order_id: str) -> Iterator[OrderEvent]:
        return self._of(is_change=True)

    def notices(self, order_id: str) -> Iterator[OrderEvent]:
        return self._of(is_change=False)

    def _of(self, *, is_change: bool) -> Iterator[OrderEvent]:
        for one in self._events:
            if one.is_change == is_change:
                self.read += 1
                yield one


def test_timeline_merges_both_kinds_oldest_first() -> None:
    events = [event(Happening.STORED, 1), event(Happening.DUPLICATE, 2), event(Happening.REPLACED, 3)]
    found = read_timeline(FakeEvents(*events), "1", 10)
    assert (found.events, found.is_cut) == (events, False)


def test_timeline_reads_no_more_than_it_shows() -> None:
    events = FakeEvents(*(event(Happening.DUPLICATE, at) for at in range(10_000)), event(Happening.STORED, 0))
    found = read_timeline(events, "1", 5)
    assert [one.at_ms for one in found.events] == [9_995, 9_996, 9_997, 9_998, 9_999]
    assert found.is_cut
    assert events.read < 10
