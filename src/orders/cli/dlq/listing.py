"""``orders dlq list``: what is wrong with how many orders."""

from __future__ import annotations

from collections.abc import Sequence

import click

from orders.aws.clients import Aws
from orders.cli.failing_table import failing_lines, failing_row
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say, show_time
from orders.cli.tables import Column, print_table
from orders.clock import SystemClock
from orders.dead_letters.grouping import Group, group_by_reason
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.reader import read_failed_orders, read_failing
from orders.dead_letters.reasons import FROM_CHECK, FROM_LOG, FROM_TIME, FailedOrder
from orders.function_log.failing import FailingNow
from orders.text import printable

LOOK_MAX = 1_000
CELL_MAX = 300
GROUP_COLUMNS = (
    Column("orders", is_right=True),
    Column("exception"),
    Column("field"),
    Column("reason", is_below=True),
    Column("first", is_below=True),
    Column("last"),
    Column("for example"),
)
ORDER_COLUMNS = (
    Column("message"),
    Column("order"),
    Column("sent", is_below=True),
    Column("failed", is_below=True),
    Column("reason", is_below=True),
)


@click.command("list", short_help="List failed orders by reason.")
@click.option("--each", is_flag=True, help="A line for each order instead of one for each reason.")
@click.option(
    "--limit", default=LOOK_MAX, show_default=True, type=click.IntRange(1), help="Read at most this many failed orders."
)
@json_option
@aws_options
def list_failed_orders(aws: Aws, each: bool, limit: int, as_json: bool) -> None:
    """List failed orders by reason: count, exception, field, first and last failure, and an example.

    The reason is what OrderProcessor logged. If the log has expired, the order is checked again, and the reason is
    marked with *. If no line names the message, the reason is how calls failed after it was sent, marked with ?.
    Below are the orders that are failing now: which try, when the next comes, why. With --json every line has a state:
    failed, or failing.
    """
    queue = dead_letter_queue(aws)
    failed_orders = read_failed_orders(aws, queue, limit)
    groups = group_by_reason(failed_orders)
    now_ms = SystemClock().now_ms()
    failing = read_failing(aws, now_ms)
    if as_json:
        for row in failed_orders if each else groups:
            print_json({"state": "failed", **row._asdict()})
        for order in failing.orders[:limit]:
            print_json(failing_row(order))
        return
    if failed_orders:
        _print_letters(failed_orders) if each else _print_groups(groups)
        _print_notes(failed_orders)
    else:
        say("no failed orders")
    more = max(0, queue.counts().messages - len(failed_orders))
    if more:
        say(f"About {more:,} more: beyond --limit, or held by another reader for at most 30 seconds.")
    if failed_orders:
        _print_next(failed_orders, more)
    _print_failing(failing, now_ms, limit)


def _print_failing(failing: FailingNow, now_ms: int, limit: int) -> None:
    if failing.orders or failing.crashes:
        say(f"\nfailing now, as of {show_time(now_ms)} UTC")
    for line in failing_lines(failing, now_ms, limit):
        say(line)


def _print_groups(groups: Sequence[Group]) -> None:
    rows = [
        (
            f"{group.orders:,}",
            group.exception or "-",
            group.field or "-",
            printable(group.reason, CELL_MAX) + _origin(group.reason_from),
            show_time(group.first_at_ms),
            show_time(group.last_at_ms),
            group.message_ids[0][:8],
        )
        for group in groups
    ]
    print_table(GROUP_COLUMNS, rows)


def _print_letters(failed_orders: Sequence[FailedOrder]) -> None:
    rows = [
        (
            order.message_id[:8],
            order.order_id or "-",
            show_time(order.sent_at_ms),
            show_time(order.failed_at_ms),
            printable(order.full_reason, CELL_MAX) + _origin(order.reason_from),
        )
        for order in failed_orders
    ]
    print_table(ORDER_COLUMNS, rows)


def _origin(reason_from: str) -> str:
    return {FROM_CHECK: " *", FROM_TIME: " ?"}.get(reason_from, "")


def _print_notes(failed_orders: Sequence[FailedOrder]) -> None:
    silent = sum(order.reason_from not in (FROM_LOG, FROM_TIME) for order in failed_orders)
    if silent:
        say(
            f"OrderProcessor's log has no line for {plural(silent, 'order')}; it may be older than the log's retention."
        )
    if any(order.reason_from == FROM_CHECK for order in failed_orders):
        say("* reason from checking the order again")
    if any(order.reason_from == FROM_TIME for order in failed_orders):
        say("? no line names the message; calls of OrderProcessor failed so in the minutes after it was sent")


def _print_next(failed_orders: Sequence[FailedOrder], more: int) -> None:
    example = failed_orders[0].message_id[:8]
    count = f"{len(failed_orders):,} of about {len(failed_orders) + more:,} failed orders" if more else ""
    say(
        f"{count or plural(len(failed_orders), 'failed order')}; next: `orders dlq show {example}` to see one, "
        f"`orders dlq edit {example}` to edit it, `orders dlq redrive` to send all back unchanged"
        f"{', those that are not shown too' if more else ''}"
    )
