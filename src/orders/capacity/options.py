"""What the optional parts cost for a million orders. Pure.

Calls and bytes are those that `make cost` measures (docs/benchmarks.md); processor time is assumed; the rest follows
from the template.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

MILLION = 1_000_000
GB_BYTES = 1_000_000_000
CHUNK_BYTES = 65_536
HISTORY = "History"
ARCHIVE = "Archive"
INTAKE = "Intake"
RELAY = "Relay"
TRACING = "Tracing"
FAIR_QUEUES = "FairQueues"
CLAIM_CHECK = "ClaimCheck"
OPTIONS = (INTAKE, RELAY, HISTORY, ARCHIVE, CLAIM_CHECK, TRACING, FAIR_QUEUES)
# How each is switched on.
SWITCHED_ON = {
    INTAKE: "-p Intake=Token",
    RELAY: "orders relay run",
    HISTORY: "-p History=Yes",
    ARCHIVE: "-p Archive=Yes",
    CLAIM_CHECK: "-p ClaimCheck=Yes, --claim-check",
    TRACING: "-p Tracing=Active, --traceparent",
    FAIR_QUEUES: "--message-group FIELD",
}

# template.yaml
MEMORY_GB = 0.5
ARCHIVE_DAYS = 90
# A message of OrderChanged carries the order and a few fields; ten go in one call.
CHANGE_BYTES = 2_300
PUBLISH_ENTRIES = 10
# An event has few short fields: less than a KB.
EVENT_UNITS = 1
# START, END and REPORT of a call, and the function's own line.
LOG_CALL_BYTES = 500
# Assumed milliseconds of a function with a whole core. At 512 MB a function has a share of one.
HISTORY_MS_PER_CHANGE = 1.0
ARCHIVE_MS_PER_NOTIFICATION = 0.05
CORE_SHARE = 512 / 1_769
# A call waits for each answer of DynamoDB, SNS or S3, of which it asks one at a time.
ROUND_TRIP_MS = 5.0
EVENTS_PER_INSERT = 25
RECEIVE_MESSAGES = 10
# A request of OrderIntake carries one order and an idempotency key, which is written before and after the publish.
INTAKE_MS_PER_REQUEST = 3.0
KEY_WRITES = 2
# One order of a thousand is too large for SNS and has 1 MiB. S3 keeps its claim for 90 days; its body is counted for
# a month. S3 is asked to write the claim, to read it and to write the body; the read is counted as a write, which
# costs more.
CLAIM_SHARE = 0.001
CLAIM_BYTES = 1_048_576
CLAIM_REQUESTS = 3
CLAIM_DAYS = 90
MONTH_DAYS = 30.4375
# What a trace context adds to OrderProcessor's log line of an order: "traceId" and 32 digits.
TRACE_LOG_BYTES = 45
# Without a decision of the caller X-Ray records the first trace of a second, and a twentieth of the others.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
TRACES_A_SECOND, TRACES_SHARE = 1.0, 0.05


class OptionLoad(NamedTuple):
    """How well batches fill. The defaults are a busy shop's."""

    changes_per_call: float = 100
    notifications_per_object: float = 1_000
    bytes_per_notification: float = 500
    """Compressed."""
    notices: float = 0.0
    """The share of notifications that change nothing."""
    orders_per_call: float = 10
    """Of OrderProcessor."""
    orders_per_s: float = 50
    relay_requests: float = MILLION
    """SNS's requests for a million orders that `orders relay` publishes while it keeps up."""


