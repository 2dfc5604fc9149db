"""What `orders demo` publishes, and its summary of OrderProcessor's log. Pure, except for reading the sample."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from orders.processor.outcomes import GIVEN_BACK
from orders.publishing.order_files import Entry

SAMPLE = "online_retail_sample.jsonl.gz"
# OrderProcessor rejects each of these at every attempt.
INVALID = {
    "no orderId": '{"userId":"U-1","itemName":"an order without its id","total":9.99}',
    "not JSON": '{"orderId":"cut off in the middle","total":',
    "an empty orderId": '{"orderId":"","userId":"U-2","itemName":"an order with an empty id","total":9.99}',
}


class Latency(NamedTuple):
    """Time from an order's arrival in the queue until it is stored, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class Tally(NamedTuple):
    """The result of a run, from the function's log."""

    stored: int
    given_back: int
    last_stored_at_ms: int
    latency: Latency | None


def load_sample() -> list[Entry]:
    """The real orders of the packaged sample."""
    content = gzip.decompress(files("orders").joinpath(f"local/sample/{SAMPLE}").read_bytes()).decode()
    return [Entry(SAMPLE, number, number, line) for number, line in enumerate(content.splitlines(), 1)]


def invalid_entries() -> list[Entry]:
    """Invalid orders, which must be dead-lettered."""
    return [Entry(name, number, number, text) for number, (name, text) in enumerate(INVALID.items(), 1)]


def tally(lines: Iterable[tuple[int, Mapping[str, Any]]]) -> Tally:
    """Count the outcomes in structured log lines, each given with its time in ms. A message counts once."""
    last_stored_at_ms = 0
    latencies: dict[str, float] = {}
    given_back: set[str] = set()
    for at_ms, line in lines:
        message_id = line.get("messageId")
        if not isinstance(message_id, str):
            continue
        if line.get("outcome") in GIVEN_BACK:
            given_back.add(message_id)
        else:
            latencies.setdefault(message_id, float(line.get("latencyMs", 0.0)))
            last_stored_at_ms = max(last_stored_at_ms, at_ms)
    failing = len(given_back - latencies.keys())
    return Tally(len(latencies), failing, last_stored_at_ms, summarize(list(latencies.values())))


def summarize(latencies_ms: Sequence[float]) -> Latency | None:
    """The percentiles of these latencies; None if there are none."""
    if not latencies_ms:
        return None
    ordered = sorted(latencies_ms)
    return Latency(*(ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99, 1.0)))
