"""``make cost``: calls, milliseconds and dollars for a million orders, the seed's own code against ours.

Each runs on a onebox of its own with the same real orders. Counted, not assumed: publishes by the publisher, calls of
the function and of DynamoDB, write units and log bytes from onebox's metrics and logs. Milliseconds are processor time
of the function's processes, AWS's runtime client included, so that other work on the machine does not count; they are
the median of several rounds on the same onebox, after a warm-up. What only
AWS can tell, how long a call waits for DynamoDB and how much of a core so much memory gets, is taken from
orders.capacity.plan.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.capacity.plan import CHUNK_BYTES, CORE_MB, GB_BYTES, MILLION, ROUND_TRIP_MS, load_prices
from orders.clock import SystemClock
from orders.outbox import add
from orders.outbox.database import open_database
from orders.outbox.relay import Options, Relay
from orders.outbox.store import OutboxStore
from orders.outbox.table import as_ddl, creation_sql, make_tables
from orders.outbox.waking import Stop, make_waking
from orders.publishing.bulk import Progress, publish_entries
from orders.publishing.ledger import NoLedger
from orders.publishing.message import Message
from orders.publishing.order_files import read_entries
from orders.publishing.ports import Rejection
from orders.publishing.topic import OrderTopic
from tests.bench.orders import real_orders, seed_function
from tests.bench.pipeline import REGION, Pipeline, deploy_ours, missing
from tests.bench.publisher import publish_all, quote
from tests.bench.throughput import say
from tests.peers.servers import Onebox, Peer

WARM_UP = 200
SETTLE_S = 60
# Services hand their figures to CloudWatch every five seconds.
COLLECTED_EVERY_S = 6
# CloudWatch Logs bills this for each line besides its bytes: https://aws.amazon.com/cloudwatch/pricing/
LOG_LINE_BYTES = 26
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Way:
    """How orders are handled: made, published, and billed for by memory and architecture."""

    name: str
    make: Callable[[Peer], Pipeline]
    publish: Callable[[Pipeline, Sequence[str]], list[int]]
    """Publishes all orders; the bytes of each call."""
    memory_mb: int
    architecture: str


@dataclass
class Measured:
    """What some orders came to."""

    orders: int
    publishes: int
    publish_chunks: int
    function_calls: float
    table_calls: float
    write_units: float
    log_bytes: int
    rounds_ms: list[float]
    """Processor time of the function for an order, in each round."""
    dollars: dict[str, float] = field(default_factory=dict)

    @property
    def processor_ms(self) -> float:
        """For an order: the median of the rounds."""
        return statistics.median(self.rounds_ms)

    def per_million(self, count: float) -> float:
        return count / self.orders * MILLION


# --- The ways -----------------------------------------------------------------------------------------------------


def make_seed(peer: Peer) -> Pipeline:
    """By the seed's instructions, one message a call. Raw delivery, since its code cannot read SNS's envelope."""
    pipeline = Pipeline(peer)
    pipeline.deploy(seed_function(), raw=True, batch_size=1)
    return pipeline


def publish_singly(pipeline: Pipeline, orders: Sequence[str]) -> list[int]:
    peer = pipeline.peer
    publish_all("127.0.0.1", peer.port, pipeline.topic_arn, quote(orders), threads=2, batch=1)
    return [len(order.encode()) for order in orders]


class CountingTopic(OrderTopic):
    """Our own way to SNS, with the bytes of each call."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(aws)
        self.calls: list[int] = []

    def publish(self, messages: Sequence[Message]) -> list[Rejection | None]:
        self.calls.append(sum(message.size_bytes for message in messages))
        return super().publish(messages)


def publish_in_batches(pipeline: Pipeline, orders: Sequence[str]) -> list[int]:
    """What ``orders publish`` does."""
    topic = CountingTopic(Aws(Settings(pipeline.peer.endpoint_url, REGION, None, ("test", "test"), is_onebox=True)))
    progress = Progress()
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("\n".join(orders) + "\n")
        file.flush()
        publish_entries(read_entries(file.name), topic, NoLedger(), SystemClock(), progress)
    if progress.refusals:
        raise RuntimeError(f"refused: {progress.refusals[0]}")
    return topic.calls


def publish_from_outbox(pipeline: Pipeline, orders: Sequence[str]) -> list[int]:
    """What ``orders relay run --once`` does with orders that wait in a SQLite outbox."""
    topic = CountingTopic(Aws(Settings(pipeline.peer.endpoint_url, REGION, None, ("test", "test"), is_onebox=True)))
    tables, stop = make_tables(), Stop()
    with tempfile.TemporaryDirectory() as folder:
        opened = open_database(f"{folder}/shop.db", create=True)
        with opened.transaction() as connection:
            for statement in creation_sql(tables, opened.engine.dialect, notify=False):
                connection.execute(as_ddl(statement))
            for order in orders:
                add(connection, order)
        waking = make_waking(opened, tables.outbox, stop, 100)
        store = OutboxStore(opened, tables)
        progress = Relay(store, lambda: topic, waking, SystemClock(), Options("cost")).run(once=True)
    stop.close()
    if progress.sent != len(orders):
        raise RuntimeError(f"{progress.sent} of {len(orders)} orders were published: {progress.problem}")
    return topic.calls


