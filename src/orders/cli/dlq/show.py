"""``orders dlq show``: one failed order, whole."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.dlq.choice import find_failed_orders
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, show_time
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.reader import read_log_of
from orders.dead_letters.reasons import FROM_LOG, FailedOrder, describe_reason, pretty
from orders.function_log.lines import LogLine
from orders.function_log.reader import FunctionLogs


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
    for position, found in enumerate(find_failed_orders(dead_letter_queue(aws), [wanted])):
        order, lines = read_log_of(logs, found)
        if as_json:
            print_json({**order._asdict(), "log": [line.text for line in lines]})
            continue
        if position:
            click.echo()
        _print_letter(order, lines)


def _print_letter(order: FailedOrder, lines: list[LogLine]) -> None:
    click.echo(f"message    {order.message_id}")
    click.echo(f"order      {order.order_id or '-'}")
    click.echo(f"sent       {show_time(order.sent_at_ms)}")
    if order.reason_from == FROM_LOG:
        click.echo(f"failed     {show_time(order.first_failed_at_ms)}, last {show_time(order.failed_at_ms)}")
    click.secho(f"reason     {describe_reason(order)}", fg="red")
    if order.field is not None:
        click.echo(f"field      {order.field}")
    for name, value in order.attributes.items():
        click.echo(f"attribute  {name} = {value}")
    click.echo("\nlog")
    for line in lines:
        click.echo(f"{show_time(line.at_ms)} {line.text}")
    if not lines:
        click.echo("OrderProcessor's log has no line for this message.")
    click.echo("\norder")
    click.echo(pretty(order.body))
