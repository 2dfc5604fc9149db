"""One soak: capacity, steady load at half of it, and then every promise that it was held to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.polling import until
from tests.soak.box import EXPIRING_A_SECOND, REMOVED_AFTER_S, SoakBox, watching
from tests.soak.ledger import Ledger, StoredOrders, audit_dead_letters
from tests.soak.publisher import BATCH, Publisher
from tests.soak.samples import Sample, describe_growth, describe_retention, describe_waits, second_half
from tests.soak.traffic import Traffic

WARM_UP_MESSAGES = 500
CAPACITY_CONNECTIONS = 2
SHARE_OF_CAPACITY = 0.5
DRAIN_S = 600.0
GROWTH_FROM_S = 600.0
"""A shorter run says nothing about growth: its second half still fills caches."""

ROWS_AN_ORDER = {
    "dynamodb_items": (1.0, "the orders"),
    "dynamodb_index_entries": (2.0, "their entries in two indexes"),
    "dynamodb_item_history": (0.1, "replaced notifications, kept for point-in-time recovery for 35 days"),
    "logs_event": (2.5, "the function's log lines, removed by the log group's retention"),
    "sqs_message": (0.02, "OrderDLQ"),
    "sqs_body": (0.02, "OrderDLQ"),
}
"""What may grow with the orders: rows for each."""
OTHER_ROWS_AN_ORDER = 0.002
ROWS_A_MINUTE = 300
"""Metrics, for each minute: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html"""
ROWS_BESIDE = 2_000
"""The neighbours' items, and what is in the queues."""


@dataclass(frozen=True)
class Plan:
    """A run. ``rate`` is in messages a second; None takes half of the capacity, which 0 seconds do not measure."""

    seconds: float
    rate: float | None
    seed: int
    every_s: float = 30.0
    capacity_s: float = 20.0
    warm_up: int = WARM_UP_MESSAGES


@dataclass
class Result:
    """What a run came to."""

    rate: float
    capacity: float | None
    """Orders a second; None if it was not measured."""
    ledger: Ledger
    samples: list[Sample]
    kept: list[str] = field(default_factory=list)
    """A sentence for each promise that was kept."""
    broken: list[str] = field(default_factory=list)
    """A sentence for each that was not."""

    def judge(self, sentence: str, is_kept: bool) -> None:
        """Note a promise."""
        (self.kept if is_kept else self.broken).append(sentence)


def soak(box: SoakBox, plan: Plan, say: Callable[[str], None]) -> Result:
    """Load the box, then hold it to everything."""
    traffic, ledger = Traffic(plan.seed), Ledger()
    publisher = Publisher(box.server.port, box.pipeline.topic_arn, ledger)
    publisher.count(traffic.new_order, plan.warm_up)
    _wait_until_idle(box)
    capacity = _measure_capacity(box, plan, traffic, publisher) if plan.capacity_s else None
    rate = plan.rate if plan.rate is not None else (capacity or 0.0) * SHARE_OF_CAPACITY
    if capacity is not None:
        say(f"capacity now: {capacity:,.0f} orders/s; the load is {rate:,.0f} messages/s, {rate / capacity:.0%} of it")
    result = Result(rate, capacity, ledger, [])
    say(_HEAD)
    earlier, planned = ledger.messages, int(rate * plan.seconds)
    with _publishing(box, plan, rate, traffic, publisher) as is_over:
        result.samples += _watch(box, plan, ledger, is_over, say)
    if (published := ledger.messages - earlier) < planned - BATCH:
        say(f"the machine was too busy for this rate: {published:,} messages of {planned:,} in the given time")
    began = time.monotonic()
    _wait_until_idle(box)
    say(f"OrderQueue was empty {time.monotonic() - began:.1f} s after the last publish")
    _judge(box, plan, traffic, publisher, result)
    return result


def _measure_capacity(box: SoakBox, plan: Plan, traffic: Traffic, publisher: Publisher) -> float:
    """Orders a second from the first publish to the last one stored, published as fast as onebox takes them."""
    before, began = box.stored(), time.monotonic()
    publisher.flat_out(traffic.new_order, plan.capacity_s, CAPACITY_CONNECTIONS)
    _wait_until_idle(box)
    return (box.stored() - before) / (time.monotonic() - began)


def _wait_until_idle(box: SoakBox) -> None:
    until(lambda: box.waiting() == 0, "an empty OrderQueue", patience_s=DRAIN_S, pause_s=0.1)