WAYS = (
    Way("the seed's code", make_seed, publish_singly, 128, "x86_64"),
    Way("ours", deploy_ours, publish_in_batches, 512, "arm64"),
    Way("ours, from an outbox", deploy_ours, publish_from_outbox, 512, "arm64"),
)


# --- Measuring --------------------------------------------------------------------------------------------------------


def whole_numbers(count: int, run: str) -> list[tuple[str, str]]:
    """Real orders with every fraction times a hundred: the seed's code cannot store a number with a fraction."""

    def hundredfold(value: Any) -> Any:
        if isinstance(value, Decimal):
            return int(value * 100)
        if isinstance(value, dict):
            return {name: hundredfold(member) for name, member in value.items()}
        return [hundredfold(member) for member in value] if isinstance(value, list) else value

    return [
        (order_id, json.dumps(hundredfold(json.loads(text, parse_float=Decimal)), ensure_ascii=False))
        for order_id, text in real_orders(count, run)
    ]


def measure(way: Way, orders: int, rounds: int) -> Measured:
    """Store that many orders in each round, count what all of them came to, and time the function in each."""
    with Onebox() as server:
        pipeline = way.make(server)
        way.publish(pipeline, [text for _, text in whole_numbers(WARM_UP, "warm-up")])
        pipeline.wait_until_drained()
        before, calls, rounds_ms = _counted(pipeline, WARM_UP), [], []
        for number in range(1, rounds + 1):
            chosen = whole_numbers(orders, f"counted{number}")
            cpu_ms = _children_ms(server.process.pid)
            calls += way.publish(pipeline, [text for _, text in chosen])
            pipeline.wait_until_drained()
            rounds_ms.append((_children_ms(server.process.pid) - cpu_ms) / orders)
            say(f"  round {number} of {rounds}: {rounds_ms[-1]:.2f} ms of the function's processor time an order")
            lost = missing(pipeline, [order_id for order_id, _ in chosen])
            if lost:
                raise RuntimeError(f"{way.name} lost {len(lost)} of {orders} orders, first {lost[:3]}")
        say("  counting the calls")
        after = _counted(pipeline, WARM_UP + rounds * orders)
    counts = {name: after[name] - before[name] for name in after}
    return Measured(
        rounds * orders,
        publishes=len(calls),
        publish_chunks=sum(math.ceil(size / CHUNK_BYTES) for size in calls),
        function_calls=counts["calls"],
        table_calls=counts["table_calls"],
        write_units=counts["write_units"],
        log_bytes=int(counts["log_bytes"]),
        rounds_ms=rounds_ms,
    )


def _counted(pipeline: Pipeline, orders: int) -> dict[str, float]:
    """The figures of onebox's CloudWatch once they hold so many orders and change no more."""
    deadline = time.monotonic() + SETTLE_S
    counts = _read(pipeline)
    while time.monotonic() < deadline:
        time.sleep(COLLECTED_EVERY_S)
        earlier, counts = counts, _read(pipeline)
        if counts["stored"] >= orders and counts == earlier:
            return counts
    raise RuntimeError(f"CloudWatch tells of {counts['stored']:,.0f} of {orders:,} orders after {SETTLE_S} s")


def _read(pipeline: Pipeline) -> dict[str, float]:
    puts = _metric(pipeline, "AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", Operation="PutItem")
    batches = _metric(
        pipeline, "AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", Operation="BatchExecuteStatement"
    )
    # Both ways take an order from the queue once it is stored.
    stored = _metric(pipeline, "AWS/SQS", "NumberOfMessagesDeleted", "Sum", QueueName="OrderQueue")
    return {
        "stored": stored,
        "calls": _metric(pipeline, "AWS/Lambda", "Invocations", "Sum", FunctionName="OrderProcessor"),
        "table_calls": puts + batches,
        "write_units": _metric(pipeline, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum"),
        "log_bytes": _log_bytes(pipeline),
    }


def _metric(pipeline: Pipeline, namespace: str, name: str, statistic: str, **dimensions: str) -> float:
    if namespace == "AWS/DynamoDB":
        dimensions = {"TableName": "Orders", **dimensions}
    now = datetime.now(timezone.utc)
    points = pipeline.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=3),
        EndTime=now + timedelta(minutes=2),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def _log_bytes(pipeline: Pipeline) -> int:
    pages = pipeline.client("logs").get_paginator("filter_log_events")
    events = (event for page in pages.paginate(logGroupName="/aws/lambda/OrderProcessor") for event in page["events"])
    return sum(len(event["message"].encode()) + LOG_LINE_BYTES for event in events)


