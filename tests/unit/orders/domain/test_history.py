"""Goal: an event is what it was after it was stored, and its key is the same whenever it is told."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.differences import Difference, Differences
from orders.domain.history import Happening, OrderEvent, change_key, from_attributes, notice_key, to_attributes

TEXTS = st.text(max_size=20)
FRACTIONS = st.decimals(-9, 9, places=2).filter(lambda one: one % 1 != 0)
EVENTS = st.builds(
    OrderEvent,
    order_id=TEXTS,
    sequence=TEXTS,
    happening=st.sampled_from(list(Happening)),
    at_ms=st.integers(0, 10**14),
    notification=st.none() | TEXTS,
    differences=st.builds(
        Differences,
        st.lists(st.builds(Difference, TEXTS, st.none() | TEXTS, st.none() | TEXTS), max_size=3).map(tuple),
        st.integers(0, 9),
    ),
    summary=st.dictionaries(
        TEXTS, TEXTS | st.integers() | st.decimals(-9, 9, places=2).filter(lambda one: one % 1 != 0)
    ),
    reason=st.none() | TEXTS,
    traceparent=st.none() | st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)


@given(EVENTS)
def test_event_is_the_same_after_it_was_stored(event: OrderEvent) -> None:
    assert from_attributes(to_attributes(event)) == event


@given(st.integers(0, 10**40 - 1), st.integers(0, 10**40 - 1))
def test_change_keys_sort_as_sequence_numbers_do(one: int, other: int) -> None:
    assert (change_key(str(one)) < change_key(str(other))) == (one < other)


def test_notice_keys_sort_by_time_of_sending_and_are_apart_from_changes() -> None:
    early = notice_key(999, "b", Happening.LATE)
    assert early < notice_key(1_000, "a", Happening.DUPLICATE)
    assert change_key("9" * 40) < early
    assert early == notice_key(999, "b", Happening.LATE)
    assert Decimal(early.split("#")[1]) == 999
