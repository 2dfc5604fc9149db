"""``orders list``: stored orders, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from orders.adapters.aws import Aws
from orders.adapters.order_table import OrderTable
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, print_json

COLUMNS = ("orderId", "userId", "status", "timestamp", "total", "currency", "country")
PAGE = 50


@click.command("list")
@click.option("--user", help="Only the orders of this user, by time.")
@click.option("--status", help="Only the orders of this status, by time.")
@click.option("--oldest-first", is_flag=True, help="By time upwards; else the newest come first.")
@click.option("--limit", type=click.IntRange(1), help=f"Stop after so many.  [default: ask after each {PAGE}]")
@json_option
@aws_options
def list_orders(
    aws: Aws, user: str | None, status: str | None, oldest_first: bool, limit: int | None, as_json: bool
) -> None:
    """List stored orders: with --user or --status through an index, by time; else all, in no order.

    An order without a timestamp is in no index: it is listed only without --user and --status.
    """
    found = OrderTable(aws).list_orders(user=user, status=status, newest_first=not oldest_first)
    if limit is not None:
        found = islice(found, limit)
    if as_json:
        for order in found:
            print_json(order)
        return
    _print_pages(found)


def _print_pages(found: Iterator[dict[str, Any]]) -> None:
    terminal = console()
    shown = 0
    while page := list(islice(found, PAGE)):
        if shown and terminal.is_terminal and not click.confirm(f"{shown} shown. Go on?", default=True):
            return
        _print_table(terminal, page)
        shown += len(page)
    if not shown:
        click.echo("no orders")


def _print_table(terminal: Any, page: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name == "total" else "left", no_wrap=True)
    for order in page:
        table.add_row(*[_cell(order.get(name)) for name in COLUMNS])
    terminal.print(table)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
