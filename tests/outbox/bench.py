"""``make bench-outbox``: how fast `orders relay` is on each database, onebox being the endpoint.

rows/s: real orders wait in the outbox; one relay publishes them over two connections; from its first to its last look.
Commit to readable: single commits, one after the other; from the end of the shop's commit until the order can be read
from the table, by a client that asks again and again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from orders.clock import SystemClock
from orders.outbox import add
from orders.outbox.database import open_database
from orders.outbox.relay import Options, Relay
from orders.outbox.store import OutboxStore
from orders.outbox.table import make_tables
from orders.outbox.waking import Stop, make_waking
from orders.publishing.topic import open_order_topic
from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline
from tests.outbox.chaos import RelayProcess, make_outbox
from tests.outbox.servers import SERVERS, is_installed
from tests.outbox.shop import open_shop
from tests.peers.servers import Onebox

ORDERS = 5_000
COMMITS = 100


def publish_all(url: str, endpoint_url: str, orders: int) -> float:
    """Publish what waits by a relay in this process, connected before the clock starts; the seconds."""
    tables, stop = make_tables(), Stop()
    topic = open_order_topic(endpoint_url, "us-east-1", None)
    opened = open_database(url)
    relay = Relay(
        OutboxStore(opened, tables),
        lambda: topic,
        make_waking(opened, tables.outbox, stop, 100),
        SystemClock(),
        Options("bench"),
    )
    begin = time.perf_counter()
    progress = relay.run(once=True)
    seconds = time.perf_counter() - begin
    stop.close()
    if progress.sent != orders:
        raise RuntimeError(f"{progress.sent} of {orders} orders were published: {progress.problem}")
    return seconds


def measure(database: str, orders: int, commits: int) -> dict[str, object]:
    """One database."""
    with SERVERS[database]() as server, Onebox() as onebox, TemporaryDirectory() as folder:
        pipeline = Pipeline(onebox)
        pipeline.deploy(our_function(), raw=False)
        make_outbox(server.url)
        relay = RelayProcess(server.url, onebox.endpoint_url, Path(folder), 0)
        engine = open_shop(server.url)
        with engine.begin() as connection:
            for _, order in real_orders(orders, "waiting"):
                add(connection, order)
        rate = orders / publish_all(server.url, onebox.endpoint_url, orders)
        pipeline.wait_until_drained()
        relay.start()
        relay.wait_until_running()
        latencies = []
        for order_id, order in real_orders(commits, "single"):
            with engine.begin() as connection:
                add(connection, order)
            begin = time.perf_counter()
            key = {"orderId": {"S": order_id}}
            while "Item" not in pipeline.dynamodb.get_item(TableName="Orders", Key=key):
                pass
            latencies.append((time.perf_counter() - begin) * 1000)
        relay.stop()
        engine.dispose()
    return {
        "database": database,
        "rows_per_s": round(rate),
        "commit_to_readable_p50_ms": round(statistics.median(latencies), 1),
        "commit_to_readable_p99_ms": round(statistics.quantiles(latencies, n=100)[98], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-outbox", description=__doc__)
    parser.add_argument("--database", choices=list(SERVERS), default=None, help="default: all that are installed")
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--commits", type=int, default=COMMITS)
    arguments = parser.parse_args()
    for database in [arguments.database] if arguments.database else filter(is_installed, SERVERS):
        print(json.dumps(measure(database, arguments.orders, arguments.commits)), flush=True)


if __name__ == "__main__":
    main()
