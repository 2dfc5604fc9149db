"""Goal: a search shows what holds what was asked for, and CloudWatch's pattern never hides such a line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.patterns import parse_pattern
from orders.function_log.lines import Entry, LogLine, read_entry
from orders.function_log.search import BUDGET_MS, LogQuery, search_back
from tests.unit.orders.fakes import FakeClock

PATTERN_MAX = 1_024


def entry_of(order_id: str) -> Entry:
    text = json.dumps({"level": "INFO", "outcome": "stored", "orderId": order_id}, ensure_ascii=False)
    return read_entry(LogLine("1", 1, "s", text))


@given(st.text(min_size=1, max_size=300) | st.text(alphabet='a*"\\%{} ', min_size=1))
def test_the_pattern_lets_the_lines_of_any_order_pass(order_id: str) -> None:
    entry = entry_of(order_id)
    query = LogQuery(order_id=order_id)
    assert query.holds(entry)
    assert len(query.pattern) <= PATTERN_MAX
    assert parse_pattern(query.pattern).extract(entry.text) is not None
    assert not query.holds(entry_of(order_id + "x"))


@given(
    st.text(max_size=40),
    st.text(min_size=1, max_size=40) | st.text(alphabet='a "\\%?-', min_size=1),
    st.text(max_size=9),
)
def test_the_pattern_lets_the_lines_with_any_text_pass(before: str, text: str, after: str) -> None:
    entry = read_entry(LogLine("1", 1, "s", before + text + after))
    query = LogQuery(text=text)
    assert query.holds(entry)
    assert len(query.pattern) <= PATTERN_MAX
    assert parse_pattern(query.pattern).extract(entry.text) is not None


@given(st.text(), st.booleans())
def test_any_line_is_read(text: str, looks_structured: bool) -> None:
    line = "{" + text if looks_structured else text
    assert read_entry(LogLine("1", 1, "s", line)).text == line


def test_a_line_that_is_nested_without_end_is_read_as_text() -> None:
    assert read_entry(LogLine("1", 1, "s", '{"a":' * 100_000)).outcome is None


class SlowLog:
    """Every page takes a while and holds a line that is wanted and one that is not."""

    def __init__(self, clock: FakeClock, page_ms: float) -> None:
        self.clock = clock
        self.page_ms = page_ms
        self.pages = 0

    def page_back(
        self, pattern: str, since_ms: int, until_ms: int | None, token: str, limit: int
    ) -> tuple[Sequence[LogLine], str]:
        self.clock.wait_ms(self.page_ms)
        self.pages += 1
        lines = [LogLine(f"{self.pages} {text}", 1, "s", text) for text in ("wanted", "else")]
        return lines[:limit], str(self.pages)


def test_a_search_that_takes_long_shows_what_it_found_and_where_to_go_on() -> None:
    clock = FakeClock()
    log = SlowLog(clock, BUDGET_MS / 2)
    found = search_back(log, LogQuery("wanted"), clock, limit=50)
    assert [entry.event_id for entry in found.entries] == ["1 wanted", "2 wanted"]
    assert found.token == "2"


def test_a_search_ends_with_the_lines_it_may_show() -> None:
    clock = FakeClock()
    found = search_back(SlowLog(clock, 0), LogQuery("wanted"), clock, limit=3)
    assert len(found.entries) == 3
    assert found.token == "3"
