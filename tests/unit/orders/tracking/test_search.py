"""Goal: one text finds the order, user, message and request that it names, and reads no more than it must."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.patterns import parse_pattern
from orders.dead_letters.messages import QueueMessage
from orders.dead_letters.reasons import FailedOrder, make_failed_order
from orders.function_log.lines import LogLine, read_entry
from orders.table.query import Bounds, Position
from orders.tracking.search import DEAD_LETTERS_MAX, USER_ORDERS_MAX, IdQuery, SearchResult, find_anything
from tests.unit.orders.fakes import FakeClock

MESSAGE, OTHER = "a5db39d8-edc2-42f3-a49c-89b09e6effcf", "b4d6202f-0000-4000-8000-000000000000"
REQUEST = "f104a70b-deb0-45cb-add3-6660e41ccca7"


class FakeSources:
    """The four sources in memory; ``asked`` names those that were read."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.lines: list[LogLine] = []
        self.dead: list[FailedOrder] = []
        self.asked: list[str] = []
        self.indexes = self
        self.log = self

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        return self.orders.get(order_id)

    def orders_of_user(
        self,
        user: str,
        statuses: Sequence[str],
        bounds: Bounds,
        *,
        newest_first: bool,
        page_items: int,
        after: Position | None = None,
    ) -> Iterator[dict[str, Any]]:
        return (order for order in self.orders.values() if order.get("userId") == user)

    def orders_of_status(
        self, status: str, bounds: Bounds, *, newest_first: bool, page_items: int, after: Position | None = None
    ) -> Iterator[dict[str, Any]]:
        raise AssertionError("a search asks for no status")

    def page_back(
        self, pattern: str, since_ms: int, until_ms: int | None, token: str, limit: int
    ) -> tuple[Sequence[LogLine], str]:
        self.asked.append("log")
        passes = parse_pattern(pattern)
        found = [line for line in reversed(self.lines) if passes.extract(line.text) is not None]
        return found[:limit], ""

    def failed_orders(self, limit: int) -> Sequence[FailedOrder]:
        self.asked.append("dlq")
        return self.dead[:limit]

    def add_line(self, message_id: str, order_id: str | None, outcome: str, **more: Any) -> None:
        level = "INFO" if outcome == "stored" else "ERROR"
        content = {"level": level, "outcome": outcome, "orderId": order_id, "messageId": message_id, **more}
        at_ms = 1_000 + len(self.lines)
        self.lines.append(LogLine(str(at_ms), at_ms, "s", json.dumps({**content, "requestId": REQUEST})))

    def add_dead_letter(self, message_id: str, body: str) -> None:
        self.dead.append(make_failed_order(QueueMessage(message_id, body, "", 1_000, 3), None))


def find(sources: FakeSources, text: str) -> SearchResult:
    return find_anything(text, sources, FakeClock())


def test_an_order_id_finds_the_order_and_its_messages() -> None:
    sources = FakeSources()
    sources.orders["1001"] = {"orderId": "1001", "userId": "ada", "timestamp": "2026-05-03"}
    sources.add_line(MESSAGE, "1001", "stored")
    sources.add_line(OTHER, "1001x", "stored")
    found = find(sources, " 1001 ")
    assert found.order == sources.orders["1001"]
    (message,) = found.messages
    assert (message.message_id, message.outcome, message.request_ids) == (MESSAGE, "stored", (REQUEST,))
    assert (found.requests, found.user_orders, found.is_complete) == ((), (), True)
    assert "dlq" not in sources.asked


def test_a_user_is_found_with_the_newest_orders_and_whether_there_are_more() -> None:
    sources = FakeSources()
    for number in range(USER_ORDERS_MAX + 1):
        sources.orders[str(number)] = {"orderId": str(number), "userId": "ada", "timestamp": "2026-05-03"}
    found = find(sources, "ada")
    assert (len(found.user_orders), found.has_more_user_orders) == (USER_ORDERS_MAX, True)
    assert "dlq" not in sources.asked


def test_a_message_is_found_by_its_first_eight_characters_in_the_log_and_in_order_dlq() -> None:
    sources = FakeSources()
    sources.add_line(MESSAGE, None, "rejected", exception="OrderRejected", reason="orderId is missing", receiveCount=3)
    sources.add_dead_letter(MESSAGE, "{}")
    sources.add_dead_letter(OTHER, "{}")
    for text in (MESSAGE, MESSAGE[:8]):
        (message,) = find(sources, text).messages
        assert message.message_id == MESSAGE
        assert message.dead_letter is not None
        assert "orderId is missing" in message.said


def test_a_dead_letter_is_found_by_its_order_id_when_the_log_has_expired() -> None:
    sources = FakeSources()
    sources.add_dead_letter(MESSAGE, '{"orderId": "1003", "timestamp": "yesterday"}')
    (message,) = find(sources, "1003").messages
    assert (message.message_id, message.order_id, message.outcome) == (MESSAGE, "1003", None)
    assert "timestamp" in message.said


def test_a_request_is_found_with_its_messages_and_the_lines_of_lambda() -> None:
    sources = FakeSources()
    sources.lines.append(LogLine("0", 900, "s", f"START RequestId: {REQUEST} Version: $LATEST"))
    sources.add_line(MESSAGE, "1001", "stored")
    sources.add_line(OTHER, "1002", "stored")
    (request,) = find(sources, REQUEST).requests
    assert (request.first_at_ms, request.lines, set(request.message_ids)) == (900, 3, {MESSAGE, OTHER})


def test_an_order_dlq_that_holds_more_than_is_read_makes_the_search_incomplete() -> None:
    sources = FakeSources()
    for number in range(DEAD_LETTERS_MAX):
        sources.add_dead_letter(f"{number:08x}-0000-4000-8000-000000000000", "{}")
    found = find(sources, "not-there")
    assert (found.is_empty, found.is_complete) == (True, False)


def test_what_cannot_be_an_id_finds_nothing_and_asks_nobody() -> None:
    sources = FakeSources()
    for text in ("", "  ", "half \ud83d", "x" * 2_049):
        assert find(sources, text).is_empty
    assert not sources.asked


@given(st.text(min_size=1, max_size=60) | st.text("0123456789abcdef-", min_size=8, max_size=36))
def test_the_pattern_lets_every_line_pass_that_carries_the_id(text: str) -> None:
    query = IdQuery(text)
    content = {"outcome": "stored", "level": "INFO", "orderId": text}
    lines = [content] if not query.names(text) else [content, {**content, "orderId": "o", "messageId": f"{text}0"}]
    for line in lines:
        entry = read_entry(LogLine("1", 1, "s", json.dumps(line, ensure_ascii=False)))
        assert query.holds(entry)
        assert parse_pattern(query.pattern).extract(entry.text) is not None


@given(st.text())
def test_any_text_is_searched_without_an_error(text: str) -> None:
    assert find(FakeSources(), text).is_empty
