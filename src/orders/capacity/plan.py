"""Estimates the monthly cost at a given rate, the first limiting quota, and the settings to use.

Promises: every figure follows from the dated price file and the assumptions in the answer; no AWS calls are made.
Prices are list prices without free tier: an estimate for comparisons, not a bill.
Independent of AWS's API, the display and the account.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

from orders.capacity.options import OPTIONS, fill, option_costs
from orders.errors import OperatorError

MONTH_S = 30.4375 * 86_400
MILLION = 1_000_000
GB_BYTES = 1_000_000_000

# --- Assumptions ------------------------------------------------------------------------------------------------------

# docs/benchmarks.md, by `make cost`: processor time of the function with AWS's runtime client, ours with ten orders a
# call and the seed's code with one.
MS_PER_ORDER = 0.28
SEED_MS_PER_ORDER = 2.8
# The average of the real orders in the sample, which have 20 items on average.
ORDER_BYTES = 1_900
# DynamoDB promises "single-digit milliseconds" for a call.
ROUND_TRIP_MS = 5.0
# Lambda gives a whole core at this memory and a share of one below it.
CORE_MB = 1_769
# The size of the SNS envelope around an order without raw delivery.
ENVELOPE_BYTES = 1_000
# One line for each order; START, END and REPORT for each call, and ours has the business metrics.
LOG_ORDER_BYTES, LOG_CALL_BYTES, LOG_METRICS_BYTES = 250, 400, 600
# What an order weighs in an index: five short fields and DynamoDB's 100 bytes for each index entry.
INDEX_ENTRY_BYTES = 300
INDEXES = 2
# An idle trigger asks the queue all the time: five pollers, each waiting up to 20 s for an answer.
POLLERS = 5
POLL_S = 20.0
STATEMENTS_MAX = 25
CHUNK_BYTES = 65_536
PUBLISH_ENTRIES_MAX, PUBLISH_BYTES_MAX = 10, 262_144
# How long a PublishBatch takes from a machine in the region.
PUBLISH_CALL_MS = 20.0
RELAY_LINGERS_MS = (0, 200)
# template.yaml: each alarm looks at one metric. Stored, duplicate, stale, and some reasons and currencies.
ALARMS = 7
BUSINESS_METRICS = 8
DASHBOARDS = 1
# The ratio of peak to average load; concurrency is sized for the peak.
PEAK = 3.0

# --- Default quotas of an account ---------------------------------------------------------------------------------

LAMBDA_CONCURRENCY = 1_000
SQS_IN_FLIGHT = 120_000
DYNAMODB_PARTITION_UNITS = 1_000
DYNAMODB_TABLE_UNITS = 40_000
DYNAMODB_NEW_TABLE_UNITS = 4_000

# template.yaml's own; a batch's orders stay hidden for six times this, and while the batch is gathered.
FUNCTION_TIMEOUT_S = 30
VISIBILITY_TIMES = 6
MEMORY_CHOICES_MB = (256, 512, 1_024, 1_769)
MEMORY_CALL_MS_MAX = 100.0


class Load(NamedTuple):
    """The expected load."""

    orders_per_s: float
    order_bytes: int
    ms_per_order: float
    """CPU time of one order on a full core."""
    updates: float = 0.0
    """The share of notifications that replace an order stored before, 0 to 1."""


class Recommended(NamedTuple):
    """The template's parameters, by their names in template.yaml."""

    BatchSize: int
    BatchingWindow: int
    MemorySize: int
    MaximumConcurrency: int
    VisibilityTimeout: int


class Design(NamedTuple):
    """The properties of a system that affect its cost."""

    orders_per_publish: float
    orders_per_receive: float
    orders_per_call: float
    round_trips_per_call: float
    ms_per_order: float
    memory_mb: int
    architecture: str
    indexes: int
    envelope_bytes: int
    log_order_bytes: float
    log_call_bytes: float


class Quota(NamedTuple):
    """A limit, and the rate at which the system meets it."""

    name: str
    limit: str
    orders_per_s: float
    advice: str


