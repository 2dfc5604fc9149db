"""``make bench``: the figures of the README, measured now.

Every ratio compares two servers on the same work, by the same client, in this run on this machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.growth import measure_growth
from tests.bench.orders import our_function, real_orders, seed_function, seed_orders
from tests.bench.pipeline import Function, Pipeline, missing
from tests.bench.processor_time import measure_costs, report_costs
from tests.bench.publisher import SnsConnection, publish_all, quote
from tests.peers.environments import programs_of
from tests.peers.servers import MiniStack, Onebox, Peer

WARM_UP_ORDERS = 200


@dataclass
class Throughput:
    """Orders a second from the first publish to the last order stored."""

    peer: str
    work: str
    orders: int
    published_per_s: float
    stored_per_s: float


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure_throughput(
    pipeline: Pipeline, work: str, orders: list[tuple[str, str]], *, threads: int, batch: int
) -> Throughput:
    """Publish all orders, wait until all are stored, check every one of them."""
    messages = quote([text for _, text in orders])
    begin = time.perf_counter()
    publish_all("127.0.0.1", pipeline.peer.port, pipeline.topic_arn, messages, threads=threads, batch=batch)
    published = time.perf_counter()
    pipeline.wait_until_drained()
    stored = time.perf_counter()
    lost = missing(pipeline, [order_id for order_id, _ in orders])
    if lost:
        raise RuntimeError(f"{pipeline.peer.name} lost {len(lost)} of {len(orders)} orders, first {lost[:3]}")
    result = Throughput(
        pipeline.peer.name,
        work,
        len(orders),
        round(len(orders) / (published - begin), 1),
        round(len(orders) / (stored - begin), 1),
    )
    say(f"  {result.peer:10} {work}: {result.stored_per_s:,.0f} orders/s stored ({len(orders):,} orders)")
    return result


def measure_latency(pipeline: Pipeline, count: int) -> dict[str, float]:
    """Milliseconds from the start of a publish until GetItem returns the order."""
    connection = SnsConnection("127.0.0.1", pipeline.peer.port, pipeline.topic_arn)
    latencies_ms = []
    for order_id, text in seed_orders(count, "latency"):
        (message,) = quote([text])
        begin = time.perf_counter()
        connection.publish(message)
        while "Item" not in pipeline.dynamodb.get_item(TableName="Orders", Key={"orderId": {"S": order_id}}):
            pass
        latencies_ms.append((time.perf_counter() - begin) * 1000)
    connection.close()
    ordered = sorted(latencies_ms)
    result = {
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1], 2),
    }
    say(f"  {pipeline.peer.name:10} publish to readable: p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    return result


def run_work(
    peer: type[Peer],
    work: str,
    function: Function,
    orders: list[tuple[str, str]],
    *,
    raw: bool,
    threads: int,
    batch: int,
) -> Throughput:
    """One peer, one pipeline, one figure."""
    with peer() as server:
        pipeline = Pipeline(server)
        pipeline.deploy(function, raw=raw)
        warm_up(pipeline, function)
        return measure_throughput(pipeline, work, orders, threads=threads, batch=batch)


def warm_up(pipeline: Pipeline, function: Function) -> None:
    """Start the functions' processes, so that their start is no part of a figure."""
    messages = quote([text for _, text in seed_orders(WARM_UP_ORDERS, "warm-up")])
    publish_all("127.0.0.1", pipeline.peer.port, pipeline.topic_arn, messages, threads=2, batch=10)
    pipeline.wait_until_drained()


def measure_start(peer: type[Peer], runs: int) -> dict[str, float]:
    """Seconds from exec to the first answered health check, and processor time and memory then."""
    starts, memory, cpu = [], [], []
    for _ in range(runs):
        with peer() as server:
            starts.append(server.ready_s)
            cpu.append(server.cpu_s())
            memory.append(server.resident_mib())
    result = {
        "ready_s": round(statistics.median(starts), 3),
        "ready_cpu_s": round(min(cpu), 3),
        "resident_mib": round(max(memory), 1),
    }
    start = f"ready after {result['ready_s']} s ({result['ready_cpu_s']} s of CPU)"
    say(f"  {peer.name:10} {start}, {result['resident_mib']} MiB resident")
    return result


