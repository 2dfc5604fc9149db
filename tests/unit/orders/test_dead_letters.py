"""Goal: a failed order is told with what is known of it, found by any of its ids, and never lost on its way back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.adapters.function_logs import Failure, LogLine, collect_failures, parse_line
from orders.adapters.queues import Message
from orders.dead_letters import (
    FROM_CHECK,
    FROM_LOG,
    FROM_NOWHERE,
    UNKNOWN,
    delete_chosen,
    group_by_reason,
    join_failures,
    make_dead_letter,
    select,
    select_by_reason,
    send_back,
)

FAILURE = Failure("m-1", None, "OrderRejected", "not JSON", None, 5, 9, 3)


def message(message_id: str, body: str, **attributes: Any) -> Message:
    return Message(message_id, body, "handle", 1, 3, attributes)


class Died(Exception):
    """The process was killed here."""


class FakeQueue:
    """A queue whose nth call dies, after it was done or before."""

    def __init__(self, *messages: Message) -> None:
        self.messages = {one.message_id: one for one in messages}
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.calls_left = -1

    @contextmanager
    def taking(self, limit: int | None = None) -> Iterator[Iterator[Message]]:
        yield iter(list(self.messages.values())[:limit])

    def delete(self, message: Message) -> None:
        self._live()
        del self.messages[message.message_id]

    def send(self, body: str, attributes: Mapping[str, Any]) -> None:
        self._live()
        self.sent.append((body, attributes))

    def _live(self) -> None:
        if self.calls_left == 0:
            raise Died
        self.calls_left -= 1


def test_make_dead_letter_joins_message_and_log() -> None:
    letter = make_dead_letter(message("m-1", "oops"), FAILURE)
    assert (letter.order_id, letter.reason, letter.exception) == (None, "not JSON", "OrderRejected")
    assert (letter.first_failed_at_ms, letter.failed_at_ms, letter.reason_from) == (5, 9, FROM_LOG)


def test_make_dead_letter_when_the_log_is_gone_says_so_and_reads_the_order_id() -> None:
    letter = make_dead_letter(message("m-2", '{"orderId":"A"}'), None)
    assert (letter.order_id, letter.reason, letter.reason_from) == ("A", UNKNOWN, FROM_NOWHERE)


def test_make_dead_letter_when_the_log_is_gone_checks_the_order_again() -> None:
    letter = make_dead_letter(message("m-2", '{"total":1}'), None)
    assert (letter.exception, letter.field, letter.reason_from) == ("OrderRejected", "orderId", FROM_CHECK)
    assert letter.reason.startswith("orderId is missing")


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
def test_make_dead_letter_of_a_broken_order_knows_its_id_if_it_has_one(body: str, order_id: str | None) -> None:
    assert make_dead_letter(message("m", body), None).order_id == order_id


def test_make_dead_letter_shows_the_attributes_of_envelope_and_message() -> None:
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn",
        "Message": "{}",
        "MessageAttributes": {"status": {"Type": "String", "Value": "paid"}},
    }
    raw = {"total": {"DataType": "Number", "StringValue": "19.99"}, "blob": {"DataType": "Binary", "BinaryValue": b""}}
    letter = make_dead_letter(message("m", json.dumps(envelope), **raw), None)
    assert letter.attributes == {"status": "paid", "total": "19.99", "blob": "(Binary)"}


def test_group_by_reason_puts_together_what_differs_only_in_what_was_found() -> None:
    def failed(name: str, reason: str, at_ms: int) -> Failure:
        return Failure(name, None, "OrderRejected", reason, "total", at_ms, at_ms + 1, 1)

    failures = {
        "a": failed("a", "total: expected a number, got 1, got 2", 7),
        "b": failed("b", "not JSON: Expecting value: line 1 column 1 (char 0)", 3),
        "c": failed("c", 'total: expected a number, got "x"', 5),
    }
    letters = join_failures([message(name, '{"orderId":"O"}') for name in "abcd"], failures)
    groups = [
        (one.orders, one.reason, one.first_at_ms, one.last_at_ms, one.message_ids) for one in group_by_reason(letters)
    ]
    assert groups == [
        (2, "total: expected a number", 5, 8, ["a", "c"]),
        (1, failures["b"].reason, 3, 4, ["b"]),
        (1, UNKNOWN, None, None, ["d"]),
    ]


def test_select_by_order_id_message_id_and_its_beginning() -> None:
    letters = [make_dead_letter(message(name, f'{{"orderId":"O-{name}"}}'), None) for name in ("abc1", "abd2", "abc")]
    assert [letter.message_id for letter in select(letters, "O-abd2")] == ["abd2"]
    assert [letter.message_id for letter in select(letters, "abc")] == ["abc"], "a whole id is no beginning"
    assert [letter.message_id for letter in select(letters, "ab")] == ["abc1", "abd2", "abc"]
    assert select(letters, "nothing") == []


def test_select_by_reason_takes_exception_and_words_in_any_case() -> None:
    letters = join_failures([message("m-1", "oops"), message("m-2", '{"orderId":"A"}')], {"m-1": FAILURE})
    assert [letter.message_id for letter in select_by_reason(letters, "orderrejected: NOT")] == ["m-1"]
    assert [letter.message_id for letter in select_by_reason(letters, "unknown")] == ["m-2"]


def test_send_back_of_a_choice_sends_those_mended_with_their_attributes_and_leaves_the_others() -> None:
    failed, target = (
        FakeQueue(message("a", "A", x={"DataType": "String"}), message("b", "B"), message("c", "C")),
        FakeQueue(),
    )
    counts: list[int] = []
    assert send_back(failed, target, ["c", "a", "gone"], mended={"a": "A+"}, on_sent=counts.append) == ["a", "c"]
    assert target.sent == [("A+", {"x": {"DataType": "String"}}), ("C", {})]
    assert (list(failed.messages), counts) == (["b"], [1, 2])


def test_send_back_paces_between_orders_not_before_the_first() -> None:
    pauses: list[int] = []
    failed = FakeQueue(*(message(name, "") for name in "abc"))
    send_back(failed, FakeQueue(), "abc", pace=lambda: pauses.append(1))
    assert len(pauses) == 2


@given(st.integers(0, 5), st.sampled_from(["source", "target"]))
def test_send_back_killed_at_any_call_loses_nothing(calls: int, where: str) -> None:
    failed, target = FakeQueue(*(message(name, name) for name in "abcde")), FakeQueue()
    (failed if where == "source" else target).calls_left = calls
    with suppress(Died):
        send_back(failed, target, "abcde")
    assert {body for body, _ in target.sent} | set(failed.messages) == set("abcde")
    assert len(target.sent) + len(failed.messages) <= 6, "at most one of them is there twice"


def test_delete_chosen_deletes_those_and_counts_them() -> None:
    failed = FakeQueue(message("a", ""), message("b", ""))
    assert delete_chosen(failed, ["b", "gone"]) == 1
    assert list(failed.messages) == ["a"]


@pytest.mark.parametrize("text", ["START RequestId: 1", "{broken", '["messageId"]'])
def test_parse_line_of_other_lines_is_empty(text: str) -> None:
    assert parse_line(text) == {}


def test_collect_failures_counts_the_errors_of_a_message_and_keeps_the_last_reason() -> None:
    lines = [
        LogLine("1", 5, "s", '{"level":"ERROR","messageId":"m","exception":"Throttled","reason":"busy","field":null}'),
        LogLine("2", 7, "s", '{"level":"ERROR","messageId":"m","exception":"OrderRejected","reason":"no","field":"x"}'),
        LogLine("3", 8, "s", '{"level":"INFO","messageId":"n"}'),
    ]
    assert collect_failures(lines) == {"m": Failure("m", None, "OrderRejected", "no", "x", 5, 7, 2)}