@dataclass(frozen=True, slots=True)
class Plan:
    load: Load
    region: str
    prices_as_of: str
    prices: Mapping[str, Mapping[str, Any]]
    """Each price of the region in US dollars, with its source, and why it is unconfirmed where it is."""
    pages: Mapping[str, str]
    """Where AWS shows its prices, by service."""
    settings: Recommended
    call_ms: float
    orders_per_call: float
    monthly: Mapping[str, float]
    """US dollars by service."""
    per_million: Mapping[str, float]
    """US dollars for a million orders, without fixed monthly costs."""
    seed_per_million: Mapping[str, float]
    options_per_million: Mapping[str, Mapping[str, float]]
    """What each optional part costs for a million orders, in US dollars by service."""
    relay_per_million: Mapping[str, float]
    """US dollars for SNS's calls if `orders relay` publishes a million orders, by its --linger."""
    quotas: list[Quota]
    """The lowest limit comes first."""


def make_plan(load: Load, region: str, prices: Mapping[str, Any]) -> Plan:
    """Raises OperatorError for a region without prices."""
    if region not in prices["regions"]:
        known = ", ".join(sorted(prices["regions"]))
        raise OperatorError(f"there are no prices for region {region}", f"Prices exist for {known}: give --region.")
    found = prices["regions"][region]
    local = {name: price["usd"] for name, price in found["prices"].items()}
    settings = recommend(load)
    ours, seed = our_design(load, settings), seed_design(load)
    filled = fill(load.orders_per_s)._replace(
        orders_per_call=ours.orders_per_call, relay_requests=relay_calls(ours, load, RELAY_LINGERS_MS[0])
    )
    return Plan(
        load=load,
        region=region,
        prices_as_of=prices["as_of"],
        prices={
            name: {**price, "source": prices["sources"][price["source"]]} for name, price in found["prices"].items()
        },
        pages=prices["pages"],
        settings=settings,
        call_ms=call_ms(ours),
        orders_per_call=ours.orders_per_call,
        monthly=_monthly(ours, load, local),
        per_million=cost_of_orders(ours, load, MILLION, local),
        seed_per_million=cost_of_orders(seed, load, MILLION, local),
        options_per_million={option: option_costs(option, filled, local) for option in OPTIONS},
        relay_per_million={
            f"--linger {linger_ms}": relay_calls(ours, load, linger_ms) * local["sns_million_requests"] / MILLION
            for linger_ms in RELAY_LINGERS_MS
        },
        quotas=find_quotas(ours, load, settings.BatchingWindow, found["quota_sns_messages_per_second"]),
    )


# --- Settings ---------------------------------------------------------------------------------------------------------


def recommend(load: Load) -> Recommended:
    """The largest batch that fills within a second, and the least memory that keeps a call short."""
    filled = load.orders_per_s / POLLERS
    batch, window = next(((size, 1) for size in (100, 25, 10) if filled >= size), (10, 1 if filled >= 2 else 0))
    per_call = max(1.0, min(batch, filled * window))
    trips = math.ceil(per_call / STATEMENTS_MAX)
    memory = next(
        (mb for mb in MEMORY_CHOICES_MB if _duration_ms(per_call, trips, load.ms_per_order, mb) <= MEMORY_CALL_MS_MAX),
        MEMORY_CHOICES_MB[-1],
    )
    busy = load.orders_per_s / per_call * _duration_ms(per_call, trips, load.ms_per_order, memory) / 1000
    # MaximumConcurrency takes 2 to 1,000.
    concurrency = max(POLLERS, min(LAMBDA_CONCURRENCY, math.ceil(busy * PEAK)))
    return Recommended(batch, window, memory, concurrency, VISIBILITY_TIMES * FUNCTION_TIMEOUT_S + window)


