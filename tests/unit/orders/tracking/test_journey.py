"""Goal: whatever is seen, in whatever order, tracking shows the order's own journey, and ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.tracking.journey import (
    FOLLOWED_MS,
    WAIT_MAX_MS,
    WAIT_MIN_MS,
    Attempt,
    DeadLetter,
    End,
    Journey,
    Seen,
    Subject,
    advance,
    begin,
    digest_of,
    find_order_id,
    is_body_of,
    steps,
)

KNOWN = Subject("sns-1", 1_000, "O-1", is_new=True)
UNKNOWN = Subject("sns-1", 1_000, None, digest=digest_of("{}"))
STORED = Attempt("e-9", 2_000, "sqs-1", "O-1", "stored", duration_ms=8.25)


def rejected(number: int, message_id: str = "sqs-1", order_id: str | None = "O-1") -> Attempt:
    return Attempt(
        event_id=f"{message_id}-{number}",
        at_ms=1_000 + number,
        message_id=message_id,
        order_id=order_id,
        outcome="rejected",
        reason="no total",
        number=number,
    )


def follow(subject: Subject, *seen: Seen) -> Journey:
    journey = begin(subject, subject.published_at_ms)
    for one in seen:
        journey = advance(journey, one)
    return journey


def states(journey: Journey) -> dict[str, str]:
    return {step.name: step.state for step in steps(journey)}


def test_an_order_under_way_is_told_station_by_station() -> None:
    journey = begin(KNOWN, 1_000)
    assert states(journey) == {"accepted": "done", "processed": "now", "stored": "ahead"}
    journey = advance(journey, Seen(2_100, (STORED,)))
    assert states(journey) == {"accepted": "done", "processed": "done", "stored": "now"}
    assert journey.end is None
    journey = advance(journey, Seen(2_200, (STORED,), {"orderId": "O-1"}))
    assert states(journey) == {"accepted": "done", "processed": "done", "stored": "done"}
    assert journey.end is End.STORED
    assert [note.text for note in steps(journey)[1].notes] == ["stored in 8.2 ms"]


def test_a_rejected_order_is_shown_attempt_by_attempt_until_it_is_dead_lettered() -> None:
    journey = follow(KNOWN, Seen(1_100, (rejected(1),)))
    assert states(journey) == {"accepted": "done", "processed": "now", "dead": "ahead"}
    assert steps(journey)[1].text == "Failed at attempt 1 of 3."
    assert not journey.wants_dead_letters
    journey = advance(journey, Seen(1_200, (rejected(3), rejected(1), rejected(2))))
    assert [note.text for note in steps(journey)[1].notes] == [f"attempt {n}: rejected: no total" for n in (1, 2, 3)]
    assert journey.wants_dead_letters
    journey = advance(journey, Seen(1_300, has_read_dlq=True))
    assert not journey.wants_dead_letters, "not at every step"
    journey = advance(journey, Seen(9_000, has_read_dlq=True, dead_letter=DeadLetter("sqs-1", 1_250)))
    assert states(journey) == {"accepted": "done", "processed": "bad", "dead": "bad"}
    assert journey.end is End.DEAD_LETTERED
    assert steps(journey)[2].text == "no total"


def test_an_attempt_that_succeeds_after_others_failed_ends_in_the_table() -> None:
    journey = follow(KNOWN, Seen(1_500, (rejected(1), rejected(2))), Seen(2_100, (STORED,), {"orderId": "O-1"}))
    assert journey.end is End.STORED
    assert steps(journey)[1].text == "After 3 attempts."


@pytest.mark.parametrize(
    ("outcome", "words"), [("duplicate", "already held the same order"), ("stale", "newer notification")]
)
def test_an_order_that_changes_nothing_is_told_as_such(outcome: str, words: str) -> None:
    seen = Seen(2_000, (STORED._replace(outcome=outcome),), {"orderId": "O-1"})
    assert words in steps(follow(KNOWN, seen))[2].text


def test_what_stood_in_the_table_before_says_nothing_of_this_order() -> None:
    journey = begin(KNOWN._replace(is_new=False), 1_000)
    assert not journey.wants_table
    assert advance(journey, Seen(2_000, (STORED,))).wants_table


def test_a_new_order_in_the_table_counts_as_stored_though_no_log_speaks_of_it() -> None:
    at_once, later = Seen(2_000, stored={"orderId": "O-1"}), Seen(40_000, stored={"orderId": "O-1"})
    assert follow(KNOWN, at_once).end is None
    assert follow(KNOWN, at_once, later).end is End.STORED


def test_an_order_without_id_is_only_taken_for_the_one_that_failed_where_it_is_alone() -> None:
    mine, other = rejected(1, "sqs-1", None), rejected(1, "sqs-2", None)
    assert "probably this order" in steps(follow(UNKNOWN, Seen(1_100, (mine,))))[1].text
    both = follow(UNKNOWN, Seen(1_100, (mine, other)))
    assert steps(both)[1].text.startswith("2 messages without a readable order id failed")
    found = advance(both, Seen(1_200, has_read_dlq=True, dead_letter=DeadLetter("sqs-2", 1_150)))
    assert found.own_attempts == (other,)
    assert states(found) == {"accepted": "done", "processed": "bad", "dead": "bad"}


@given(st.lists(st.tuples(st.integers(0, 100_000), st.sets(st.integers(1, 3)), st.booleans()), max_size=20))
def test_following_ends_after_fifteen_minutes_whatever_was_seen(seen: list[tuple[int, set[int], bool]]) -> None:
    journey = begin(KNOWN, KNOWN.published_at_ms)
    for wait_ms, numbers, reads_dlq in seen:
        journey = advance(
            journey, Seen(journey.now_ms + wait_ms, tuple(map(rejected, numbers)), has_read_dlq=reads_dlq)
        )
        assert WAIT_MIN_MS <= journey.wait_ms <= WAIT_MAX_MS
        assert len(journey.attempts) == len({one.event_id for one in journey.attempts})
        assert [step.name for step in steps(journey)][:2] == ["accepted", "processed"]
        assert (journey.end is End.OUT_OF_TIME) is (journey.now_ms - 1_000 >= FOLLOWED_MS)
    assert advance(journey, Seen(1_000 + FOLLOWED_MS + journey.now_ms)).end is End.OUT_OF_TIME


def test_a_message_is_known_by_its_envelope_or_by_its_text() -> None:
    envelope = {"Type": "Notification", "TopicArn": "arn", "Message": "{}", "MessageId": "sns-1"}
    assert is_body_of(UNKNOWN, json.dumps(envelope))
    assert not is_body_of(UNKNOWN, json.dumps({**envelope, "MessageId": "sns-2"}))
    assert is_body_of(UNKNOWN, "{}")
    assert not is_body_of(UNKNOWN, "{ }")
    assert not is_body_of(UNKNOWN._replace(digest=""), "{}")


@pytest.mark.parametrize(
    ("text", "order_id"),
    [('{"orderId":"1"}', "1"), ('{"orderId":"1","total":"x"}', "1"), ('{"total":1}', None), ("{", None), ("[]", None)],
)
def test_the_id_is_read_wherever_the_function_could_read_it(text: str, order_id: str | None) -> None:
    assert find_order_id(text) == order_id


def test_polling_is_frequent_at_first_and_slows_down() -> None:
    journey, reads_dlq = begin(KNOWN, KNOWN.published_at_ms), [0] * 15
    while journey.end is None:
        reads_dlq[(journey.now_ms - KNOWN.published_at_ms) // 60_000] += 1
        journey = advance(journey, Seen(journey.now_ms + journey.wait_ms))
    assert (reads_dlq[0], max(reads_dlq[2:])) == (37, 6)


def test_a_try_that_was_set_aside_says_that_it_spends_no_attempt() -> None:
    attempt = Attempt("e", 1_050, "m-1", "A", "unavailable", "away", pause_s=5, is_set_aside=True)
    journey = advance(begin(Subject("sns-1", 1_000, "A"), 1_000), Seen(1_100, (attempt,)))
    assert "spends none of its attempts" in steps(journey)[-1].text
    assert steps(journey)[1].notes[0].text == "set aside, next in 5 s: away"
