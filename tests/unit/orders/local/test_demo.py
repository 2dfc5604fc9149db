"""Goal: the demonstration counts right and carries what it may carry."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from orders.domain.order import parse_order
from orders.errors import OrderRejected
from orders.local.demo import Latency, invalid_entries, load_sample, summarize, tally
from orders.publishing.order_files import Entry


def line(message_id: str, outcome: str, latency_ms: float = 1.0) -> tuple[int, dict[str, Any]]:
    return int(latency_ms), {"messageId": message_id, "outcome": outcome, "latencyMs": latency_ms}


def test_tally_counts_each_order_once_however_often_it_came() -> None:
    lines = [line("a", "stored", 5), line("a", "duplicate", 9), line("b", "rejected"), line("b", "rejected"), (7, {})]
    counted = tally(lines)
    assert (counted.stored, counted.given_back, counted.last_stored_at_ms) == (1, 1, 9)
    assert counted.latency == Latency(5, 5, 5, 5)


def test_tally_of_an_order_that_came_through_at_last_counts_it_as_stored() -> None:
    assert tally([line("a", "unavailable"), line("a", "stored")])[:2] == (1, 0)


def test_summarize_gives_percentiles() -> None:
    assert summarize([float(number) for number in range(100, 0, -1)]) == Latency(51.0, 96.0, 100.0, 100.0)
    assert summarize([]) is None


def test_sample_is_real_orders_and_names_its_source_and_licence() -> None:
    sample = load_sample()
    orders = [parse_order(entry.text) for entry in sample]
    assert len({order.order_id for order in orders}) == 500
    assert sum(json.loads(entry.text, parse_float=Decimal)["total"] for entry in sample) == Decimal("231821.71")
    notice = files("orders").joinpath("local/sample/NOTICE.md").read_text("utf-8")
    assert "CC BY 4.0" in notice
    assert "https://doi.org/10.24432/C5BW33" in notice


@pytest.mark.parametrize("entry", invalid_entries(), ids=lambda entry: entry.source)
def test_invalid_order_is_refused(entry: Entry) -> None:
    with pytest.raises(OrderRejected):
        parse_order(entry.text)