def option_costs(option: str, load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """US dollars for a million notifications by service, and their total."""
    costs = _COSTS[option](load, local)
    return {**costs, "total": sum(costs.values())}


def fill(orders_per_s: float) -> OptionLoad:
    """How batches fill at a rate: a second of changes up to 100, a minute of notifications up to 1,000 for each of two
    functions.
    """
    return OptionLoad(
        orders_per_s=orders_per_s,
        changes_per_call=max(1.0, min(100.0, orders_per_s)),
        notifications_per_object=max(1.0, min(1_000.0, orders_per_s * 60 / 2)),
    )


def _history(load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    changes = MILLION * (1 - load.notices)
    calls = changes / load.changes_per_call
    publishes = changes / min(PUBLISH_ENTRIES, load.changes_per_call)
    trips = math.ceil(load.changes_per_call / EVENTS_PER_INSERT) + math.ceil(load.changes_per_call / PUBLISH_ENTRIES)
    chunks = max(1, math.ceil(CHANGE_BYTES * min(PUBLISH_ENTRIES, load.changes_per_call) / CHUNK_BYTES))
    return {
        "DynamoDB": MILLION * EVENT_UNITS * local["dynamodb_million_write_units"] / MILLION,
        "SNS": publishes * chunks * local["sns_million_requests"] / MILLION,
        "Lambda": _lambda(calls, changes * HISTORY_MS_PER_CHANGE, calls * trips * ROUND_TRIP_MS, local),
        "CloudWatch Logs": calls * LOG_CALL_BYTES / GB_BYTES * (local["logs_gb_ingested"] + local["logs_gb_month"]),
    }


def _archive(load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    calls = MILLION / load.notifications_per_object
    received = min(RECEIVE_MESSAGES, load.notifications_per_object)
    gigabytes = MILLION * load.bytes_per_notification / GB_BYTES
    return {
        "SQS": MILLION * (1 + 2 / received) * local["sqs_million_requests"] / MILLION,
        "Lambda": _lambda(calls, MILLION * ARCHIVE_MS_PER_NOTIFICATION, calls * ROUND_TRIP_MS, local),
        "S3 requests": calls * local["s3_million_puts"] / MILLION,
        f"S3 storage, {ARCHIVE_DAYS} days": gigabytes * local["s3_gb_month"] * ARCHIVE_DAYS / MONTH_DAYS,
        "CloudWatch Logs": calls * LOG_CALL_BYTES / GB_BYTES * (local["logs_gb_ingested"] + local["logs_gb_month"]),
    }


def _claim_check(_load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """What the large orders of a million cost more. An order alone is also a request of SNS of its own."""
    claims = MILLION * CLAIM_SHARE
    months = CLAIM_DAYS / MONTH_DAYS + 1
    return {
        "SNS": claims * local["sns_million_requests"] / MILLION,
        "S3 requests": claims * CLAIM_REQUESTS * local["s3_million_puts"] / MILLION,
        f"S3 storage, {CLAIM_DAYS} days": claims * CLAIM_BYTES / GB_BYTES * local["s3_gb_month"] * months,
    }


def _intake(_load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """A million requests of one order each. SNS's requests take the place of the publisher's."""
    waiting_ms = MILLION * (KEY_WRITES + 1) * ROUND_TRIP_MS
    return {
        "DynamoDB": KEY_WRITES * local["dynamodb_million_write_units"],
        "SNS": local["sns_million_requests"],
        "Lambda": _lambda(MILLION, MILLION * INTAKE_MS_PER_REQUEST, waiting_ms, local),
        "CloudWatch Logs": MILLION * LOG_CALL_BYTES / GB_BYTES * (local["logs_gb_ingested"] + local["logs_gb_month"]),
    }


def _relay(load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """Its requests take the place of the publisher's: batches are as full as commits come."""
    return {"SNS": load.relay_requests * local["sns_million_requests"] / MILLION}


def _tracing(load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """X-Ray's own sampling; a caller that samples every order has a trace recorded for every call."""
    calls_per_s = load.orders_per_s / load.orders_per_call
    recorded_per_s = min(calls_per_s, TRACES_A_SECOND + TRACES_SHARE * max(0.0, calls_per_s - TRACES_A_SECOND))
    traces = MILLION / load.orders_per_s * recorded_per_s
    return {
        "X-Ray": traces * local["xray_million_traces"] / MILLION,
        "CloudWatch Logs": MILLION * TRACE_LOG_BYTES / GB_BYTES * (local["logs_gb_ingested"] + local["logs_gb_month"]),
    }


def _fair_queues(load: OptionLoad, local: Mapping[str, float]) -> dict[str, float]:
    """The surcharge on the requests of OrderQueue: one to send an order, two for the messages of a call."""
    requests = MILLION * (1 + 2 / min(RECEIVE_MESSAGES, load.orders_per_call))
    return {"SQS": requests * local["sqs_million_fair_requests"] / MILLION}


_COSTS: Mapping[str, Callable[[OptionLoad, Mapping[str, float]], dict[str, float]]] = {
    HISTORY: _history,
    ARCHIVE: _archive,
    INTAKE: _intake,
    RELAY: _relay,
    CLAIM_CHECK: _claim_check,
    TRACING: _tracing,
    FAIR_QUEUES: _fair_queues,
}


def _lambda(calls: float, core_ms: float, waiting_ms: float, local: Mapping[str, float]) -> float:
    gb_seconds = (core_ms / CORE_SHARE + waiting_ms) / 1000 * MEMORY_GB
    return calls * local["lambda_million_requests"] / MILLION + gb_seconds * local["lambda_gb_second_arm64"]
