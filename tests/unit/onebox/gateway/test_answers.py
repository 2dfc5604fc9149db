"""Goal: an answer's bytes cost no more than its size, whatever a function answers."""

from __future__ import annotations

import time

from onebox.gateway.answers import serialize
from onebox.gateway.message import Response


def _seconds(headers_count: int) -> float:
    """The processor time of an answer with so many headers, the best of three."""
    response = Response(200, b"body", [(f"x-{number}", "v" * 40) for number in range(headers_count)])
    costs = []
    for _ in range(3):
        began = time.process_time()
        head, _ = serialize(response, "Thu, 01 Jan 2026 00:00:00 GMT", keep_alive=True)
        costs.append(time.process_time() - began)
        assert head.count(b"\r\n") == headers_count + 4
    return min(costs)


def test_many_headers_cost_as_much_as_their_size() -> None:
    # 20 times as many: linear work is 20 times as much, and work by the square 400 times.
    assert _seconds(60_000) < 100 * _seconds(3_000)
