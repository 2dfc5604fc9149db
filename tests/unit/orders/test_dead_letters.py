"""Goal: a failed order is told with what is known of it, and found by any of its ids."""

from __future__ import annotations

from orders.adapters.function_logs import Failure, parse_line
from orders.adapters.queues import Message
from orders.dead_letters import UNKNOWN, make_dead_letter, select

FAILURE = Failure("m-1", None, "OrderRejected", "not JSON", None, 5, 9, 3)


def message(message_id: str, body: str) -> Message:
    return Message(message_id, body, "handle", 1, 3)


def test_make_dead_letter_joins_message_and_log() -> None:
    letter = make_dead_letter(message("m-1", "oops"), FAILURE)
    assert (letter.order_id, letter.reason, letter.exception, letter.failed_at_ms) == (
        None,
        "not JSON",
        "OrderRejected",
        9,
    )


def test_make_dead_letter_when_the_log_is_gone_says_so_and_reads_the_order_id() -> None:
    letter = make_dead_letter(message("m-2", '{"orderId":"A"}'), None)
    assert (letter.order_id, letter.reason) == ("A", UNKNOWN)


def test_select_by_order_id_message_id_and_its_beginning() -> None:
    letters = [make_dead_letter(message(name, f'{{"orderId":"O-{name}"}}'), None) for name in ("abc1", "abd2", "abc")]
    assert [letter.message_id for letter in select(letters, "O-abd2")] == ["abd2"]
    assert [letter.message_id for letter in select(letters, "abc")] == ["abc"], "a whole id is no beginning"
    assert [letter.message_id for letter in select(letters, "ab")] == ["abc1", "abd2", "abc"]
    assert select(letters, "nothing") == []


def test_parse_line_of_other_lines_is_empty() -> None:
    assert parse_line("START RequestId: 1") == parse_line("{broken") == {}
    assert parse_line('{"messageId":"m"}') == {"messageId": "m"}
