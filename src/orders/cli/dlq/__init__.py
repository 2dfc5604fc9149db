"""``orders dlq``: the commands for failed orders.

listing.py  `list`: failed orders by reason
show.py     `show`: one failed order with its log
edit.py     `edit`: edits a failed order and sends it back
redrive.py  `redrive`: sends failed orders back unchanged
export.py   `export`: writes failed orders to a file
purge.py    `purge`: deletes failed orders
choice.py   which failed orders a command is about
"""

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
    """List, inspect, edit and redrive failed orders: those in OrderDLQ, after three attempts.

    \b
    orders dlq list                  failed orders by reason
    orders dlq show ID               one failed order with its log lines
    orders dlq edit ID               edit it; a valid order is sent back
    orders dlq redrive               send back unchanged, once the cause is fixed

    ID is an order id, a message id, or the beginning of a message id. Inspecting a message does not use up a delivery
    attempt, and hides it from other readers for at most 30 seconds.
    """


for command in (list_failed_orders, show, edit, redrive, export, purge):
    dlq.add_command(command)
