"""``orders plan``: costs, limits and settings for a rate of orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from orders.capacity.options import SWITCHED_ON
from orders.capacity.plan import (
    ENVELOPE_BYTES,
    MS_PER_ORDER,
    ORDER_BYTES,
    ROUND_TRIP_MS,
    SEED_MS_PER_ORDER,
    Load,
    Plan,
    Quota,
    load_prices,
    make_plan,
)
from orders.cli.options import json_option
from orders.cli.output import plural, print_json, say, show_count
from orders.cli.tables import Column, print_table

PER_SECOND = {"s": 1.0, "min": 60.0, "h": 3_600.0, "day": 86_400.0}
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|min|h|day))?")


def _parse_rate(_context: click.Context, _option: click.Parameter, value: str) -> float:
    found = _RATE.fullmatch(value)
    if found is None or float(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is not a rate: write 50/s, 200/min, 1000/h or 20000/day")
    return float(found[1]) / PER_SECOND[found[2] or "s"]


QUOTA_COLUMNS = (
    Column("Limits, lowest first"),
    Column("quota", is_below=True),
    Column("orders/s", is_right=True),
    Column("what to do", is_below=True),
)


@click.command()
@click.option(
    "--rate",
    metavar="N/s",
    callback=_parse_rate,
    required=True,
    help="Average rate: 50/s, 200/min, 1000/h or 20000/day.",
)
@click.option(
    "--size", default=ORDER_BYTES, show_default=True, type=click.IntRange(1, 262_144), help="Size of an order in bytes."
)
@click.option("--region", default="us-east-1", show_default=True, help="Region of the prices and quotas.")
@click.option(
    "--ms-per-order",
    default=MS_PER_ORDER,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="CPU milliseconds per order on one core; the default was measured (docs/benchmarks.md).",
)
@click.option(
    "--updates",
    default=0,
    show_default=True,
    type=click.IntRange(0, 100),
    help="Percentage of notifications that replace a stored order.",
)
@json_option
def plan(rate: float, size: int, region: str, ms_per_order: float, updates: int, as_json: bool) -> None:
    """Estimate the monthly cost of a rate of orders, its limits, and the settings for it.

    \b
    orders plan --rate 50/s
    orders plan --rate 20000/day --size 4000 --region eu-west-1 --updates 75

    Makes no AWS calls. Prices come from a dated file with the source of each price: list prices without free tier.
    """
    prices = load_prices()
    made = make_plan(Load(rate, size, ms_per_order, updates / 100), region, prices)
    if as_json:
        print_json(_plain(made))
    else:
        _print(made, prices)


def _print(made: Plan, prices: Mapping[str, Any]) -> None:
    load = made.load
    name = prices["regions"][made.region]["name"]
    say(f"{_show_rate(load.orders_per_s)} of {load.order_bytes:,} bytes in {made.region}, {name}\n")
    _print_money("A month", made.monthly)
    _print_comparison(made)
    _print_options(made)
    _print_relay(made)
    _print_quotas(made.quotas, load.orders_per_s)
    _print_settings(made)
    say(
        f"\nAssumed: {load.ms_per_order:g} ms of CPU time per order (the seed's code: {SEED_MS_PER_ORDER:g} ms), "
        f"{ROUND_TRIP_MS:g} ms per DynamoDB call, {ENVELOPE_BYTES:,} bytes of SNS envelope, "
        f"{round(load.updates * 100)} % updates, arm64."
    )
    _print_prices(made)


def _print_money(title: str, costs: Mapping[str, float]) -> None:
    columns = (Column(title), Column("USD", is_right=True))
    print_table(columns, [(service, f"{cost:,.2f}") for service, cost in costs.items()])


def _print_comparison(made: Plan) -> None:
    columns = (Column("A million orders"), Column("ours, USD", True), Column("the seed's code, USD", True))
    seeds = made.seed_per_million
    say()
    print_table(columns, [(one, f"{cost:,.3f}", f"{seeds[one]:,.3f}") for one, cost in made.per_million.items()])
    say(
        "The seed's code publishes, receives and stores orders one by one, overwrites newer versions, has no indexes "
        "and prints each order twice."
    )


def _print_options(made: Plan) -> None:
    columns = (Column("Options, a million orders"), Column("USD", is_right=True), Column("of which", is_below=True))
    rows = []
    for option, costs in made.options_per_million.items():
        parts = ", ".join(f"{service} {cost:,.3f}" for service, cost in costs.items() if service != "total")
        rows.append((SWITCHED_ON[option], f"{costs['total']:,.3f}", parts))
    say()
    print_table(columns, rows)


def _print_relay(made: Plan) -> None:
    words = ", ".join(f"{cost:,.3f} with {option}" for option, cost in made.relay_per_million.items())
    say(f"Published by `orders relay` from an outbox at this rate, SNS costs {words}.")


def _print_quotas(quotas: list[Quota], orders_per_s: float) -> None:
    say()
    rows = [(quota.name, quota.limit, show_count(quota.orders_per_s), quota.advice) for quota in quotas]
    print_table(QUOTA_COLUMNS, rows)
    bound = [quota for quota in quotas if quota.orders_per_s < orders_per_s]
    if bound:
        names = ", ".join(quota.name for quota in bound)
        are_lower = "is lower" if len(bound) == 1 else "are lower"
        say(f"{plural(len(bound), 'quota')} {are_lower} than this rate requires: {names}", fg="red")


def _print_settings(made: Plan) -> None:
    settings = made.settings._asdict()
    given = " ".join(f"-p {name}={value}" for name, value in settings.items())
    say(f"\nOne function call: {made.orders_per_call:.1f} orders in {made.call_ms:.1f} ms")
    say(f"orders deploy {given}")


def _print_prices(made: Plan) -> None:
    say(
        f"List prices of {made.prices_as_of}, without free tier; --json prints each price with its source and date. "
        f"AWS publishes them at {', '.join(made.pages.values())}"
    )
    unconfirmed = [f"{name} {price['usd']:g}" for name, price in made.prices.items() if "unconfirmed" in price]
    if unconfirmed:
        say(f"No recent source confirms these prices for {made.region}: {', '.join(unconfirmed)}")


def _show_rate(orders_per_s: float) -> str:
    if orders_per_s >= 1:
        return f"{orders_per_s:,.4g} orders/s"
    return f"{orders_per_s * PER_SECOND['day']:,.0f} orders/day"


def _plain(made: Plan) -> dict[str, Any]:
    answer = asdict(made)
    answer["load"], answer["settings"] = made.load._asdict(), made.settings._asdict()
    answer["quotas"] = [quota._asdict() for quota in made.quotas]
    return answer