@contextmanager
def _publishing(
    box: SoakBox, plan: Plan, rate: float, traffic: Traffic, publisher: Publisher
) -> Iterator[threading.Event]:
    """The steady load and what expires beside it. Its event is set when the load has ended by itself."""
    is_over, stop = threading.Event(), threading.Event()

    def publish() -> None:
        try:
            publisher.steadily(traffic.next, rate, plan.seconds, stop)
        finally:
            is_over.set()

    threads = [
        threading.Thread(target=publish),
        threading.Thread(target=box.put_what_expires, args=(is_over,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield is_over
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _watch(
    box: SoakBox, plan: Plan, ledger: Ledger, is_over: threading.Event, say: Callable[[str], None]
) -> list[Sample]:
    """A sample at each interval until the load ends."""
    samples: list[Sample] = []
    began = time.monotonic()
    with watching(box) as (reader, writer):
        while not is_over.wait(max(0.0, began + (len(samples) + 1) * plan.every_s - time.monotonic())):
            samples.append(box.sample(time.monotonic() - began, ledger.messages, reader, writer))
            say(_row(samples[-1]))
        samples.append(box.sample(time.monotonic() - began, ledger.messages, reader, writer))
        say(_row(samples[-1]))
    return samples


_HEAD = (
    "   time published    stored waiting  OrderDLQ     memory files processes   database       log "
    " reader p99  writer p99"
)


def _row(sample: Sample) -> str:
    return (
        f"{int(sample.at_s) // 60:4}:{int(sample.at_s) % 60:02} {sample.published:9,} {sample.stored:9,} "
        f"{sample.waiting:7,} {sample.dead:9,} {sample.resident_kib / 1024:6.1f} MiB {sample.files:5} "
        f"{sample.processes:9} {sample.database_bytes / 1e6:7,.0f} MB {sample.log_bytes / 1e6:6.1f} MB "
        f"{sample.reader.p99_ms:8.1f} ms {sample.writer.p99_ms:8.1f} ms"
    )


def _judge(box: SoakBox, plan: Plan, traffic: Traffic, publisher: Publisher, result: Result) -> None:
    """Every promise, after the queue was emptied."""
    ledger = result.ledger
    for failure in publisher.failures:
        result.judge(failure, False)
    result.judge(f"{ledger.messages:,} messages published and acknowledged, none refused", not publisher.failures)
    _judge_rows(box, plan, result)
    differences = audit(box, traffic, ledger)
    for sentence in differences:
        result.judge(sentence, False)
    counts = f"{ledger.orders:,} orders stored once with their newest content, {ledger.invalid:,} invalid messages in"
    result.judge(f"{counts} OrderDLQ once, nothing else", not differences)
    result.judge("OrderQueue is empty", box.waiting() == 0)
    for sentence, is_kept in describe_retention(result.samples, EXPIRING_A_SECOND, REMOVED_AFTER_S):
        result.judge(sentence, is_kept)
    if plan.seconds >= GROWTH_FROM_S and len(second_half(result.samples)) > 2:
        for sentence, is_kept in [*describe_growth(result.samples), *describe_waits(result.samples)]:
            result.judge(sentence, is_kept)


def audit(box: SoakBox, traffic: Traffic, ledger: Ledger) -> list[str]:
    """A sentence for each difference between the ledger and the table and OrderDLQ."""
    stored = StoredOrders(ledger, traffic.templates)
    for item in box.items():
        stored.add(item)
    return [*stored.differences(), *audit_dead_letters(ledger, box.dead_letter_texts())]


def _judge_rows(box: SoakBox, plan: Plan, result: Result) -> None:
    """Each table of the database is as large as the orders explain."""
    orders = result.ledger.orders
    beside = ROWS_BESIDE + ROWS_A_MINUTE * plan.seconds / 60
    explained = []
    for table, count in box.rows().items():
        an_order, _ = ROWS_AN_ORDER.get(table, (OTHER_ROWS_AN_ORDER, ""))
        allowed = orders * an_order + beside
        if count > allowed:
            result.judge(f"{table} has {count:,} rows for {orders:,} orders (allowed {allowed:,.0f})", False)
        elif table in ROWS_AN_ORDER:
            explained.append(f"{table} {count:,} ({ROWS_AN_ORDER[table][1]})")
    result.judge(f"rows of the database: {', '.join(explained)}; all others are few", True)
