"""``python -m tests.crash.outage``: a real outage of the table while real orders flow, on a clock that nobody moves.

A proxy between OrderProcessor and the table refuses every request for some minutes. Printed are the calls that the
outage cost, the orders in OrderDLQ, and when the last order was stored. Exit code 1 if an order is lost or
dead-lettered.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from onebox.testing import EngineThread
from orders.deployment.package import HANDLER, build_package
from orders.local.demo import load_sample
from tests.api.order_system import OrderSystem, make_order_system
from tests.fault_proxy import ANSWERS, FaultProxy

EVERY_S = 1.0
STEADY_S = 10
PATIENCE_S = 900


@dataclass(frozen=True)
class Result:
    """What the outage cost."""

    orders: int
    stored: int
    dead_lettered: int
    table_calls: int
    set_asides: int
    drained_s: float
    fresh_s: float
    """From the end of the outage until an order is stored that was published then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--way", choices=[*ANSWERS, "hang up"], default="refuse")
    chosen = parser.parse_args()
    with EngineThread() as engine, FaultProxy(engine.endpoint_url) as table:
        system = make_order_system(
            engine,
            build_package().content,
            HANDLER,
            raw=False,
            report_failures=True,
            prompt=True,
            environment={"AWS_ENDPOINT_URL_DYNAMODB": table.url},
        )
        result = _run(system, table, chosen.minutes * 60, chosen.way)
    for name, value in vars(result).items():
        print(f"{name.replace('_', ' '):<14} {value:,}")
    sys.exit(0 if result.stored == result.orders and not result.dead_lettered else 1)


def _run(system: OrderSystem, table: FaultProxy, outage_s: float, way: str) -> Result:
    texts = cycle(entry.text for entry in load_sample())
    published: list[str] = []
    _publish(system, texts, published, STEADY_S)
    table.fail(way)
    _publish(system, texts, published, outage_s)
    table.recover()
    ended = time.monotonic()
    _publish(system, texts, published, EVERY_S)
    fresh_s = _wait_for(system, published[-1:], ended)
    drained_s = _wait_for(system, published, ended)
    lines = system.log_lines()
    dead = system.client("sqs").get_queue_attributes(QueueUrl=system.dlq_url, AttributeNames=["All"])["Attributes"]
    return Result(
        orders=len(published),
        stored=sum(system.find(order_id) is not None for order_id in published),
        dead_lettered=int(dead["ApproximateNumberOfMessages"]),
        table_calls=table.requests,
        set_asides=sum("movedTo" in line for line in lines),
        drained_s=round(drained_s, 1),
        fresh_s=round(fresh_s, 1),
    )


def _publish(system: OrderSystem, texts: Iterator[str], published: list[str], seconds: float) -> None:
    """An order a second."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        text = next(texts)
        system.publish(text)
        published.append(json.loads(text)["orderId"])
        time.sleep(EVERY_S)


def _wait_for(system: OrderSystem, order_ids: list[str], since: float) -> float:
    """Seconds since a moment until all are stored."""
    missing = set(order_ids)
    while missing and time.monotonic() - since < PATIENCE_S:
        missing = {order_id for order_id in missing if system.find(order_id) is None}
        time.sleep(0.2)
    return time.monotonic() - since


if __name__ == "__main__":
    main()
