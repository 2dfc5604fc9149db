"""``orders get``: one stored order."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.domain.amounts import with_amounts
from orders.errors import OperatorError
from orders.json_text import to_json
from orders.table.whole_orders import WholeOrders


@click.command()
@click.argument("order_id")
@json_option
@aws_options
def get(aws: Aws, order_id: str, as_json: bool) -> None:
    """Print the stored order ORDER_ID; exit code 1 if there is none.

    DynamoDB drops trailing zeros of numbers. total and unitPrice are shown with the decimals of the order's currency;
    --json prints the numbers as they are stored.
    """
    order = WholeOrders(aws).find(order_id)
    if order is None:
        raise OperatorError(
            f"no order {order_id} is stored",
            "It may be waiting (`orders status`) or have failed (`orders dlq list`).",
        )
    if as_json:
        print_json(order)
    else:
        say(to_json(with_amounts(order), indent=2))
