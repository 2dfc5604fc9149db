"""``orders dlq show``: one failed order, whole."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.dlq.choice import find_failed_orders
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say, show_time
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.reader import read_log_of
from orders.dead_letters.reasons import FailedOrder, describe_reason, pretty
from orders.function_log.lines import LogLine
from orders.function_log.reader import FunctionLogs
from orders.text import printable, printable_block


@click.command(short_help="Print a failed order, its reason and its log.")
@click.argument("wanted", metavar="ID")
@json_option
@aws_options
def show(aws: Aws, wanted: str, as_json: bool) -> None:
    """Print a failed order: its reason, attributes, log lines and body.

    ID is an order id, a message id, or the beginning of a message id. An order with several failed messages is printed
    once for each.
    """
    logs = FunctionLogs(aws)
    for position, found in enumerate(find_failed_orders(aws, dead_letter_queue(aws), [wanted])):
        order, lines = read_log_of(logs, found)
        if as_json:
            print_json({**order._asdict(), "log": [line.text for line in lines]})
            continue
        if position:
            say()
        _print_letter(order, lines)


def _print_letter(order: FailedOrder, lines: list[LogLine]) -> None:
    say(f"message    {order.message_id}")
    say(f"order      {printable(order.order_id or '-')}")
    say(f"sent       {show_time(order.sent_at_ms)}")
    if order.failed_at_ms is not None:
        say(f"failed     {show_time(order.first_failed_at_ms)}, last {show_time(order.failed_at_ms)}")
    say(f"reason     {printable(describe_reason(order))}", fg="red")
    if order.field is not None:
        say(f"field      {printable(order.field)}")
    if order.claim is not None:
        say(f"claim      {printable(order.claim)}, {len(order.body.encode()):,} bytes in S3")
    for name, value in order.attributes.items():
        say(f"attribute  {printable(name, 200)} = {printable(value, 2_000)}")
    if order.detail:
        say("\ntraceback")
        say(printable_block(order.detail))
    say("\nlog")
    for line in lines:
        say(f"{show_time(line.at_ms)} {printable(line.text, 10_000)}")
    if not lines:
        say("OrderProcessor's log has no line for this message.")
    say("\norder")
    say(pretty(order.body))
