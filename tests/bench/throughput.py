"""Orders a second, what an order costs, and how soon it is readable: the whole pipeline on one server."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.connection import Connection
from tests.bench.orders import seed_orders
from tests.bench.pipeline import Function, Pipeline, missing
from tests.bench.processor_time import Cost, Work, cost_of
from tests.bench.publisher import SnsConnection, publish_all, quote
from tests.bench.usage import read_usage
from tests.peers.servers import Peer

WARM_UP_ORDERS = 1_000
LATENCIES = 200
ASKING_S = 0.0002
GET_ITEM = "X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/x-amz-json-1.0\r\n"


@dataclass
class Throughput:
    """Orders a second, from the first publish to the last answer and to the last order stored."""

    peer: str
    work: str
    orders: int
    published_per_s: float
    stored_per_s: float
    cost: Cost


def say(text: str) -> None:
    """Progress, which is no part of the report."""
    print(text, file=sys.stderr, flush=True)


def measure_throughput(
    pipeline: Pipeline, work: str, orders: list[tuple[str, str]], *, threads: int, batch: int
) -> Throughput:
    """Publish all orders, wait until all are stored, check every one of them."""
    peer, messages = pipeline.peer, quote([text for _, text in orders])
    before = read_usage(peer)
    begin = time.perf_counter()
    publish_all("127.0.0.1", peer.port, pipeline.topic_arn, messages, threads=threads, batch=batch)
    published = time.perf_counter()
    client_s = read_usage(peer).client_s
    pipeline.wait_until_drained()
    stored = time.perf_counter()
    cost = cost_of(read_usage(peer)._replace(client_s=client_s).since(before), len(orders))
    lost = missing(pipeline, [order_id for order_id, _ in orders])
    if lost:
        raise RuntimeError(f"{peer.name} lost {len(lost)} of {len(orders)} orders, first {lost[:3]}")
    result = Throughput(
        peer=peer.name,
        work=work,
        orders=len(orders),
        published_per_s=round(len(orders) / (published - begin), 1),
        stored_per_s=round(len(orders) / (stored - begin), 1),
        cost=cost,
    )
    say(f"  {peer.name:10} {work}: {result.stored_per_s:,.0f} orders/s, {cost.total_ms:.2f} ms of CPU time an order")
    return result


def compare(peers: Sequence[type[Peer]], runs: int, work: Work) -> dict[str, list[Throughput]]:
    """The runs of each server; the servers take turns, so that a machine that slows down slows all of them."""
    results: dict[str, list[Throughput]] = {peer.name: [] for peer in peers}
    for _ in range(runs):
        for peer in peers:
            with deployed(peer, work.function, raw=work.raw, threads=work.threads, batch=work.batch) as pipeline:
                measured = measure_throughput(pipeline, work.name, work.orders, threads=work.threads, batch=work.batch)
                results[peer.name].append(measured)
    return results


@contextmanager
def deployed(
    peer: type[Peer], function: Function, *, raw: bool, threads: int = 2, batch: int = 10
) -> Iterator[Pipeline]:
    """One pipeline on a server of its own, warmed up as it is going to be published to."""
    with peer() as server:
        pipeline = Pipeline(server)
        pipeline.deploy(function, raw=raw)
        warm_up(pipeline, threads=threads, batch=batch)
        yield pipeline


def warm_up(pipeline: Pipeline, *, threads: int = 2, batch: int = 10, orders: int = WARM_UP_ORDERS) -> None:
    """Start the functions' processes, so that their start is no part of a figure: a server starts further ones only as
    orders wait."""
    messages = quote([text for _, text in seed_orders(orders, "warm-up")])
    publish_all("127.0.0.1", pipeline.peer.port, pipeline.topic_arn, messages, threads=threads, batch=batch)
    pipeline.wait_until_drained()


def measure_latency(pipeline: Pipeline, count: int) -> dict[str, float]:
    """Milliseconds from the start of a publish until GetItem returns the order.

    The table is asked every 0.2 ms by a client that costs little: boto3 takes 1 ms for a call, on the cores on which
    server and function work."""
    port = pipeline.peer.port
    publisher = SnsConnection("127.0.0.1", port, pipeline.topic_arn)
    reader = Connection("127.0.0.1", port, "dynamodb", GET_ITEM)
    latencies_ms = []
    for order_id, text in seed_orders(count, "latency"):
        (message,) = quote([text])
        key = json.dumps({"TableName": "Orders", "Key": {"orderId": {"S": order_id}}}).encode()
        begin = time.perf_counter()
        publisher.publish(message)
        while b'"Item"' not in reader.call(key):
            time.sleep(ASKING_S)
        latencies_ms.append((time.perf_counter() - begin) * 1000)
    publisher.close()
    reader.close()
    ordered = sorted(latencies_ms)
    result = {
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[max(0, int(len(ordered) * 0.99) - 1)], 2),
    }
    say(f"  {pipeline.peer.name:10} publish to readable: p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    return result
