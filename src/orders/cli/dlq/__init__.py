"""``orders dlq``: failed orders, found, understood, edited, sent back, deleted. A file for each command."""

from __future__ import annotations

import click

from orders.cli.dlq.edit import edit
from orders.cli.dlq.export import export
from orders.cli.dlq.listing import list_failed_orders
from orders.cli.dlq.purge import purge
from orders.cli.dlq.redrive import redrive
from orders.cli.dlq.show import show


@click.group()
def dlq() -> None:
    """Find, understand, mend and send back failed orders: those in OrderDLQ, after three attempts.

    \b
    orders dlq list                  what is wrong, and with how many
    orders dlq show ID               one order, with its log
    orders dlq edit ID               mend it in your editor; it is sent back when it is valid
    orders dlq redrive               send back as they are, once their cause is edited

    ID is an order's id, a message's id, or the beginning of a message's id. Looking never loses an order, never hides
    it for more than half a minute, and never counts as an attempt.
    """


for command in (list_failed_orders, show, edit, redrive, export, purge):
    dlq.add_command(command)
