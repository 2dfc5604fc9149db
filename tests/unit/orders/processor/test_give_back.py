"""Goal: what is not stored is tried again soon or set aside; no order is lost, whatever breaks in between."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.processor.give_back import ATTRIBUTES_MAX, give_back, make_copy
from orders.processor.next_try import (
    MARK_NAME,
    PATIENCE_MS,
    PAUSE_MAX_S,
    PAUSE_MIN_S,
    Mark,
    Receive,
    pause_of_set_aside_s,
    read_receive,
)
from orders.processor.outcomes import REJECTED, UNAVAILABLE, Outcome
from orders.processor.queue_client import Answer, Copy, Shortening
from tests.unit.orders.fakes import FakeClock
from tests.unit.orders.processor.queue_model import World

HOUR_MS = 3_600_000
START_MS = FakeClock().time_ms


def test_an_order_that_can_never_be_stored_is_in_the_dead_letter_queue_after_three_receives_within_10_seconds() -> None:
    world = World()
    world._add('{"total": 5}', {}, 0)
    world.send("good")
    world.run_until(START_MS + 10_000)
    assert not world.messages
    assert [message.receives for message in world.dead.values()] == [3]
    assert set(world.store.orders) == {"good"}
    assert (world.shortenings, world.sends) == (3, 0)


def test_an_hour_s_outage_puts_no_order_into_the_dead_letter_queue_and_drains_by_itself() -> None:
    outage = (START_MS + 600_000, START_MS + 600_000 + HOUR_MS)
    world = World([outage])
    for second in range(0, 600 + 3600 + 600, 4):
        world.run_until(START_MS + second * 1000)
        world.send(f"O-{second}")
    world.run_until(outage[0])
    calls_before = world.store.calls
    world.run_until(outage[1] + (PAUSE_MAX_S + 10) * 1000)
    assert (len(world.store.orders), len(world.dead), len(world.messages)) == (1_200, 0, 0)
    # 900 orders were in the outage: a call of the table a second at most, some twenty tries for an order.
    assert world.store.calls - calls_before < HOUR_MS / 1_000 + 150 + 900
    assert world.sends < 900 * 20


def test_an_order_after_the_outage_is_not_held_up_by_those_before_it() -> None:
    outage = (START_MS, START_MS + HOUR_MS)
    world = World([outage])
    for number in range(200):
        world.send(f"early-{number}")
    world.run_until(outage[1])
    world.send("late")
    world.run_until(outage[1] + 15_000)
    assert "late" in world.store.orders


@given(
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 4_000)), max_size=3),
    st.lists(st.integers(0, 3_000), min_size=1, max_size=25),
    st.lists(st.booleans(), max_size=60),
    st.booleans(),
)
def test_no_crash_at_any_step_loses_an_order(
    outages: list[tuple[int, int]], arrivals: list[int], crashes: list[bool], queue_is_away: bool
) -> None:
    spans = [(START_MS + since * 1000, START_MS + (since + length) * 1000) for since, length in outages]
    world = World(spans, iter(crashes), queue_is_away)
    for number, second in enumerate(sorted(arrivals)):
        world.run_until(START_MS + second * 1000)
        world.send(f"O-{number}")
        held = {json.loads(one.body)["orderId"] for one in (*world.messages.values(), *world.dead.values())}
        assert held | set(world.store.orders) == {f"O-{earlier}" for earlier in range(number + 1)}
    world.queue_is_away = False
    world.run_until(START_MS + 10 * HOUR_MS)
    assert not world.messages
    dead = {json.loads(one.body)["orderId"] for one in world.dead.values()}
    assert dead | set(world.store.orders) == {f"O-{number}" for number in range(len(arrivals))}
    if not queue_is_away:
        assert all(message.crashes == 3 for message in world.dead.values())


@given(st.lists(st.integers(1, 900), min_size=1, max_size=5))
def test_the_delay_stays_below_half_of_what_was_waited_and_within_its_bounds(seconds: list[int]) -> None:
    clock = FakeClock()
    for waited_s in seconds:
        pause_s = pause_of_set_aside_s(waited_s * 1000, clock)
        assert 1 <= pause_s <= max(PAUSE_MIN_S, min(PAUSE_MAX_S, waited_s / 2 + 1))
    assert pause_of_set_aside_s(10 * HOUR_MS, clock) <= PAUSE_MAX_S


# --- The copy -----------------------------------------------------------------------------------------------------


def record(**changes: Any) -> dict[str, Any]:
    return {
        "messageId": "m-1",
        "receiptHandle": "r-1",
        "body": '{"orderId":"A"}',
        "attributes": {
            "ApproximateReceiveCount": "2",
            "SentTimestamp": "1000",
            "ApproximateFirstReceiveTimestamp": "5000",
            "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
        },
        "messageAttributes": {
            "total": {"dataType": "Number", "stringValue": "19.90", "stringListValues": []},
            "photo": {"dataType": "Binary.png", "binaryValue": "AAEC"},
        },
        **changes,
    }


def test_the_copy_holds_all_that_the_sender_gave_and_since_when_the_order_waits() -> None:
    first = make_copy(record(), read_receive(record()), 7)
    assert first.body == '{"orderId":"A"}'
    assert first.delay_s == 7
    assert first.attributes["total"] == {"DataType": "Number", "StringValue": "19.90"}
    assert first.attributes["photo"] == {"DataType": "Binary.png", "BinaryValue": "AAEC"}
    assert json.loads(first.attributes[MARK_NAME]["StringValue"]) == {"times": 1, "since_ms": 5000, "sent_ms": 1000}
    assert first.system_attributes["AWSTraceHeader"]["StringValue"].startswith("Root=1-")
    mark = {MARK_NAME: {"dataType": "String", "stringValue": first.attributes[MARK_NAME]["StringValue"]}}
    again = record(messageAttributes=mark, attributes={"SentTimestamp": "9000", "ApproximateReceiveCount": "1"})
    assert read_receive(again).next_mark() == Mark(2, 5000, 1000)


def test_the_copy_of_a_message_without_room_for_a_mark_waits_the_longest_pause() -> None:
    full = {f"a{number}": {"dataType": "String", "stringValue": "x"} for number in range(ATTRIBUTES_MAX)}
    copy = make_copy(record(messageAttributes=full), read_receive(record()), 7)
    assert len(copy.attributes) == ATTRIBUTES_MAX
    assert (MARK_NAME in copy.attributes, copy.delay_s) == (False, PAUSE_MAX_S)


@given(st.text() | st.builds(json.dumps, st.recursive(st.integers() | st.text() | st.none(), st.lists)))
def test_a_mark_that_is_not_ours_is_ignored(text: str) -> None:
    forged = record(messageAttributes={MARK_NAME: {"dataType": "String", "stringValue": text}})
    assert read_receive(forged).mark is None


@pytest.mark.parametrize("odd", [{"attributes": None}, {"attributes": {"SentTimestamp": "x" * 10**6}}, {}])
def test_a_record_without_its_attributes_is_read(odd: dict[str, Any]) -> None:
    assert read_receive({"messageId": "m", **odd}) == Receive(0, 0, 0, None)


class OneQueue:
    """Answers every entry with one answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def shorten(self, shortenings: Any) -> list[Answer]:
        self.asked += shortenings
        return [self.answer] * len(shortenings)

    def put(self, copies: Any) -> list[Answer]:
        self.asked += copies
        return [self.answer] * len(copies)


