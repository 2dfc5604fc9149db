"""Goal: a failed order is told with what is known of it, found by any of its ids, and never lost on its way back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.dead_letters.grouping import group_by_reason, select, select_by_reason
from orders.dead_letters.messages import BATCH_BYTES_MAX, BatchError, OutgoingMessage, QueueMessage
from orders.dead_letters.reasons import FROM_CHECK, FROM_LOG, FROM_NOWHERE, UNKNOWN, join_reasons, make_failed_order
from orders.dead_letters.redrive import delete_chosen, send_back
from orders.function_log.failures import LoggedFailure, LoggedFailures, collect_failures
from orders.function_log.lines import LogLine, parse_line
from orders.rate_limit import RateLimiter
from tests.unit.orders.fakes import FakeClock

FAILURE = LoggedFailure(
    message_id="m-1",
    order_id=None,
    exception="OrderRejected",
    reason="not JSON",
    field=None,
    first_at_ms=5,
    last_at_ms=9,
    times=3,
)


def message(message_id: str, body: str, **attributes: Any) -> QueueMessage:
    return QueueMessage(
        message_id=message_id, body=body, receipt_handle="handle", sent_at_ms=1, receives=3, attributes=attributes
    )


class Died(Exception):
    """The process was killed here."""


class FakeQueue:
    """A queue whose nth call dies, and that answers the messages in ``failing`` with their next failure."""

    def __init__(self, *messages: QueueMessage) -> None:
        self.messages = {one.message_id: one for one in messages}
        self.sent: list[OutgoingMessage] = []
        self.calls: list[int] = []
        self.calls_left = -1
        self.failing: dict[str, list[BatchError]] = {}

    @contextmanager
    def taking(self, limit: int | None = None) -> Iterator[Iterator[QueueMessage]]:
        yield iter(list(self.messages.values())[:limit])

    def delete(self, messages: Sequence[QueueMessage]) -> list[BatchError | None]:
        answers = self._answer([one.message_id for one in messages])
        for one, failed in zip(messages, answers, strict=True):
            if failed is None:
                del self.messages[one.message_id]
        return answers

    def send(self, messages: Sequence[OutgoingMessage]) -> list[BatchError | None]:
        answers = self._answer([one.body for one in messages])
        self.sent += [one for one, failed in zip(messages, answers, strict=True) if failed is None]
        return answers

    def _answer(self, names: list[str]) -> list[BatchError | None]:
        if self.calls_left == 0:
            raise Died
        self.calls_left -= 1
        self.calls.append(len(names))
        return [failures.pop(0) if (failures := self.failing.get(name)) else None for name in names]


def test_make_failed_order_joins_message_and_log() -> None:
    order = make_failed_order(message("m-1", "oops"), FAILURE)
    assert (order.order_id, order.reason, order.exception) == (None, "not JSON", "OrderRejected")
    assert (order.first_failed_at_ms, order.failed_at_ms, order.reason_from) == (5, 9, FROM_LOG)


def test_make_failed_order_when_the_log_is_gone_says_so_and_reads_the_order_id() -> None:
    order = make_failed_order(message("m-2", '{"orderId":"A"}'), None)
    assert (order.order_id, order.reason, order.reason_from) == ("A", UNKNOWN, FROM_NOWHERE)


def test_make_failed_order_when_the_log_is_gone_checks_the_order_again() -> None:
    order = make_failed_order(message("m-2", '{"total":1}'), None)
    assert (order.exception, order.field, order.reason_from) == (
        "OrderRejected",
        "orderId",
        FROM_CHECK,
    )
    assert order.reason.startswith("orderId is missing")


@pytest.mark.parametrize(
    ("body", "order_id"),
    [
        ('{"orderId":"A","timestamp":"yesterday"}', "A"),
        ('{"orderId":7}', None),
        ('{"orderId":""}', None),
        ("[1]", None),
        ("oops", None),
        ("9" * 5000, None),
        ("[" * 100_000, None),
    ],
)
def test_make_failed_order_of_a_broken_order_knows_its_id_if_it_has_one(body: str, order_id: str | None) -> None:
    assert make_failed_order(message("m", body), None).order_id == order_id


def test_make_failed_order_shows_the_attributes_of_envelope_and_message() -> None:
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn",
        "Message": "{}",
        "MessageAttributes": {"status": {"Type": "String", "Value": "paid"}},
    }
    raw = {"total": {"DataType": "Number", "StringValue": "19.99"}, "blob": {"DataType": "Binary", "BinaryValue": b""}}
    order = make_failed_order(message("m", json.dumps(envelope), **raw), None)
    assert order.attributes == {"status": "paid", "total": "19.99", "blob": "(Binary)"}


def test_group_by_reason_puts_together_what_differs_only_in_what_was_found() -> None:
    def failed(name: str, reason: str, at_ms: int) -> LoggedFailure:
        return LoggedFailure(
            message_id=name,
            order_id=None,
            exception="OrderRejected",
            reason=reason,
            field="total",
            first_at_ms=at_ms,
            last_at_ms=at_ms + 1,
            times=1,
        )

    failures = {
        "a": failed("a", "total: expected a number, got 1, got 2", 7),
        "b": failed("b", "not JSON: Expecting value: line 1 column 1 (char 0)", 3),
        "c": failed("c", 'total: expected a number, got "x"', 5),
    }
    failed_orders = join_reasons([message(name, '{"orderId":"O"}') for name in "abcd"], LoggedFailures(failures))
    groups = [
        (one.orders, one.reason, one.first_at_ms, one.last_at_ms, one.message_ids)
        for one in group_by_reason(failed_orders)
    ]
    assert groups == [
        (2, "total: expected a number", 5, 8, ["a", "c"]),
        (1, failures["b"].reason, 3, 4, ["b"]),
        (1, UNKNOWN, None, None, ["d"]),
    ]


def test_select_by_order_id_message_id_and_its_beginning() -> None:
    failed_orders = [
        make_failed_order(message(name, f'{{"orderId":"O-{name}"}}'), None) for name in ("abc1", "abd2", "abc")
    ]
    assert [order.message_id for order in select(failed_orders, "O-abd2")] == ["abd2"]
    assert [order.message_id for order in select(failed_orders, "abc")] == ["abc"], "a whole id is no beginning"
    assert [order.message_id for order in select(failed_orders, "ab")] == ["abc1", "abd2", "abc"]
    assert select(failed_orders, "nothing") == []


def test_select_by_reason_takes_exception_and_words_in_any_case() -> None:
    failed_orders = join_reasons(
        [message("m-1", "oops"), message("m-2", '{"orderId":"A"}')], LoggedFailures({"m-1": FAILURE})
    )
    assert [order.message_id for order in select_by_reason(failed_orders, "orderrejected: NOT")] == ["m-1"]
    assert [order.message_id for order in select_by_reason(failed_orders, "unknown")] == ["m-2"]


def test_send_back_of_a_choice_sends_those_mended_with_their_attributes_and_leaves_the_others() -> None:
    failed, target = (
        FakeQueue(message("a", "A", x={"DataType": "String"}), message("b", "B"), message("c", "C")),
        FakeQueue(),
    )
    counts: list[int] = []
    assert send_back(failed, target, ["c", "a", "gone"], edited={"a": "A+"}, on_sent=counts.append) == ["a", "c"]
    assert target.sent == [OutgoingMessage("A+", {"x": {"DataType": "String"}}), OutgoingMessage("C", {})]
    assert (list(failed.messages), counts) == (["b"], [2])


def test_send_back_of_an_edited_order_keeps_the_trace_of_its_envelope() -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    held = {"traceparent": {"Type": "String", "Value": traceparent}}
    content = {"Type": "Notification", "MessageId": "n", "TopicArn": "t", "Message": "{}", "MessageAttributes": held}
    full = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    source = FakeQueue(
        message("edited", json.dumps(content)), message("as it is", json.dumps(content)), message("full", "{}", **full)
    )
    target = FakeQueue()
    send_back(source, target, ["edited", "as it is", "full"], edited={"edited": '{"orderId":"1"}', "full": "[]"})
    kept = {"traceparent": {"DataType": "String", "StringValue": traceparent}}
    assert [dict(one.attributes) for one in target.sent] == [kept, {}, full]


def test_send_back_sends_and_deletes_ten_at_a_time_and_never_more_bytes_than_a_batch_takes() -> None:
    small = [message(f"{number}", "x") for number in range(24)]
    large = [message(f"large-{number}", "x" * (BATCH_BYTES_MAX // 2 - 10)) for number in range(5)]
    failed, target = FakeQueue(*small, *large), FakeQueue()
    assert len(send_back(failed, target, list(failed.messages))) == 29
    assert target.calls == [10, 10, 6, 2, 1], "the third ten: four small and two large ones, two, and one"
    assert (failed.calls, failed.messages) == ([10, 10, 6, 2, 1], {})


def test_send_back_of_few_among_many_holds_none_back_until_a_batch_is_full() -> None:
    failed, target = FakeQueue(*(message(f"{number}", f"{number}") for number in range(40))), FakeQueue()
    assert send_back(failed, target, ["5", "25"]) == ["5", "25"]
    assert target.calls == [1, 1]


def test_size_counts_bytes_of_the_body_and_of_attributes() -> None:
    attributes = {
        "status": {"DataType": "String", "StringValue": "£"},
        "b": {"DataType": "Binary", "BinaryValue": b"12"},
    }
    assert OutgoingMessage("£", attributes).size_bytes == 2 + (6 + 6 + 2) + (1 + 6 + 2)


def test_send_back_keeps_to_the_rate_in_small_batches() -> None:
    clock = FakeClock()
    began_ms = clock.monotonic_ms()
    sent_at: list[tuple[int, float]] = []
    failed = FakeQueue(*(message(f"{number}", "") for number in range(12)))
    ids = list(failed.messages)
    send_back(
        failed,
        FakeQueue(),
        ids,
        limiter=RateLimiter(50, clock),
        on_sent=lambda count: sent_at.append((count, clock.monotonic_ms() - began_ms)),
    )
    assert sent_at == [(5, 0), (10, 100), (12, 200)]


def test_send_back_tries_again_what_the_queue_failed_at_and_tells_what_stays() -> None:
    failed, target = FakeQueue(*(message(name, name) for name in "abcd")), FakeQueue()
    busy, wrong = BatchError("InternalError", retryable=True), BatchError("InvalidMessageContents", retryable=False)
    target.failing = {"a": [busy], "b": [wrong], "c": [busy] * 9}
    failed.failing = {"d": [busy] * 9}
    problems: dict[str, str] = {}
    assert sorted(send_back(failed, target, "abcd", on_problem=problems.__setitem__)) == ["a", "d"]
    assert sorted(one.body for one in target.sent) == ["a", "d"]
    assert list(failed.messages) == ["b", "c", "d"]
    assert problems == {
        "b": "not sent back: InvalidMessageContents",
        "c": "not sent back: InternalError",
        "d": "sent back, but not removed: InternalError",
    }


@given(
    st.integers(0, 12),
    st.sampled_from(["source", "target"]),
    st.dictionaries(st.integers(0, 24), st.lists(st.booleans(), max_size=4)),
)
def test_send_back_killed_at_any_call_loses_nothing(calls: int, where: str, refusals: dict[int, list[bool]]) -> None:
    names = [f"{number}" for number in range(25)]
    failed, target = FakeQueue(*(message(name, name) for name in names)), FakeQueue()
    (failed if where == "source" else target).calls_left = calls
    target.failing = {f"{name}": [BatchError("", retryable=not one) for one in ones] for name, ones in refusals.items()}
    with suppress(Died):
        send_back(failed, target, names)
    sent = [one.body for one in target.sent]
    assert set(sent) | set(failed.messages) == set(names)
    assert len(set(sent)) == len(sent), "none is sent twice by one command"
    assert len(set(sent) & set(failed.messages)) <= 10, "at most one batch is there twice"


def test_delete_chosen_deletes_those_counts_them_and_tells_what_stays() -> None:
    failed = FakeQueue(message("a", ""), message("b", ""), message("c", ""))
    failed.failing = {"c": [BatchError("ReceiptHandleIsInvalid", retryable=False)]}
    problems: dict[str, str] = {}
    assert delete_chosen(failed, ["b", "c", "gone"], on_problem=problems.__setitem__) == 1
    assert (list(failed.messages), problems) == (["a", "c"], {"c": "not deleted: ReceiptHandleIsInvalid"})


@pytest.mark.parametrize("text", ["START RequestId: 1", "{broken", '["messageId"]'])
def test_parse_line_of_other_lines_is_empty(text: str) -> None:
    assert parse_line(text) == {}


def test_collect_failures_counts_the_errors_of_a_message_and_keeps_the_last_reason() -> None:
    lines = [
        LogLine("1", 5, "s", '{"level":"ERROR","messageId":"m","exception":"Throttled","reason":"busy","field":null}'),
        LogLine("2", 7, "s", '{"level":"ERROR","messageId":"m","exception":"OrderRejected","reason":"no","field":"x"}'),
        LogLine("3", 8, "s", '{"level":"INFO","messageId":"n"}'),
    ]
    assert collect_failures(lines).by_message == {
        "m": LoggedFailure(
            message_id="m",
            order_id=None,
            exception="OrderRejected",
            reason="no",
            field="x",
            first_at_ms=5,
            last_at_ms=7,
            times=2,
        )
    }
