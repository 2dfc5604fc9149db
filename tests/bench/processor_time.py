"""``python -m tests.bench.processor_time``: the processor time of one order, by where it is spent.

Orders a second depend on what else the machine does; the processor time that an order takes does so far less. Counted
are the server's process, the function's processes and the client while it publishes, in the kernel's own figures.
Needs Linux (/proc).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass

from tests.bench.orders import our_function, real_orders, seed_function, seed_orders
from tests.bench.pipeline import Function, Pipeline
from tests.bench.publisher import publish_all, quote
from tests.bench.usage import Usage, read_usage
from tests.peers.servers import Onebox, Peer

_WARM_UP_ORDERS = 400
# Asking for the backlog costs the server as well; this seldom it does not show.
_BACKLOG_PACE_S = 0.25


@dataclass(frozen=True)
class Work:
    """One pipeline and how it is published to."""

    name: str
    function: Function
    orders: list[tuple[str, str]]
    raw: bool
    threads: int
    batch: int


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor time, user and system, for one order, and what it wrote."""

    server_ms: float
    function_ms: float
    client_ms: float
    written_bytes: float = 0.0
    """Bytes that the server gave to the disk."""

    @property
    def total_ms(self) -> float:
        return self.server_ms + self.function_ms + self.client_ms


def works(orders: int) -> list[Work]:
    """The two pipelines of ``make bench``."""
    seed = Work("seed's code", seed_function(), seed_orders(orders, "cost"), raw=True, threads=4, batch=1)
    ours = Work("our processor", our_function(), real_orders(orders, "cost"), raw=False, threads=2, batch=10)
    return [seed, ours]


def measure_cost(peer: type[Peer], work: Work) -> Cost:
    """Publish the orders of a pipeline, wait until all are stored, divide what that took."""
    with peer() as server:
        pipeline = Pipeline(server)
        pipeline.deploy(work.function, raw=work.raw)
        warm_up = quote([text for _, text in seed_orders(_WARM_UP_ORDERS, "warm-up")])
        publish_all("127.0.0.1", server.port, pipeline.topic_arn, warm_up, threads=2, batch=10)
        pipeline.wait_until_drained(pace_s=_BACKLOG_PACE_S)
        cost = spend(pipeline, work)
        stored = pipeline.count()
        if stored != len(work.orders) + _WARM_UP_ORDERS:
            raise RuntimeError(f"{server.name} stored {stored} orders, not {len(work.orders) + _WARM_UP_ORDERS}")
    return cost


def spend(pipeline: Pipeline, work: Work) -> Cost:
    """The same for a pipeline that is at rest."""
    server = pipeline.peer
    messages = quote([text for _, text in work.orders])
    before = read_usage(server)
    publish_all("127.0.0.1", server.port, pipeline.topic_arn, messages, threads=work.threads, batch=work.batch)
    client_s = read_usage(server).client_s
    pipeline.wait_until_drained(pace_s=_BACKLOG_PACE_S)
    return cost_of(read_usage(server)._replace(client_s=client_s).since(before), len(work.orders))


def cost_of(used: Usage, orders: int) -> Cost:
    """What was used, for each order."""
    return Cost(
        server_ms=used.server_s * 1000 / orders,
        function_ms=used.functions_s * 1000 / orders,
        client_ms=used.client_s * 1000 / orders,
        written_bytes=used.written_bytes / orders,
    )


def median_cost(costs: list[Cost]) -> Cost:
    """Each part's median; the parts of one run vary on their own."""
    return Cost(
        statistics.median(cost.server_ms for cost in costs),
        statistics.median(cost.function_ms for cost in costs),
        statistics.median(cost.client_ms for cost in costs),
        statistics.median(cost.written_bytes for cost in costs),
    )


def describe(peer: str, work: str, cost: Cost) -> str:
    """One line for people."""
    return (
        f"  {peer:10} {work}: {cost.total_ms:.3f} ms of processor time an order "
        f"(server {cost.server_ms:.3f}, function {cost.function_ms:.3f}, client {cost.client_ms:.3f})"
    )


def measure_costs(peers: list[type[Peer]], orders: int, runs: int, only: str = "") -> dict[tuple[str, str], list[Cost]]:
    """Every run of each pipeline on each peer, by work and peer; all take turns."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    for _ in range(runs):
        for work in works(orders):
            for peer in peers if only in work.name else ():
                cost = measure_cost(peer, work)
                costs.setdefault((work.name, peer.name), []).append(cost)
                print(describe(peer.name, work.name, cost), file=sys.stderr, flush=True)
    return costs


def report_costs(costs: dict[tuple[str, str], list[Cost]]) -> dict[str, dict[str, dict[str, float]]]:
    """The medians, by work and peer, as JSON shows them."""
    report: dict[str, dict[str, dict[str, float]]] = {}
    for (work, peer), measured in costs.items():
        cost = median_cost(measured)
        parts = {**asdict(cost), "total_ms": cost.total_ms}
        report.setdefault(work, {})[peer] = {name: round(value, 3) for name, value in parts.items()}
    return report


def main() -> None:
    arguments = parse_arguments()
    print(json.dumps(report_costs(measure_costs([Onebox], arguments.orders, arguments.runs, arguments.only)), indent=2))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.processor_time", description=__doc__)
    parser.add_argument("--orders", type=int, default=5_000, help="orders a run (default 5,000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each pipeline; the median of each part counts")
    parser.add_argument("--only", default="", help="measure pipelines whose name holds this (seed, our)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
