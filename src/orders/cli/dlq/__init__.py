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
