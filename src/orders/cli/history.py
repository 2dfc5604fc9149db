"""``orders history``: what happened to one order."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say, show_time
from orders.domain.differences import Difference
from orders.domain.history import OrderEvent
from orders.errors import OperatorError
from orders.history.event_table import EventTable
from orders.history.timeline import describe, read_timeline, to_plain

SHOWN_DIFFERENCES = 10


@click.command()
@click.argument("order_id")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="The newest N events.")
@json_option
@aws_options
def history(aws: Aws, order_id: str, limit: int, as_json: bool) -> None:
    """Print what happened to the order ORDER_ID: stored, replaced, removed, duplicate, late, conflict, rejected.

    Each event shows its time, the notification that caused it and the differences from the version before. For late
    and conflict they are the differences between the stored order and the one that arrived. Exit code 1 if there are
    no events. `orders deploy -p History=Yes` starts the history.
    """
    found = read_timeline(EventTable(aws), order_id, limit)
    if as_json:
        print_json({"orderId": order_id, "events": [to_plain(one) for one in found.events], "isCut": found.is_cut})
    else:
        if found.is_cut:
            say("… older events: --limit shows more")
        for event in found.events:
            _print(event)
    if not found.events:
        raise OperatorError(
            f"the history has no order {order_id}",
            "It begins when History was switched on. An order may wait (`orders status`) or have failed without a "
            "readable id (`orders dlq list`).",
        )


def _print(event: OrderEvent) -> None:
    by = f"  notification {event.notification}" if event.notification else ""
    say(f"{show_time(event.at_ms)}  {describe(event)}{by}")
    if event.is_change and event.summary and not event.differences.shown:
        say("    " + ", ".join(f"{name} {value}" for name, value in event.summary.items()))
    shown, left_out = event.differences
    for one in shown[:SHOWN_DIFFERENCES]:
        say(f"    {_describe(one)}")
    hidden = left_out + max(0, len(shown) - SHOWN_DIFFERENCES)
    if hidden:
        say(f"    and {hidden:,} more differences; --json shows more")


def _describe(one: Difference) -> str:
    if one.before is None:
        return f"{one.path}: added {one.after}"
    if one.after is None:
        return f"{one.path}: {one.before} left out"
    return f"{one.path}: {one.before} → {one.after}"
