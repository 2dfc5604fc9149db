"""``orders list``: stored orders by user, status and time, page by page."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, print_json, say
from orders.cli.tables import Column, print_table
from orders.clock import SystemClock
from orders.domain.amounts import show_amount
from orders.domain.times import parse_time
from orders.errors import OperatorError
from orders.table.order_table import BATCH_KEYS_MAX, OrderTable
from orders.table.query import PAGE_ITEMS, USUAL_STATUSES, Wanted, find_orders
from orders.text import csv_cell, printable

COLUMNS = ("orderId", "userId", "status", "timestamp", "total", "currency", "country")
TABLE_COLUMNS = [Column(name, is_right=name == "total") for name in COLUMNS]
PAGE = 50


@click.command("list")
@click.option("--user", help="Only orders of this user.")
@click.option("--status", "statuses", multiple=True, help="Only orders with this status; repeatable.")
@click.option("--since", metavar="T", help="From this time on: 2026-05-03T12:00:00Z, 2026-05-03, or an age such as 2h.")
@click.option("--until", metavar="T", help="Before this time, in the same formats.")
@click.option("--limit", type=click.IntRange(1), help=f"Stop after this many.  [default: ask after each {PAGE}]")
@click.option("--oldest-first", is_flag=True, help="Oldest first. Default: newest first.")
@click.option("--whole", is_flag=True, help="Complete orders with all fields, as JSON Lines.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl", "csv"]), help="[default: table]")
@click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv.")
@json_option
@aws_options
def list_orders(
    aws: Aws,
    user: str | None,
    statuses: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int | None,
    oldest_first: bool,
    whole: bool,
    form: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List stored orders by time, through the table's indexes. The cost depends on the result, not on the table.

    \b
    orders list --user 17850                          orders of one customer
    orders list --status new --status paid --since 2h orders of the last two hours
    orders list --since 2026-05-01 --until 2026-06-01 --format csv > may.csv
    orders list --status new --whole > again.jsonl    complete orders, as `orders publish` reads them

    Without --user and --status, orders with the usual statuses are listed: new, paid, shipped, delivered, cancelled,
    returned, refunded. Use --status or --user to find orders with other statuses. An order without a
    timestamp is only found by
    `orders get`. --json is --format jsonl.
    """
    now_ms = SystemClock().now_ms()
    if as_csv and form not in (None, "csv"):
        raise click.UsageError(f"--csv means --format csv, not {form}.")
    form = "csv" if as_csv else form
    form = _choose_form(form, as_json=as_json, whole=whole)
    since_ns, until_ns = parse_time(since, now_ms), parse_time(until, now_ms)
    if user == "" or "" in statuses:
        raise OperatorError("the user or status is empty", "Read an order that has none with `orders get`.")
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        raise OperatorError(f"--since {since} is not before --until {until}", "--since is included, --until is not.")
    wanted = Wanted(
        user=user, statuses=statuses, since_ns=since_ns, until_ns=until_ns, newest_first=not oldest_first, limit=limit
    )
    table = OrderTable(aws)
    asks = form == "table" and limit is None and console().is_terminal
    found = find_orders(table, wanted, PAGE if asks else PAGE_ITEMS)
    if form == "jsonl":
        for order in _whole(table, found) if whole else found:
            print_json(order)
    elif form == "csv":
        _print_csv(found)
    else:
        _print_pages(found, wanted)


def _choose_form(form: str | None, *, as_json: bool, whole: bool) -> str:
    if (as_json or whole) and form not in (None, "jsonl"):
        raise click.UsageError(f"--{'json' if as_json else 'whole'} means --format jsonl, not {form}.")
    return "jsonl" if as_json or whole else form or "table"


def _whole(table: OrderTable, found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The orders themselves in place of the index's extracts; one that was deleted meanwhile is left out."""
    while page := [order["orderId"] for order in islice(found, BATCH_KEYS_MAX)]:
        orders = table.find_all(page)
        yield from (orders[order_id] for order_id in page if order_id in orders)


def _print_csv(found: Iterator[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(order.get(name)) for name in COLUMNS] for order in found)


def _print_pages(found: Iterator[dict[str, Any]], wanted: Wanted) -> None:
    terminal = console()
    shown = 0
    while page := list(islice(found, PAGE)):
        asks = shown and wanted.limit is None and terminal.is_terminal
        if asks and not click.confirm(f"{shown} shown. Continue?", default=True):
            return
        print_table(TABLE_COLUMNS, [_row(order) for order in page])
        shown += len(page)
    if shown:
        return
    say("no orders")
    if wanted.user is None and not wanted.statuses:
        say(f"Looked for {', '.join(USUAL_STATUSES)}; use --status for other statuses.", err=True)


def _row(order: dict[str, Any]) -> list[str]:
    shown = {**order, "total": show_amount(order.get("total"), order.get("currency"))}
    return [_cell(shown.get(name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    return "-" if value is None else printable(value)
