"""What an order costs when many are stored, against an empty table.

Two boxes, one with an empty table and one that was filled, take turns with the same orders under random ids, so that
whatever else the machine does meets both. Compared is the processor time of server and function for an order.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import sys

from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline
from tests.bench.processor_time import Cost, Work, median_cost, spend
from tests.peers.servers import Onebox

_ITEM_CHARACTERS = 1_500


def measure_growth(orders_stored: int, orders: int, runs: int) -> dict[str, float]:
    """Processor time of an order with ``orders_stored`` stored over that with none; the median of the turns."""
    with contextlib.ExitStack() as boxes:
        empty, full = (Pipeline(boxes.enter_context(Onebox())) for _ in range(2))
        _, sample = real_orders(1, "preload")[0]
        for pipeline in (empty, full):
            pipeline.deploy(our_function(), raw=False)
        full.preload(orders_stored, {"note": {"S": sample[:_ITEM_CHARACTERS]}}, random.Random("preload"))
        costs: dict[Pipeline, list[Cost]] = {empty: [], full: []}
        for turn in range(-1, runs):
            for pipeline, of_box in costs.items():
                of_orders = real_orders(orders, "", random.Random(f"turn {turn}"))
                cost = spend(pipeline, Work("growth", our_function(), of_orders, raw=False, threads=2, batch=10))
                if turn >= 0:  # the first one starts the functions' processes
                    of_box.append(cost)
        resident_mib = full.peer.resident_mib()
    ratios = [after.total_ms / before.total_ms for before, after in zip(costs[empty], costs[full], strict=True)]
    result = {
        "empty_ms": round(median_cost(costs[empty]).total_ms, 3),
        "full_ms": round(median_cost(costs[full]).total_ms, 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        "resident_after_mib": round(resident_mib, 1),
    }
    print(
        f"  with {orders_stored:,} orders stored: {result['ratio']:.0%} of the processor time of an order with none "
        f"({result['ratio_min']:.0%} to {result['ratio_max']:.0%} in {runs} turns), {resident_mib:.0f} MiB",
        file=sys.stderr,
        flush=True,
    )
    return result
