"""Goal: row ids only grow: within a millisecond, across a restart, with the clock set back, with all rows gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sqs.store.row_ids import RowIds
from tests.unit.onebox.sqs.harness import SqsHarness


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(-5, 5)), min_size=1))
def test_take_at_any_times_gives_growing_numbers(steps: list[tuple[int, int]]) -> None:
    harness = SqsHarness()
    ids, now_ms, last = RowIds(harness.storage), 1_000_000, 0
    for count, change_ms in steps:
        now_ms += change_ms
        taken = ids.take(count, now_ms)
        assert len(taken) == count
        assert taken[0] > last
        last = taken[-1]
    harness.close()


def test_take_after_a_restart_with_the_clock_set_back_goes_on_above_all_rows(harness: SqsHarness) -> None:
    url = harness.create_queue("q")
    harness.call("SendMessage", QueueUrl=url, MessageBody="x")
    row = harness.storage.first("SELECT max(id) FROM sqs_message")
    assert row is not None
    assert RowIds(harness.storage).next(now_ms=0) > row[0]


def test_take_after_a_restart_with_the_clock_set_back_goes_on_above_rows_that_are_gone(harness: SqsHarness) -> None:
    now_ms = harness.clock.steady_ms()
    given = harness.inside(lambda _: RowIds(harness.storage).take(3, now_ms))

    assert harness.inside(lambda _: RowIds(harness.storage).next(now_ms)) > given[-1]
