"""``orders export``: stored orders as CSV, JSON Lines or Parquet."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, say
from orders.clock import SystemClock
from orders.domain.personal import drop_personal
from orders.domain.times import ms_of_moment, parse_time
from orders.errors import OperatorError
from orders.export.columns import LINES_COLUMNS, ORDER_COLUMNS, line_rows, order_row, personal_columns
from orders.export.parquet import check_is_installed, write_parquet
from orders.export.selection import Wanted, read_orders
from orders.export.source import OrderSource
from orders.export.writing import write_csv, write_json_lines
from orders.json_text import to_json
from orders.publishing.order_files import STDIN
from orders.table.whole_orders import WholeOrders

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
PROGRESS_EVERY = 1_000


class Counts:
    orders = 0
    rows = 0


@click.command()
@click.argument("path", metavar="[FILE]", default=STDIN)
@click.option("--format", "form", type=click.Choice(["csv", "jsonl", "parquet"]), help="[default: by FILE's name]")
@click.option("--user", help="Only orders of this customer.")
@click.option("--status", "statuses", multiple=True, help="Only orders with this status; repeatable.")
@click.option("--since", metavar="T", help="Orders whose timestamp is from then on: a timestamp or an age, 2h.")
@click.option("--until", metavar="T", help="Orders whose timestamp is before then.")
@click.option("--stored-since", metavar="T", help="Orders that were stored from then on, as far back as the log goes.")
@click.option("--stored-until", metavar="T", help="Orders that were stored before then.")
@click.option("--columns", metavar="A,B,C", help="Fields, or paths into objects such as address.city.")
@click.option("--lines", is_flag=True, help="A row for each order line.")
@click.option("--no-personal", is_flag=True, help="Leave out personal and unknown fields.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@json_option
@aws_options
def export(
    aws: Aws,
    path: str,
    form: str | None,
    user: str | None,
    statuses: tuple[str, ...],
    since: str | None,
    until: str | None,
    stored_since: str | None,
    stored_until: str | None,
    columns: str | None,
    lines: bool,
    no_personal: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write stored orders to FILE or standard output.

    JSON Lines holds whole orders, as `orders publish` reads them, unless --columns or --lines is given. A column is a
    field's name or a path. FILE is written whole or not at all. --json prints a summary: to standard error if the
    orders go to standard output. Every export but one by stored time reads the whole table once.
    """
    form = form or FORMATS.get(Path(path).suffix.lower(), "jsonl")
    _check(path, form, force=force)
    chosen = _choose_columns(columns, lines=lines, no_personal=no_personal)
    now_ms = SystemClock().now_ms()
    stored = [parse_time(one, now_ms) for one in (stored_since, stored_until)]
    wanted = Wanted(
        user,
        statuses,
        parse_time(since, now_ms),
        parse_time(until, now_ms),
        *(None if one is None else ms_of_moment(one) for one in stored),
    )
    counts = Counts()
    with _counting(counts, quiet=as_json) as counted:
        found = counted(read_orders(OrderSource(aws), wanted, WholeOrders(aws).whole))
        if no_personal:
            found = map(drop_personal, found)
        is_whole = form == "jsonl" and columns is None and not lines
        _write(path, form, found if is_whole else _rows(found, chosen, lines=lines, counts=counts), chosen)
    _report(path, form, counts, as_json=as_json)


def _check(path: str, form: str, *, force: bool) -> None:
    if form == "parquet":
        if path == STDIN:
            raise OperatorError("Parquet cannot be written to standard output", "Name a FILE.")
        check_is_installed()
    if path != STDIN and Path(path).exists() and not force:
        raise OperatorError(f"{path} exists", "Choose another name, or use --force to replace it.")
    if path != STDIN and not Path(path).parent.is_dir():
        raise OperatorError(f"there is no folder {Path(path).parent}")


def _choose_columns(columns: str | None, *, lines: bool, no_personal: bool) -> list[str]:
    default = LINES_COLUMNS if lines else ORDER_COLUMNS
    chosen = list(default) if columns is None else [one.strip() for one in columns.split(",") if one.strip()]
    personal = personal_columns(chosen) if no_personal else []
    if personal and columns is not None:
        raise OperatorError(f"{', '.join(personal)} may be personal", "Leave out the column or --no-personal.")
    if not chosen or len(set(chosen)) < len(chosen):
        raise OperatorError("--columns names no column, or one twice")
    return [name for name in chosen if name not in personal]


def _rows(
    found: Iterable[dict[str, Any]], columns: list[str], *, lines: bool, counts: Counts
) -> Iterator[dict[str, Any]]:
    for order in found:
        for row in line_rows(order, columns) if lines else (order_row(order, columns),):
            counts.rows += 1
            yield row


def _write(path: str, form: str, rows: Iterable[dict[str, Any]], columns: list[str]) -> None:
    if path == STDIN:
        _write_text(form, rows, columns, sys.stdout)
        return
    part = Path(f"{path}.part")
    try:
        if form == "parquet":
            write_parquet(rows, columns, part)
        else:
            with part.open("w", encoding="utf-8", newline="") as stream:
                _write_text(form, rows, columns, stream)
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_text(form: str, rows: Iterable[dict[str, Any]], columns: list[str], stream: IO[str]) -> None:
    if form == "csv":
        write_csv(rows, columns, stream)
    else:
        write_json_lines(rows, stream)


@contextmanager
def _counting(counts: Counts, *, quiet: bool) -> Iterator[Any]:
    """Counts the orders that pass, and shows the number on a terminal."""
    screen = console(stderr=True)
    shows = screen.is_terminal and not quiet

    def counted(orders: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for order in orders:
            counts.orders += 1
            if shows and counts.orders % PROGRESS_EVERY == 0:
                screen.print(f"{counts.orders:,} orders", end="\r")
            yield order

    yield cast(Any, counted)


def _report(path: str, form: str, counts: Counts, *, as_json: bool) -> None:
    rows = counts.rows or counts.orders
    is_stdout = path == STDIN
    if as_json:
        summary = {"orders": counts.orders, "rows": rows, "format": form, "file": None if is_stdout else path}
        say(to_json(summary), err=is_stdout)
    elif not is_stdout:
        say(f"{plural(counts.orders, 'order')} written to {path}, {plural(rows, 'row')}")
