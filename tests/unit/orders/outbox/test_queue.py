"""Goal: the rules of one claim: order, batches, refusals; every row is sent, refused or left, once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import OrderRejected
from orders.outbox.queue import Pending, SendQueue, check_row
from orders.outbox.rows import Row
from orders.publishing.ports import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Rejection

RETRYABLE = Rejection("Throttled", "slow down", retryable=True)
HOPELESS = Rejection("InvalidParameter", "no", retryable=False)


def row(id_: int, order_id: str, **fields: object) -> Row:
    return Row(id_, order_id, json.dumps({"orderId": order_id, **fields}))


def drain(queue: SendQueue) -> list[list[int]]:
    """Accept everything; the ids of each batch."""
    batches = []
    while batch := queue.next_batch(only_full=False):
        batches.append([pending.row.id for pending in batch])
        queue.record(batch, [None] * len(batch))
    return batches


def test_rows_of_one_order_go_one_after_the_other_and_other_orders_fill_the_batches() -> None:
    queue = SendQueue([row(1, "a"), row(2, "a"), row(3, "b"), row(4, "a"), row(5, "c")])
    assert drain(queue) == [[1, 3, 5], [2], [4]]
    assert queue.outcome.sent == [1, 3, 5, 2, 4]


def test_rows_are_sent_in_the_message_group_of_a_field_if_it_is_named() -> None:
    rows = [row(1, "a", userId="ada"), row(2, "b", userId="ada"), row(3, "c", userId="eve"), row(4, "d")]
    batch = SendQueue(rows, "userId").next_batch(only_full=False)
    ada, same, eve, none = (pending.message.group for pending in batch)
    assert ada == same != eve
    assert (none, ada is None, eve is None) == (None, False, False)
    assert [one.message.group for one in SendQueue(rows).next_batch(only_full=False)] == [None] * 4


def test_a_refused_row_is_parked_and_later_rows_of_its_order_go_on() -> None:
    queue = SendQueue([row(1, "a", total="much"), row(2, "a"), row(3, "b")])
    assert drain(queue) == [[2, 3]]
    (refusal,) = queue.outcome.refused
    assert (refusal.id, refusal.code) == (1, "OrderRejected")
    assert refusal.reason.startswith("total: expected a number")


def test_after_a_failed_row_nothing_more_of_its_order_is_sent_and_other_orders_go_on() -> None:
    queue = SendQueue([row(1, "a"), row(2, "a"), row(3, "b"), row(4, "b")])
    batch = queue.next_batch(only_full=False)
    queue.record(batch, [RETRYABLE, None])
    assert drain(queue) == [[4]]
    assert (queue.outcome.sent, queue.outcome.refused) == ([3, 4], [])
    assert queue.outcome.problem == "Throttled: slow down"


def test_after_a_failed_call_nothing_more_is_sent() -> None:
    queue = SendQueue([row(1, "a"), row(2, "b"), row(3, "b")])
    queue.next_batch(only_full=False)
    queue.fail("connection refused")
    assert drain(queue) == []
    assert (queue.outcome.done, queue.outcome.problem) == (0, "connection refused")


def test_while_calls_are_under_way_only_full_batches_are_sent() -> None:
    queue = SendQueue([row(number, str(number)) for number in range(15)])
    assert len(queue.next_batch(only_full=True)) == BATCH_ENTRIES_MAX
    assert queue.next_batch(only_full=True) == []
    assert len(queue.next_batch(only_full=False)) == 5


def test_batches_stay_within_the_bytes_of_a_call() -> None:
    large = "x" * 100_000
    queue = SendQueue([row(number, str(number), note=large) for number in range(5)])
    assert drain(queue) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(1, "a")._replace(order_id="b"), "the column order_id is 'b', but the order's orderId is 'a'"),
        (row(1, "a", note="x" * BATCH_BYTES_MAX), f"SNS takes {BATCH_BYTES_MAX:,}, a claim check 4,194,304"),
        (Row(1, "a", "[]"), "expected a JSON object"),
        (Row(1, "a", '{"orderId": "a", "total": NaN}'), "NaN is not a JSON number"),
    ],
)
def test_what_the_processor_or_sns_would_refuse_is_refused(bad: Row, reason: str) -> None:
    with pytest.raises(OrderRejected, match=reason.replace("[", r"\[")):
        check_row(bad)


def test_a_reason_can_be_stored_in_every_database() -> None:
    queue = SendQueue([Row(1, "a", '{"orderId": "a", "status": "\\ud800\\u0000", "total": "\\ud800"}')])
    drain(queue)
    (refusal,) = queue.outcome.refused
    assert "\0" not in refusal.reason
    assert refusal.reason.encode()


bodies = st.sampled_from(["valid", "valid", "valid", "invalid"])


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmn"), bodies), max_size=60), st.data())
def test_every_claimed_row_is_sent_or_refused_in_order_or_left_with_all_behind_it(
    kinds: list[tuple[str, str]], data: st.DataObject
) -> None:
    rows = [
        row(number, order_id, **({} if kind == "valid" else {"total": []}))
        for number, (order_id, kind) in enumerate(kinds)
    ]
    queue = SendQueue(rows)
    running: list[list[Pending]] = []
    fails = data.draw(st.booleans())
    while True:
        while len(running) < 3 and (batch := queue.next_batch(only_full=bool(running))):
            running.append(batch)
        if not running:
            break
        batch = running.pop(data.draw(st.integers(0, len(running) - 1)))
        orders = [pending.row.order_id for pending in batch]
        assert len(set(orders)) == len(orders) <= BATCH_ENTRIES_MAX
        done = {*queue.outcome.sent, *(refusal.id for refusal in queue.outcome.refused)}
        for pending in batch:
            behind = [one.id for one in rows[: pending.row.id] if one.order_id == pending.row.order_id]
            assert done.issuperset(behind)
        answers = [None, HOPELESS, RETRYABLE] if fails else [None, HOPELESS]
        queue.record(batch, [data.draw(st.sampled_from(answers)) for _ in batch])
    outcome = queue.outcome
    done = {*outcome.sent, *(refusal.id for refusal in outcome.refused)}
    assert len(done) == outcome.done
    left = [one for one in rows if one.id not in done]
    assert not left or outcome.problem is not None
    for one in left:
        assert not any(later.id in done for later in rows[one.id :] if later.order_id == one.order_id)