def outcome(name: str) -> Outcome:
    return Outcome("m-1", name, "A", "the reason", None, "Code")


@pytest.mark.parametrize("name", [REJECTED, UNAVAILABLE])
def test_a_message_whose_pause_is_refused_stays_and_says_why(name: str) -> None:
    refused = give_back([record()], [outcome(name)], OneQueue(Answer(problem="AccessDenied: no")), FakeClock())
    line = refused[0].describe(0)
    assert (refused[0].moved_to, line["problem"]) == ("", "AccessDenied: no")
    assert not {"nextAt", "pauseS", "movedTo"} & line.keys()


def test_an_order_that_has_waited_longer_than_any_outage_spends_receives_again() -> None:
    mark = Mark(300, 5_000 - 1 - PATIENCE_MS, 0)
    queue = OneQueue(Answer("new"))
    old = record(messageAttributes={MARK_NAME: {"dataType": "String", "stringValue": mark.write()}})
    old["attributes"]["ApproximateFirstReceiveTimestamp"] = str(PATIENCE_MS + 10_000)
    young = Mark(1, 9_000, 1_000)
    old["messageAttributes"][MARK_NAME]["stringValue"] = young.write()
    assert give_back([old], [outcome(UNAVAILABLE)], queue, FakeClock())[0].moved_to == ""
    assert isinstance(queue.asked[0], Shortening)
    old["attributes"]["ApproximateFirstReceiveTimestamp"] = str(PATIENCE_MS + 8_000)
    assert give_back([old], [outcome(UNAVAILABLE)], queue, FakeClock())[0].moved_to == "new"
    assert isinstance(queue.asked[1], Copy)
