"""Goal: the cost of a run follows from the counted calls and the price list, and nothing is left out silently."""

from __future__ import annotations

from typing import Any

import pytest

from orders.capacity.plan import load_prices
from tests.aws.harness.counting import Calls, Counter
from tests.aws.harness.estimate import make_estimate, show_estimate
from tests.aws.harness.places import Refused

PRICES: dict[str, Any] = load_prices()
LOCAL = {name: price["usd"] for name, price in PRICES["regions"]["eu-west-1"]["prices"].items()}


def dollars(operation: str, calls: Calls) -> float:
    return make_estimate({operation: calls}, "eu-west-1", PRICES).total


@pytest.mark.parametrize(
    ("operation", "calls", "expected"),
    [
        ("sqs.SendMessage", Calls(1_000_000, 1_000_000, 1_000_000), LOCAL["sqs_million_requests"]),
        ("sqs.SendMessage", Calls(1, 1024, 16), 16 * LOCAL["sqs_million_requests"] / 1e6),
        ("sns.Publish", Calls(1_000_000, 1_000_000, 1_000_000), LOCAL["sns_million_requests"]),
        ("s3.GetObject", Calls(1_000, 1_000, 1_000), LOCAL["s3_million_puts"] / 1e3),
        ("dynamodb.PutItem", Calls(1, 400, 7), 800 * LOCAL["dynamodb_million_write_units"] / 1e6),
        ("dynamodb.GetItem", Calls(1, 1, 1), 10 * LOCAL["dynamodb_million_write_units"] / 1e6),
        ("dynamodb.CreateTable", Calls(9, 9, 9), 0.0),
        ("cloudwatch.PutDashboard", Calls(30, 30, 30), LOCAL["dashboard_month"]),
        ("cloudwatch.PutMetricAlarm", Calls(30, 30, 30), LOCAL["alarm_month"]),
        ("logs.PutLogEvents", Calls(1, 976_563, 1), LOCAL["logs_gb_ingested"]),
        ("lambda.CreateFunction", Calls(9, 9, 9), 0.0),
        ("iam.CreateRole", Calls(9, 9, 9), 0.0),
    ],
)
def test_calls_cost_twice_what_the_price_list_says_and_what_is_kept_a_day(
    operation: str, calls: Calls, expected: float
) -> None:
    times = 1 if operation.startswith("cloudwatch.Put") else 2
    assert dollars(operation, calls) == pytest.approx(times * expected, rel=1e-5)


def test_an_invocation_costs_a_request_and_a_second() -> None:
    one = LOCAL["lambda_million_requests"] / 1e6 + 0.125 * LOCAL["lambda_gb_second_x86_64"]
    assert dollars("lambda.Invoke", Calls(1, 1, 1)) == pytest.approx(2 * one)


def test_calls_without_a_price_are_named_and_what_is_made_is_listed() -> None:
    counts = {"cloudwatch.GetMetricData": Calls(3, 3, 3), "sqs.CreateQueue": Calls(5, 5, 5)}
    estimate = make_estimate(counts, "eu-west-1", PRICES)
    assert (estimate.unpriced, estimate.made) == ({"cloudwatch.GetMetricData": 6}, {"sqs.CreateQueue": 5})
    shown = "\n".join(show_estimate(estimate))
    assert "6 cloudwatch.GetMetricData" in shown
    assert "5 sqs.CreateQueue" in shown


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(Refused, match="no prices for mars-north-1"):
        make_estimate({}, "mars-north-1", PRICES)


def test_each_begun_64_kib_counts() -> None:
    counter = Counter()
    for size in (0, 65_536, 65_537):
        counter.add("sqs.SendMessage", size)
    assert counter.calls["sqs.SendMessage"] == Calls(3, 1 + 64 + 65, 1 + 1 + 2)
