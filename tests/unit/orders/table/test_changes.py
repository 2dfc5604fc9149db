"""Goal: each change is told once, with the order as it is stored, and nothing that changed nothing is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from orders.function_log.lines import LogLine
from orders.table.changes import OVERLAP_MS, Changes


class FakeLog:
    def __init__(self) -> None:
        self.all: list[LogLine] = []
        self.asked_since: list[int] = []

    def say(self, at_ms: int, **content: Any) -> None:
        self.all.append(LogLine(str(len(self.all)), at_ms, "s", json.dumps(content)))

    def lines(self, since_ms: int, pattern: str = "") -> Iterator[LogLine]:
        self.asked_since.append(since_ms)
        return iter([line for line in self.all if line.at_ms >= since_ms])


class FakeTable:
    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        self.asked.append(list(order_ids))
        return {order_id: {"orderId": order_id} for order_id in order_ids}


def test_take_new_tells_each_change_once_in_time_and_reads_its_orders_in_one_call() -> None:
    log, table = FakeLog(), FakeTable()
    changes = Changes(log, table, 1_000)
    log.say(2_000, level="INFO", outcome="stored", orderId="B")
    log.say(1_000, level="INFO", outcome="stored", orderId="A")
    log.say(2_001, level="INFO", outcome="duplicate", orderId="A")
    log.say(2_002, level="ERROR", outcome="rejected", orderId=None, messageId="m", reason="not JSON")
    log.all.append(LogLine("start", 2_003, "s", "START RequestId"))
    told = changes.take_new()
    assert [(one.outcome, one.order_id, one.order is not None, one.reason) for one in told] == [
        ("stored", "A", True, None),
        ("stored", "B", True, None),
        ("rejected", None, False, "not JSON"),
    ]
    assert table.asked == [["A", "B"]]
    log.say(1_500, level="INFO", outcome="stored", orderId="C")
    assert [one.order_id for one in changes.take_new()] == ["C"], "a line that came late is told"
    assert changes.take_new() == []


def test_take_new_looks_back_a_little_and_no_further() -> None:
    log = FakeLog()
    changes = Changes(log, FakeTable(), 0)
    log.say(100_000, level="INFO", outcome="stored", orderId="A")
    changes.take_new()
    assert changes.take_new() == []
    assert log.asked_since == [0, 100_000 - OVERLAP_MS]
