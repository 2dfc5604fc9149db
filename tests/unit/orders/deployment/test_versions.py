"""Goal: a rollback finds the version before, and no version that is in use is ever deleted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.deployment.versions import (
    KEPT,
    LATEST,
    NOTE_MAX,
    Live,
    Version,
    choose_target,
    find_surplus,
    rollback_note,
)
from orders.errors import OperatorError

numbers = st.integers(1, 60)


def published(*wanted: int) -> list[Version]:
    return [Version(number, f"sha-{number}", "", "") for number in sorted(wanted)]


def live(version: int | str, canary: int | None = None, note: str = "") -> Live:
    return Live(str(version), None if canary is None else str(canary), 0.1 if canary else 0.0, note, "r")


def test_the_version_before_is_the_largest_below() -> None:
    assert choose_target(live(7), published(1, 4, 7, 9), None) == "4"
    assert choose_target(live(7), published(1, 4, 7, 9), 9) == "9"
    assert choose_target(live(LATEST), published(1, 4), None) == "4"
    assert choose_target(live(4, canary=7), published(1, 4, 7), None) == "4"


@pytest.mark.parametrize("wanted", [None, 3])
def test_where_there_is_none_the_published_ones_are_told(wanted: int | None) -> None:
    with pytest.raises(OperatorError, match="there is no version"):
        choose_target(live(1), published(1, 2), wanted)


@given(st.sets(numbers, min_size=1), st.data())
def test_no_version_in_use_and_none_of_the_newest_is_deleted(known: set[int], data: st.DataObject) -> None:
    main = data.draw(st.sampled_from(sorted(known)))
    canary = data.draw(st.none() | st.sampled_from(sorted(known)))
    bad = data.draw(st.none() | st.sampled_from(sorted(known)))
    note = "" if bad is None else rollback_note(bad, "now", "ada")
    surplus = find_surplus(live(main, canary, note), published(*known))
    assert not {main, canary, bad} & set(surplus)
    assert not set(sorted(known)[-KEPT:]) & set(surplus)
    assert len(known) - len(surplus) <= KEPT + 3


@given(st.integers(1, 10**12 - 1), st.text(max_size=400))
def test_a_rollback_is_read_back_from_its_note_whoever_made_it(bad: int, who: str) -> None:
    note = rollback_note(bad, "2026-11-28T08:00:00Z", who)
    assert len(note) <= NOTE_MAX
    assert live(1, note=note).rolled_back_from == bad


@pytest.mark.parametrize("note", ["", "rolled back from version x", "was rolled back from version 5", "9" * 256])
def test_another_description_is_no_rollback(note: str) -> None:
    assert live(1, note=note).rolled_back_from is None