def our_design(load: Load, settings: Recommended) -> Design:
    filled = load.orders_per_s / POLLERS * settings.BatchingWindow
    per_call = max(1.0, min(settings.BatchSize, filled))
    return Design(
        orders_per_publish=max(1, min(PUBLISH_ENTRIES_MAX, PUBLISH_BYTES_MAX // max(1, load.order_bytes))),
        orders_per_receive=min(10.0, per_call),
        orders_per_call=per_call,
        round_trips_per_call=math.ceil(per_call / STATEMENTS_MAX) + per_call * load.updates,
        ms_per_order=load.ms_per_order,
        memory_mb=settings.MemorySize,
        architecture="arm64",
        indexes=INDEXES,
        envelope_bytes=ENVELOPE_BYTES,
        log_order_bytes=LOG_ORDER_BYTES,
        log_call_bytes=LOG_CALL_BYTES + LOG_METRICS_BYTES,
    )


def seed_design(load: Load) -> Design:
    """The seed's own code: one Publish, one message a call, delivered raw since it cannot read SNS's envelope, one
    PutItem, the order printed twice, 128 MB of x86_64.
    """
    return Design(
        orders_per_publish=1,
        orders_per_receive=1,
        orders_per_call=1,
        round_trips_per_call=1,
        ms_per_order=SEED_MS_PER_ORDER,
        memory_mb=128,
        architecture="x86_64",
        indexes=0,
        envelope_bytes=0,
        log_order_bytes=2.0 * load.order_bytes + LOG_ORDER_BYTES,
        log_call_bytes=LOG_CALL_BYTES,
    )


def call_ms(design: Design) -> float:
    """The duration of one function call."""
    return _duration_ms(design.orders_per_call, design.round_trips_per_call, design.ms_per_order, design.memory_mb)


def _duration_ms(orders: float, round_trips: float, ms_per_order: float, memory_mb: int) -> float:
    return round_trips * ROUND_TRIP_MS + orders * ms_per_order / min(1.0, memory_mb / CORE_MB)


# --- Costs ------------------------------------------------------------------------------------------------------------


def cost_of_orders(design: Design, load: Load, orders: float, local: Mapping[str, float]) -> dict[str, float]:
    """The cost of a number of orders, by service."""
    calls = orders / design.orders_per_call
    publish_chunks = _chunks(load.order_bytes * design.orders_per_publish)
    # Sent by SNS one by one; received and deleted several at once.
    message_bytes = load.order_bytes + design.envelope_bytes
    received = _chunks(message_bytes * design.orders_per_receive)
    requests = _chunks(message_bytes) + (received + 1) / design.orders_per_receive
    gb_seconds = calls * call_ms(design) / 1000 * design.memory_mb / 1024
    log_bytes = orders * design.log_order_bytes + calls * design.log_call_bytes
    costs = {
        "SNS": orders / design.orders_per_publish * publish_chunks * local["sns_million_requests"] / MILLION,
        "SQS": orders * requests * local["sqs_million_requests"] / MILLION,
        "Lambda": calls * local["lambda_million_requests"] / MILLION
        + gb_seconds * local[f"lambda_gb_second_{design.architecture}"],
        "DynamoDB": orders * write_units(design, load) * local["dynamodb_million_write_units"] / MILLION,
        "CloudWatch Logs": log_bytes / GB_BYTES * (local["logs_gb_ingested"] + local["logs_gb_month"]),
    }
    return {**costs, "total": sum(costs.values())}


def relay_calls(design: Design, load: Load, linger_ms: float) -> float:
    """SNS's requests for a million orders that `orders relay` publishes while it keeps up.

    A call takes the rows that came during the call before it and during the relay's --linger.
    """
    gathered = load.orders_per_s * (PUBLISH_CALL_MS + linger_ms) / 1000
    orders_per_call = max(1.0, min(design.orders_per_publish, gathered))
    return MILLION / orders_per_call * _chunks(load.order_bytes * orders_per_call)


def write_units(design: Design, load: Load) -> float:
    """Of one order, on average. An order that replaces another is tried as an insert first, and moves in an index."""
    item = math.ceil(load.order_bytes / 1024)
    entry = math.ceil(INDEX_ENTRY_BYTES / 1024)
    if not design.indexes:
        return item
    new = item + design.indexes * entry
    replacing = 2 * item + 2 * design.indexes * entry
    return new * (1 - load.updates) + replacing * load.updates


def _monthly(design: Design, load: Load, local: Mapping[str, float]) -> dict[str, float]:
    orders = load.orders_per_s * MONTH_S
    costs = cost_of_orders(design, load, orders, local)
    del costs["total"]
    polls = POLLERS * MONTH_S / POLL_S
    idle = max(0.0, polls - orders / design.orders_per_receive)
    table_gb = orders * (1 - load.updates) * load.order_bytes / GB_BYTES
    indexes_gb = orders * (1 - load.updates) * design.indexes * INDEX_ENTRY_BYTES / GB_BYTES
    costs["SQS"] += idle * local["sqs_million_requests"] / MILLION
    # Point-in-time recovery is billed for the table alone:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
    costs["DynamoDB storage, a month of orders"] = (table_gb + indexes_gb) * local[
        "dynamodb_gb_month"
    ] + table_gb * local["dynamodb_backup_gb_month"]
    costs["CloudWatch"] = (
        ALARMS * local["alarm_month"] + BUSINESS_METRICS * local["metric_month"] + DASHBOARDS * local["dashboard_month"]
    )
    return {**costs, "total": sum(costs.values())}


def _chunks(size_bytes: float) -> int:
    """SNS and SQS bill each 64 KiB of a request as a request."""
    return max(1, math.ceil(size_bytes / CHUNK_BYTES))


# --- Quotas -----------------------------------------------------------------------------------------------------------


def find_quotas(design: Design, load: Load, window_s: float, sns: int) -> list[Quota]:
    """The limits of an account that asked for no others, those that bind first at the front; ``sns`` is the region's
    quota of messages published a second.
    """
    held_s = call_ms(design) / 1000
    units = write_units(design, load)
    entry = math.ceil(INDEX_ENTRY_BYTES / 1024)
    quotas = [
        Quota(
            "DynamoDB: one partition of byStatus",
            f"{DYNAMODB_PARTITION_UNITS:,} write units/s for one status",
            DYNAMODB_PARTITION_UNITS / entry,
            "fixed; new orders of one status share a partition: give statuses a suffix, or drop the index",
        ),
        Quota(
            "DynamoDB: a new table",
            f"{DYNAMODB_NEW_TABLE_UNITS:,} write units/s",
            DYNAMODB_NEW_TABLE_UNITS / units,
            "grows with use; set WarmThroughput before a launch",
        ),
        Quota(
            "DynamoDB: one table",
            f"{DYNAMODB_TABLE_UNITS:,} write units/s",
            DYNAMODB_TABLE_UNITS / units,
            "request an increase: Service Quotas, dynamodb, table-level write throughput",
        ),
        Quota(
            "SNS: messages published",
            f"{sns:,}/s in this region",
            sns,
            "request an increase: Service Quotas, sns",
        ),
        Quota(
            "Lambda: concurrency of the account",
            f"{LAMBDA_CONCURRENCY:,} concurrent calls",
            LAMBDA_CONCURRENCY / held_s * design.orders_per_call,
            "request an increase: Service Quotas, lambda, L-B99A9384; new accounts may have far less",
        ),
        Quota(
            "SQS: messages in flight",
            f"{SQS_IN_FLIGHT:,} in one queue",
            SQS_IN_FLIGHT / (held_s + window_s),  # while a batch is gathered its messages are in flight already
            "fixed in practice; keep calls short",
        ),
    ]
    return sorted(quotas, key=lambda quota: quota.orders_per_s)


def load_prices() -> dict[str, Any]:
    """The newest price file that was installed with this package."""
    newest = max(
        (file for file in files("orders").joinpath("capacity/prices").iterdir() if file.name.endswith(".json")),
        key=lambda file: file.name,
    )
    prices: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return prices
