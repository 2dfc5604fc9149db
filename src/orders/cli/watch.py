"""``orders watch``: orders as they are stored or fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say, show_time
from orders.cli.patience import attempt, spoken_outage
from orders.cli.terminated import stopping_on_sigterm
from orders.clock import Clock, SystemClock
from orders.domain.times import parse_duration_ms
from orders.function_log.reader import FunctionLogs
from orders.monitoring.counting import CountReader
from orders.monitoring.metrics import Watch
from orders.table.changes import STORED, Change, Changes
from orders.table.order_table import OrderTable
from orders.text import printable

EVERY_MS = 1_000.0
# Of each field of a line.
SHOWN_MAX = 200


@click.command()
@click.option("--since", default="0s", metavar="AGO", help="Start this far back: 90s, 10m, 2h.")
@click.option("--user", help="Only orders of this user.")
@click.option("--status", help="Only orders that have this status now.")
@click.option("--stored-only", is_flag=True, help="Omit orders that fail.")
@click.option("--limit", type=click.IntRange(1), help="Stop after this many.")
@json_option
@aws_options
def watch(
    aws: Aws, since: str, user: str | None, status: str | None, stored_only: bool, limit: int | None, as_json: bool
) -> None:
    """Print each order when it is stored, new or changed, and each that fails, with the reason, until Ctrl-C.

    The command follows OrderProcessor's log, so an order appears when it is processed, whatever its timestamp: about a
    second later on onebox, a few seconds on AWS. Duplicates are omitted. With --json each line holds the whole order.
    An invalid order is tried three times; each line says which try it was. Before them, standard error gets the
    number of orders that wait, are in flight, are failing and have failed.
    If the endpoint stops answering, the command says so and continues when it answers again.
    """
    clock = SystemClock()
    aws = aws.for_watching()
    logs = FunctionLogs(aws)
    logs.check_is_there()
    changes = Changes(logs, OrderTable(aws), clock.now_ms() - parse_duration_ms(since))
    function = Watch(aws).find_function()
    if function is not None and function.paused:
        say(f"Paused: orders are not processed, since {function.paused}; `orders resume` goes on.", err=True, fg="red")
    if not as_json:
        _say_counts(aws, clock)
    with stopping_on_sigterm(), suppress(KeyboardInterrupt):
        wanted = (
            change for change in _follow(changes, clock) if _is_wanted(change, user, status, stored_only=stored_only)
        )
        for change in islice(wanted, limit):
            if as_json:
                print_json(change._asdict())
            else:
                click.echo(_line(change))


def _say_counts(aws: Aws, clock: Clock) -> None:
    counts = CountReader(aws).read(clock.now_ms()).counts
    failed = f"{counts.failed:,} in OrderDLQ"
    say(f"As of {show_time(counts.at_ms)} UTC: {counts.in_queue}, {failed}", err=True, fg="yellow")


def _follow(changes: Changes, clock: Clock) -> Iterator[Change]:
    outage = spoken_outage(clock)
    while True:
        yield from attempt(outage, changes.take_new) or ()
        clock.wait_ms(EVERY_MS)


def _is_wanted(change: Change, user: str | None, status: str | None, *, stored_only: bool) -> bool:
    """A failed order is wanted whosever it is, as long as no user and no status is asked for: it has none yet."""
    if change.outcome != STORED:
        return not stored_only and user is None and status is None
    order = change.order or {}
    return (user is None or order.get("userId") == user) and (status is None or order.get("status") == status)


def _line(change: Change) -> str:
    time = click.style(show_time(change.at_ms), dim=True)
    if change.outcome != STORED:
        failed = click.style(f"{change.outcome:<11}", fg="red")
        name = printable(change.order_id or f"message {change.message_id}")
        tried = f" (try {change.receive} of {change.receives_max or '?'})" if change.receive else ""
        return f"{time}  {failed} {name}{tried}: {printable(change.reason)}"
    order = change.order or {}
    fields = [order.get(name) for name in ("status", "userId", "total", "currency", "country", "timestamp")]
    stored = click.style(f"{change.outcome:<11}", fg="green")
    shown = "  ".join(printable(value, SHOWN_MAX) for value in fields if value is not None)
    return f"{time}  {stored} {printable(change.order_id)}  {shown}"
