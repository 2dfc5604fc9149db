"""Goal: the plan's money follows from the price file, its settings fit the template, its quotas are told in order."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from orders.capacity.plan import (
    MONTH_S,
    MS_PER_ORDER,
    Load,
    call_ms,
    load_prices,
    make_plan,
    our_design,
    recommend,
    seed_design,
    write_units,
)
from orders.cli.main import main
from orders.errors import OperatorError

FIFTY = Load(50, 1_900, MS_PER_ORDER)


def plan(load: Load, region: str = "us-east-1") -> Any:
    return make_plan(load, region, load_prices())


def test_plan_of_a_million_orders_costs_what_the_list_prices_say() -> None:
    cost = plan(FIFTY).per_million
    assert cost["SNS"] == pytest.approx(0.05), "ten orders in a request of less than 64 KiB"
    assert cost["SQS"] == pytest.approx(0.4 * 1.2), "sent alone, received and deleted by ten"
    assert cost["DynamoDB"] == pytest.approx(0.625 * 4), "two units for 1.9 kB, one for each index"
    assert cost["Lambda"] == pytest.approx(
        0.1 * (0.2 + call_ms(our_design(FIFTY, recommend(FIFTY))) * 250 * 13.3334e-6)
    )


def test_plan_costs_less_than_the_seeds_code_where_batches_fill() -> None:
    made = plan(FIFTY)
    assert made.seed_per_million["SNS"] == pytest.approx(0.5)
    assert made.seed_per_million["SQS"] == pytest.approx(1.2)
    assert made.seed_per_million["DynamoDB"] == pytest.approx(1.25)
    assert made.per_million["total"] < made.seed_per_million["total"]
    assert made.per_million["total"] == pytest.approx(sum(made.per_million.values()) / 2)
    assert made.monthly["total"] == pytest.approx(sum(made.monthly.values()) / 2)


def test_a_month_of_orders_is_stored_with_its_indexes_and_backed_up_without_them() -> None:
    a_gigabyte = Load(1e9 / 1_900 / MONTH_S, 1_900, MS_PER_ORDER)
    stored = plan(a_gigabyte).monthly["DynamoDB storage, a month of orders"]
    assert stored == pytest.approx(0.25 * (1 + 2 * 300 / 1_900) + 0.20)


def test_a_relay_costs_a_call_for_each_order_unless_more_come_meanwhile() -> None:
    one_a_second = plan(FIFTY._replace(orders_per_s=1)).relay_per_million
    assert one_a_second == {"--linger 0": pytest.approx(0.5), "--linger 200": pytest.approx(0.5)}
    fifty = plan(FIFTY).relay_per_million
    assert fifty == {"--linger 0": pytest.approx(0.5), "--linger 200": pytest.approx(0.05)}
    large = plan(FIFTY._replace(order_bytes=100_000)).relay_per_million
    assert large["--linger 200"] == pytest.approx(0.5 * 4 / 2), "two in a request of 200,000 bytes, billed as four"


def test_plan_of_large_orders_pays_for_each_64_kib() -> None:
    large = plan(FIFTY._replace(order_bytes=100_000)).per_million
    assert large["SNS"] == pytest.approx(0.5 * 4 / 2), "two in a request of 200,000 bytes, billed as four"


def test_write_units_of_updates_are_twice_those_of_new_orders() -> None:
    design = our_design(FIFTY, recommend(FIFTY))
    assert (write_units(design, FIFTY), write_units(design, FIFTY._replace(updates=1.0))) == (4, 8)
    assert write_units(seed_design(FIFTY), FIFTY) == 2


def test_plan_names_first_the_quota_that_binds_first() -> None:
    quotas = plan(FIFTY).quotas
    assert [quota.orders_per_s for quota in quotas] == sorted(quota.orders_per_s for quota in quotas)
    assert {quota.name.split(":")[0] for quota in quotas} == {"DynamoDB", "SNS", "SQS", "Lambda"}


def test_plan_of_an_unknown_region_names_those_it_knows() -> None:
    with pytest.raises(OperatorError, match="no prices for region mars-1") as raised:
        plan(FIFTY, "mars-1")
    assert "eu-west-1, us-east-1" in raised.value.advice


@given(
    rate=st.floats(0.001, 100_000),
    size=st.integers(1, 262_144),
    ms=st.floats(0.01, 500),
    updates=st.floats(0, 1),
)
def test_recommended_settings_are_those_the_template_takes(rate: float, size: int, ms: float, updates: float) -> None:
    made = plan(Load(rate, size, ms, updates))
    settings = made.settings
    assert 1 <= settings.BatchSize <= 10_000
    assert settings.BatchSize <= 10 or settings.BatchingWindow >= 1, "Lambda's own rule"
    assert 128 <= settings.MemorySize <= 10_240
    assert 2 <= settings.MaximumConcurrency <= 1_000
    assert settings.VisibilityTimeout >= 6 * 30 + settings.BatchingWindow, "what doctor asks for"
    assert 1 <= made.orders_per_call <= settings.BatchSize
    assert all(cost >= 0 for cost in made.monthly.values())


@given(rate=st.floats(0.01, 10_000), factor=st.floats(1, 10))
def test_month_of_more_orders_never_costs_less_for_storing_them(rate: float, factor: float) -> None:
    fewer, more = plan(Load(rate, 1_900, 0.2)), plan(Load(rate * factor, 1_900, 0.2))
    for service in ("SNS", "DynamoDB"):
        assert more.monthly[service] >= fewer.monthly[service] * 0.999


def test_price_file_is_dated_and_has_every_price_for_every_region() -> None:
    prices = load_prices()
    assert date.fromisoformat(prices["as_of"])
    first, *others = (set(region["prices"]) for region in prices["regions"].values())
    assert {"us-east-1", "eu-west-1"} <= set(prices["regions"])
    assert all(other == first for other in others)


def test_every_price_names_its_source_and_what_no_recent_source_confirms_is_marked() -> None:
    prices = load_prices()
    used = set()
    for region in prices["regions"].values():
        for name, price in region["prices"].items():
            source = prices["sources"][price["source"]]
            used.add(price["source"])
            assert source["url"].startswith("https://"), name
            assert source["dated"] is not None or price["unconfirmed"], name
    assert used == set(prices["sources"]), "no source is named that nothing comes from"


def test_plan_tells_which_prices_are_not_confirmed() -> None:
    for region, said in (("us-east-1", "alarm_month 0.1"), ("eu-west-1", "dashboard_month 3")):
        shown = CliRunner().invoke(main, ["plan", "--rate", "1/s", "--region", region]).stdout
        assert f"No recent source confirms these prices for {region}: " in shown
        assert said in shown
    answer = json.loads(CliRunner().invoke(main, ["plan", "--rate", "1/s", "--region", "eu-west-1", "--json"]).stdout)
    assert answer["prices"]["dynamodb_backup_gb_month"]["usd"] == 0.22
    assert answer["prices"]["dynamodb_backup_gb_month"]["source"]["dated"] == "2026-09-11"


def test_plan_command_answers_people_and_programs() -> None:
    answer = json.loads(CliRunner().invoke(main, ["plan", "--rate", "180000/h", "--json"]).stdout)
    assert (answer["load"]["orders_per_s"], answer["settings"]["BatchSize"]) == (50.0, 10)
    shown = CliRunner().invoke(main, ["plan", "--rate", "5000/s", "--region", "eu-west-1", "--updates", "75"]).stdout
    for part in (
        "A million orders",
        "Limits, lowest first",
        "lower than this rate requires: ",
        "-p BatchSize=100",
        "pricing/",
    ):
        assert part in shown


@pytest.mark.parametrize("rate", ["fast", "0/s", "-1/s", "5/week"])
def test_plan_command_with_an_unreadable_rate_says_how_to_write_one(rate: str) -> None:
    result = CliRunner().invoke(main, ["plan", f"--rate={rate}"])
    assert (result.exit_code, "write 50/s" in result.stderr) == (2, True)


def test_options_cost_what_their_calls_cost() -> None:
    options = plan(FIFTY).options_per_million
    history, archive, intake = options["History"], options["Archive"], options["Intake"]
    assert history["DynamoDB"] == pytest.approx(0.625), "one write unit for an event"
    assert history["SNS"] == pytest.approx(0.05), "ten changes in a request"
    assert archive["SQS"] == pytest.approx(0.4 * 1.2), "sent alone, received and deleted by ten"
    assert archive["S3 requests"] == pytest.approx(0.005), "an object for a thousand notifications"
    assert intake["DynamoDB"] == pytest.approx(1.25), "two writes for a key"
    assert intake["SNS"] == pytest.approx(0.5), "a request for each order"
    claims = options["ClaimCheck"]
    assert claims["S3 requests"] == pytest.approx(0.015), "three requests for each of a thousand large orders"
    assert claims["S3 storage, 90 days"] == pytest.approx(1.048576 * 0.023 * (90 / 30.4375 + 1))
    for costs in options.values():
        assert costs["total"] == pytest.approx(sum(costs.values()) / 2)
    assert options["FairQueues"]["SQS"] == pytest.approx(0.1 * (1 + 2 / plan(FIFTY).orders_per_call)), "on each request"
    assert options["Relay"]["SNS"] == pytest.approx(plan(FIFTY).relay_per_million["--linger 0"])
    rare = plan(Load(1 / 3_600, 1_900, MS_PER_ORDER)).options_per_million
    assert rare["Tracing"]["X-Ray"] == pytest.approx(5.0), "each call of its own second is recorded"
    assert options["Tracing"]["X-Ray"] < 0.5
    assert rare["History"]["total"] > history["total"]
    assert rare["Archive"]["S3 requests"] == pytest.approx(5.0), "an object for each"
