"""``orders subscriptions`` and ``orders unsubscribe``: list and remove subscriptions."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.cli.tables import Column, print_table
from orders.subscriptions.filters import show_filter
from orders.subscriptions.subscriptions import Subscription, Subscriptions

COLUMNS = (
    Column("to"),
    Column("endpoint", is_below=True),
    Column("orders", is_below=True),
    Column("form"),
    Column("subscription", is_below=True),
)


@click.command()
@json_option
@aws_options
def subscriptions(aws: Aws, as_json: bool) -> None:
    """List the subscriptions of OrderTopic and their filters."""
    found = Subscriptions(aws).list()
    if as_json:
        for subscription in found:
            print_json(subscription._asdict())
        return
    rows = list(found)
    if not rows:
        say("there are no subscriptions, not even OrderQueue's: `orders deploy` creates it")
        return
    print_table(COLUMNS, [_row(subscription) for subscription in rows])


@click.command()
@click.argument("arn")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation, even for OrderQueue's own subscription.")
@json_option
@aws_options
def unsubscribe(aws: Aws, arn: str, yes: bool, as_json: bool) -> None:
    """Remove a subscription; ARN as shown by `orders subscriptions`.

    The permission of OrderTopic on the queue or function remains. Without OrderQueue's own subscription no order is
    stored: the command asks before it removes that one.
    """
    there = Subscriptions(aws)
    subscription = there.find_by_arn(arn)
    if there.is_order_queue(subscription):
        confirm("This is OrderQueue's own subscription. Without it no order is stored. Remove it?", yes=yes)
    with audit_log(aws).change("unsubscribe", arn, before=subscription._asdict()):
        there.unsubscribe(arn)
    if as_json:
        print_json({"unsubscribed": arn, "endpoint": subscription.endpoint})
    else:
        say(f"{subscription.protocol} {subscription.endpoint} no longer receives orders")


def _row(subscription: Subscription) -> tuple[str, ...]:
    if subscription.arn is None:  # SNS reveals nothing more before the confirmation
        return subscription.protocol, subscription.endpoint, "-", "-", "pending confirmation"
    form = "order" if subscription.raw else "envelope"
    filters = show_filter(subscription.filter_policy)
    return subscription.protocol, subscription.endpoint, filters, form, subscription.arn