def main() -> None:
    arguments = parse_arguments()
    report: dict[str, Any] = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    peers: list[type[Peer]] = [Onebox]
    if not arguments.no_peer:
        say(f"MiniStack {MiniStack.version}, in .peers/ministack")
        programs_of("ministack")
        report["ministack"] = MiniStack.version
        peers.append(MiniStack)
    say("Start and memory")
    report["start"] = {peer.name: measure_start(peer, 5) for peer in peers}
    say("The seed's code, single publishes by 4 connections")
    small = seed_orders(arguments.orders, "single")
    report["seed"] = compare(peers, arguments.runs, "seed's code", seed_function(), small, raw=True, threads=4, batch=1)
    say("Our processor, PublishBatch, real orders")
    real = real_orders(arguments.orders, "batch")
    report["ours"] = compare(
        peers, arguments.runs, "our processor", our_function(), real, raw=False, threads=2, batch=10
    )
    say("Latency, seed's code")
    report["latency"] = {peer.name: latency_of(peer) for peer in peers}
    say("CPU time per order")
    report["cost"] = report_costs(measure_costs(peers, arguments.orders, arguments.runs))
    say("A table that has grown")
    report["growth"] = measure_growth(arguments.stored, arguments.orders, arguments.runs)
    summarize(report)
    text = json.dumps(report, indent=2)
    if arguments.output:
        Path(arguments.output).write_text(text + "\n", "utf-8")
    print(text)


def latency_of(peer: type[Peer]) -> dict[str, float]:
    with peer() as server:
        pipeline = Pipeline(server)
        pipeline.deploy(seed_function(), raw=True)
        warm_up(pipeline, seed_function())
        return measure_latency(pipeline, 200)


def compare(
    peers: list[type[Peer]], runs: int, work: str, function: Function, orders: list[tuple[str, str]], **how: Any
) -> dict[str, Any]:
    """The median run of each peer; the peers take turns, so that a machine that slows down slows all of them."""
    results: dict[str, list[Throughput]] = {peer.name: [] for peer in peers}
    for _ in range(runs):
        for peer in peers:
            results[peer.name].append(run_work(peer, work, function, orders, **how))
    return {name: summary_of(measured) for name, measured in results.items()}


def summary_of(measured: list[Throughput]) -> dict[str, Any]:
    """The median run, with the slowest and the fastest."""
    ordered = sorted(measured, key=lambda result: result.stored_per_s)
    median = asdict(ordered[len(ordered) // 2])
    return {**median, "stored_per_s_min": ordered[0].stored_per_s, "stored_per_s_max": ordered[-1].stored_per_s}


def summarize(report: dict[str, Any]) -> None:
    """The ratios, in words."""
    if "ministack" not in report:
        return
    seed, ours = report["seed"], report["ours"]
    of_seed = seed["onebox"]["stored_per_s"] / seed["MiniStack"]["stored_per_s"]
    of_ours = ours["onebox"]["stored_per_s"] / ours["MiniStack"]["stored_per_s"]
    of_both = ours["onebox"]["stored_per_s"] / seed["MiniStack"]["stored_per_s"]
    report["ratios"] = {
        "seed_code_single_publishes": round(of_seed, 1),
        "our_processor_publish_batch": round(of_ours, 1),
        "our_processor_over_peers_seed_pipeline": round(of_both, 1),
    }
    say(f"onebox over MiniStack {report['ministack']}: seed's code {of_seed:.1f} x, our processor {of_ours:.1f} x")
    say(f"our processor on onebox over the seed's pipeline on MiniStack: {of_both:.1f} x")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000, help="orders a figure (default 2,000)")
    parser.add_argument("--stored", type=int, default=100_000, help="orders stored for the growth figure")
    parser.add_argument("--runs", type=int, default=3, help="runs of each throughput figure; the median counts")
    parser.add_argument("--no-peer", action="store_true", help="measure onebox alone")
    parser.add_argument("--output", help="write the report to this file as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
