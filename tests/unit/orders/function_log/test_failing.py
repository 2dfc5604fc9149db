"""Goal: what is failing now is told from log lines alone: which try, when the next comes, why, and when it is over."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.dead_letters.queues import QueueCounts
from orders.function_log.crashes import find_crashes, is_failure
from orders.function_log.failing import LOOK_BACK_MS, FailingTracker
from orders.function_log.failures import NEAR_MS, collect_failures
from orders.function_log.lines import LogLine
from orders.monitoring.counts import count_orders

_ids = count()
REQUEST = "6fe93d6d-64a1-47ef-babc-57cb2d640976"


def line(at_ms: int, text: str, stream: str = "s") -> LogLine:
    return LogLine(str(next(_ids)), at_ms, stream, text)


def failed(at_ms: int, message_id: str, receive: int, pause_s: int | None = None, **more: Any) -> LogLine:
    content = {"level": "ERROR", "messageId": message_id, "orderId": "A", "exception": "OrderRejected", "reason": "no"}
    pause = {} if pause_s is None else {"pauseS": pause_s, "receivesMax": 3}
    return line(at_ms, json.dumps({**content, "receiveCount": receive, **pause, **more}))


def stored(at_ms: int, message_id: str) -> LogLine:
    return line(at_ms, json.dumps({"level": "INFO", "messageId": message_id, "outcome": "stored", "receiveCount": 2}))


def track(*lines: LogLine) -> FailingTracker:
    tracker = FailingTracker()
    tracker.add(lines)
    return tracker


def test_a_failed_try_is_failing_until_the_order_is_stored() -> None:
    tracker = track(failed(1_000, "m", 1, 2))
    (order,) = tracker.find(1_500).orders
    assert (order.order_id, order.attempt, order.next_at_ms, order.reason) == ("A", "try 1 of 3", 3_000, "no")
    tracker.add([failed(3_100, "m", 2, 3)])
    assert [one.attempt for one in tracker.find(3_200).orders] == ["try 2 of 3"]
    tracker.add([stored(6_200, "m")])
    assert tracker.find(6_300).orders == ()


def test_the_last_try_ends_in_the_dead_letter_queue() -> None:
    assert track(failed(1_000, "m", 3, 0)).find(1_000).orders == ()
    # With the seed's settings the message is hidden until its visibility timeout ends.
    tracker = track(failed(1_000, "m", 3))
    assert tracker.find(180_999).orders[0].moves_next
    assert tracker.find(181_000).orders == ()


def test_an_order_that_is_set_aside_goes_on_under_its_copy_s_id() -> None:
    tracker = track(
        failed(1_000, "m-1", 1, 5, movedTo="m-2", setAside=1), failed(6_000, "m-2", 1, 8, movedTo="m-3", setAside=2)
    )
    (order,) = tracker.find(6_500).orders
    assert (order.message_id, order.attempt, order.next_at_ms) == ("m-3", "set aside 2 times", 14_000)
    tracker.add([stored(14_100, "m-3")])
    assert tracker.find(14_200).orders == ()


def test_lines_that_come_again_or_late_change_nothing() -> None:
    lines = [failed(1_000, "m", 1, 2), failed(3_100, "m", 2, 3), stored(6_200, "m")]
    tracker = track(*lines)
    tracker.add(lines)
    tracker.add(lines[:1])
    assert tracker.find(6_300).orders == ()


def test_no_more_orders_are_failing_than_the_queue_holds_and_old_lines_are_forgotten() -> None:
    tracker = track(*(failed(1_000 + number, f"m-{number}", 1, 2) for number in range(5)))
    assert len(tracker.find(1_100, 3).orders) == 3
    assert tracker.find(1_100, 0).orders == ()
    assert tracker.find(LOOK_BACK_MS + 10_000).orders == ()


numbers = st.integers(0, 50)


@given(numbers, numbers, numbers, st.lists(st.integers(-5, 5), max_size=30))
def test_every_message_is_counted_once(visible: int, in_flight: int, delayed: int, nexts: list[int]) -> None:
    tracker = track(*(failed(100_000 + one * 1_000, f"m-{index}", 1, 0) for index, one in enumerate(nexts)))
    queue = QueueCounts(visible, in_flight, delayed, "")
    failing = tracker.find(100_000, queue.messages)
    counts = count_orders(queue, None, failing, 100_000)
    assert counts.waiting + counts.in_flight + counts.failing == queue.messages
    assert counts.failing == len(failing.orders)
    assert min(counts) >= 0


# --- Calls without an answer --------------------------------------------------------------------------------------

TRACEBACK = '[ERROR] RuntimeError: boom\nsecond line\nTraceback (most recent call last):\n\xa0\xa0File "f.py", line 9'
BATCH = json.dumps({"level": "INFO", "requestId": REQUEST, "messageIds": ["m-1", "m-2"], "receiveCounts": [2, 1]})
CRASH = json.dumps(
    {
        "level": "ERROR",
        "requestId": REQUEST,
        "messageIds": ["m-1"],
        "receiveCounts": [1],
        "exception": "RuntimeError",
        "reason": "boom\nsecond line",
        "stack": ["f.py:9 handler"],
    }
)
TIMED_OUT = f"2026-11-28T08:33:41.708Z {REQUEST} Task timed out after 2.00 seconds\n\n"
EXITED = f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
REPORT = (
    f"REPORT RequestId: {REQUEST}\tDuration: 501.21 ms\tBilled Duration: 591 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 830 MB\tStatus: error\tError Type: Runtime.ExitError\t\n"
)


@pytest.mark.parametrize(
    ("texts", "exception", "reason", "messages"),
    [
        ([TRACEBACK], "RuntimeError", "boom\nsecond line", {}),
        ([CRASH, TRACEBACK], "RuntimeError", "boom\nsecond line", {"m-1": 1}),
        ([BATCH, TIMED_OUT], "Timeout", "Task timed out after 2.00 seconds", {"m-1": 2, "m-2": 1}),
        ([TIMED_OUT], "Timeout", "Task timed out after 2.00 seconds", {}),
        (
            [BATCH, EXITED, REPORT],
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed: out of memory, 830 MB used of 128 MB",
            {"m-1": 2, "m-2": 1},
        ),
    ],
)
def test_a_call_without_an_answer_is_found_once_with_its_messages(
    texts: list[str], exception: str, reason: str, messages: dict[str, int]
) -> None:
    (crash,) = find_crashes([line(1_000 + index, text) for index, text in enumerate(texts)])
    assert (crash.exception, crash.reason, crash.receives) == (exception, reason, messages)
    assert "Traceback" in crash.detail or exception != "RuntimeError"
    assert all(is_failure(line(0, text)) for text in texts if text not in (BATCH, REPORT))


def test_the_messages_of_a_call_without_an_answer_are_failing_and_have_its_reason() -> None:
    lines = [line(1_000, BATCH), line(2_000, TIMED_OUT)]
    orders = track(*lines).find(3_000).orders
    assert [(one.message_id, one.attempt, one.exception) for one in orders] == [
        ("m-1", "try 2 of 3", "Timeout"),
        ("m-2", "try 1 of 3", "Timeout"),
    ]
    assert collect_failures(lines).by_message["m-1"].reason == "Task timed out after 2.00 seconds"


def test_what_names_no_message_is_counted_and_found_by_the_time_of_a_message() -> None:
    lines = [line(at_ms, TRACEBACK) for at_ms in (1_000, 181_000, 361_000, 10_000_000)]
    (kind,) = track(*lines[:3]).find(400_000).crashes
    assert (kind.exception, kind.times, kind.last_at_ms) == ("RuntimeError", 3, 361_000)
    failures = collect_failures(lines)
    found = failures.find("m", 500)
    assert found is not None
    assert (found.is_by_time, found.times, found.last_at_ms) == (True, 3, 361_000)
    assert "Traceback" in found.detail
    assert NEAR_MS > 361_000
    assert failures.find("m", 10_000_001) is None


@given(st.lists(st.text() | st.sampled_from([CRASH, BATCH, TIMED_OUT, EXITED, REPORT, TRACEBACK]), max_size=8))
def test_no_line_ends_the_reading(texts: list[str]) -> None:
    lines = [line(index, text) for index, text in enumerate(texts)]
    track(*lines).find(10)
    collect_failures(lines).find("m", 0)


@pytest.mark.parametrize(
    "odd",
    [
        {"messageIds": 5},
        {"messageIds": [1, None, {}], "receiveCounts": "x"},
        {"messageIds": ["a"], "receiveCounts": [True, 2], "level": "ERROR", "stack": 7, "exception": {}},
        {
            "messageId": "m",
            "level": "ERROR",
            "receiveCount": "x",
            "pauseS": -1,
            "movedTo": 5,
            "orderId": [],
            "reason": {},
        },
        {"messageId": "m", "level": "ERROR", "receiveCount": 10**30, "pauseS": 1e9, "reason": "x" * 10**6},
    ],
)
def test_lines_of_other_programs_are_read_and_bounded(odd: dict[str, Any]) -> None:
    failing = track(line(0, json.dumps({"requestId": 3, **odd}))).find(1)
    assert all(len(order.reason) < 2_000 for order in failing.orders)