def _children_ms(pid: int) -> float:
    """Processor time of a process's children, the living and those that have ended."""
    ticks = sum(_stat(pid)[13:15])
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _stat(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[1] == pid:
            ticks += sum(fields[11:15])
    return ticks * 1000 / TICKS_PER_S


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/PID/stat after the state: [1] the parent, [11:13] own time, [13:15] that of ended children.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    text = Path(f"/proc/{pid}/stat").read_text()
    return [0, *(int(field) for field in text.rpartition(")")[2].split()[1:])]


# --- Dollars ----------------------------------------------------------------------------------------------------------


def price(way: Way, measured: Measured) -> dict[str, float]:
    """US dollars for a million orders, at list prices, without what is paid for a month whatever comes."""
    prices = {name: row["usd"] for name, row in load_prices()["regions"][REGION]["prices"].items()}
    million = measured.per_million
    calls = million(measured.function_calls)
    # Lambda bills whole milliseconds.
    call_ms = math.ceil(call_duration_ms(way, measured))
    gb_seconds = calls * call_ms / 1000 * way.memory_mb / 1024
    dollars = {
        "SNS": million(measured.publish_chunks) * prices["sns_million_requests"] / MILLION,
        "SQS": sqs_requests(measured) * prices["sqs_million_requests"] / MILLION,
        "Lambda": calls * prices["lambda_million_requests"] / MILLION
        + gb_seconds * prices[f"lambda_gb_second_{way.architecture}"],
        "DynamoDB": million(measured.write_units) * prices["dynamodb_million_write_units"] / MILLION,
        "CloudWatch Logs": million(measured.log_bytes)
        / GB_BYTES
        * (prices["logs_gb_ingested"] + prices["logs_gb_month"]),
    }
    return {**dollars, "total": sum(dollars.values())}


def sqs_requests(measured: Measured) -> float:
    """For a million orders: SNS sends each, and a call of the function costs a receive and a delete."""
    return MILLION + 2 * measured.per_million(measured.function_calls)


def call_duration_ms(way: Way, measured: Measured) -> float:
    """How long a call of the function would take on AWS, with the share of a core that its memory gets."""
    share = min(1.0, way.memory_mb / CORE_MB)
    waiting_ms = measured.table_calls / measured.function_calls * ROUND_TRIP_MS
    return measured.processor_ms * measured.orders / measured.function_calls / share + waiting_ms


# --- The table --------------------------------------------------------------------------------------------------------


def rows(way: Way, measured: Measured) -> dict[str, str]:
    million = measured.per_million
    calls = {
        "SNS, publishes": million(measured.publishes),
        "SQS, sends, receives and deletes": sqs_requests(measured),
        "Lambda, calls of the function": million(measured.function_calls),
        "DynamoDB, calls": million(measured.table_calls),
    }
    shown = {name: f"{count:,.0f}" for name, count in calls.items()}
    shown["all calls"] = f"{sum(calls.values()):,.0f}"
    shown["processor time of the function, ms an order"] = f"{measured.processor_ms:.2f}"
    waiting_ms = measured.table_calls / measured.orders * ROUND_TRIP_MS
    shown[f"waiting for DynamoDB, {ROUND_TRIP_MS:g} ms a call, ms an order"] = f"{waiting_ms:.2f}"
    shown["orders a call of the function"] = f"{measured.orders / measured.function_calls:.1f}"
    shown["a call on AWS, ms"] = f"{call_duration_ms(way, measured):.1f}, {way.memory_mb} MB, {way.architecture}"
    shown["write units"] = f"{million(measured.write_units):,.0f}"
    shown["log, GB"] = f"{million(measured.log_bytes) / GB_BYTES:.2f}"
    return shown | {f"{service}, USD": f"{dollars:.3f}" for service, dollars in measured.dollars.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make cost", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000, help="orders a round (default 1,000)")
    parser.add_argument("--rounds", type=int, default=3, help="of each way; the median of the processor time counts")
    arguments = parser.parse_args()
    results = []
    for number, way in enumerate(WAYS, 1):
        say(f"{number}/{len(WAYS)} {way.name}, about 25 s")
        measured = measure(way, arguments.orders, arguments.rounds)
        measured.dollars = price(way, measured)
        results.append(rows(way, measured))
    shown = f"{arguments.rounds} rounds of {arguments.orders:,} real orders"
    print(f"\nPython {platform.python_version()}, {shown}, prices of {REGION}\n")
    print("| a million orders | " + " | ".join(way.name for way in WAYS) + " |")
    print("| --- |" + " --- |" * len(WAYS))
    for name in results[0]:
        print(f"| {name} | " + " | ".join(result[name] for result in results) + " |")


if __name__ == "__main__":
    main()
