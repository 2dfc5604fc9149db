"""What a run will cost on AWS: calls counted in a rehearsal on onebox, at the prices that `orders plan` knows.

The estimate errs upwards: see ``ASSUMPTIONS``, which is printed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.aws.harness.counting import Calls
from tests.aws.harness.places import Refused

MILLION = 1_000_000
KIB_IN_GB = 1_000_000_000 / 1024
DAY_OF_MONTH = 1 / 30
WAITING = 2
"""Waiting for AWS asks again: the calls of a rehearsal are counted twice."""
READ_UNITS = 10
"""The price list has no reads: a read of DynamoDB is counted as this many writes, which is 40 KB at least."""
FUNCTION_GB_S = 0.125
"""A call of a function: one second with 128 MB."""
ASSUMPTIONS = (
    "Calls are counted twice, because waiting for AWS asks again. Alarms, dashboards and metrics are counted for a "
    "day, refused ones too, invocations for a second, DynamoDB's reads as ten writes. List prices without free tier "
    "and taxes."
)
_DYNAMODB_WRITES = {
    "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement",
    "BatchExecuteStatement", "ExecuteTransaction",
}  # fmt: skip
_DYNAMODB_READS = {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"}
_MONTHLY = {
    "PutMetricAlarm": "alarm_month",
    "PutCompositeAlarm": "alarm_month",
    "PutDashboard": "dashboard_month",
    "PutMetricData": "metric_month",
}
# AWS charges nothing for these services' calls; with standard parameters and AWS's own resource types.
_FREE = {"iam", "sts", "cloudformation", "ssm"}
_MAKES = ("Create", "PutMetricAlarm", "PutCompositeAlarm", "PutDashboard", "PutParameter", "PublishLayerVersion")


@dataclass(frozen=True)
class Estimate:
    """What a run does, and what that costs in US dollars by service."""

    calls: int
    made: Mapping[str, int]
    dollars: Mapping[str, float]
    unpriced: Mapping[str, int]
    """Calls that have a price on AWS but not in the list."""
    prices_as_of: str

    @property
    def total(self) -> float:
        """US dollars."""
        return sum(self.dollars.values())


def make_estimate(counts: Mapping[str, Calls], region: str, prices: Mapping[str, Any]) -> Estimate:
    """Raises Refused for a region without prices."""
    check_region(region, prices)
    local = {name: price["usd"] for name, price in prices["regions"][region]["prices"].items()}
    made: dict[str, int] = {}
    dollars: dict[str, float] = {}
    unpriced: dict[str, int] = {}
    for name, calls in counts.items():
        service, _, operation = name.partition(".")
        if operation.startswith(_MAKES):
            made[name] = calls.count
        price = price_of(service, operation, calls, local)
        if price is None:
            unpriced[name] = calls.count * WAITING
        elif price:
            times = 1 if operation in _MONTHLY else WAITING
            dollars[service] = dollars.get(service, 0.0) + price * times
    total = sum(calls.count for calls in counts.values()) * WAITING
    return Estimate(total, made, dollars, unpriced, prices["as_of"])


def check_region(region: str, prices: Mapping[str, Any]) -> None:
    """Raises Refused for a region without prices."""
    if region not in prices["regions"]:
        known = " or ".join(sorted(prices["regions"]))
        raise Refused(f"There are no prices for {region}, so no cost can be told; set AWS_DEFAULT_REGION to {known}.")


def price_of(service: str, operation: str, calls: Calls, local: Mapping[str, float]) -> float | None:
    """US dollars for the calls of one operation; None if the list has no price for them."""
    if service in ("sqs", "sns"):
        return calls.chunks * local[f"{service}_million_requests"] / MILLION
    if service == "s3":
        return calls.count * local["s3_million_puts"] / MILLION
    if service == "dynamodb":
        return _dynamodb_units(operation, calls) * local["dynamodb_million_write_units"] / MILLION
    if service == "lambda":
        runs = calls.count if operation.startswith("Invoke") else 0
        gb_s = runs * FUNCTION_GB_S
        return runs * local["lambda_million_requests"] / MILLION + gb_s * local["lambda_gb_second_x86_64"]
    if service == "logs":
        return calls.kibibytes / KIB_IN_GB * local["logs_gb_ingested"] if operation == "PutLogEvents" else 0.0
    if service == "cloudwatch" and operation in _MONTHLY:
        return calls.count * local[_MONTHLY[operation]] * DAY_OF_MONTH
    return 0.0 if service in _FREE else None


def _dynamodb_units(operation: str, calls: Calls) -> float:
    if operation in _DYNAMODB_WRITES:
        return calls.kibibytes * 2  # indexes and transactions write twice
    return calls.count * READ_UNITS if operation in _DYNAMODB_READS else 0


def show_estimate(estimate: Estimate) -> list[str]:
    """Lines for the person who decides."""
    made = ", ".join(f"{count} {name}" for name, count in sorted(estimate.made.items(), key=lambda one: -one[1]))
    by_service = ", ".join(f"{service} {dollars:.4f}" for service, dollars in sorted(estimate.dollars.items()))
    lines = [
        f"Makes    {made}",
        f"Calls    about {estimate.calls:,}",
        f"Cost     at most about {estimate.total:.2f} US dollars ({by_service}), prices as of {estimate.prices_as_of}",
    ]
    if estimate.unpriced:
        unpriced = ", ".join(f"{count} {name}" for name, count in sorted(estimate.unpriced.items()))
        lines.append(f"         without a price in the list, a fraction of a cent for each thousand: {unpriced}")
    return [*lines, f"         {ASSUMPTIONS}"]
