"""``orders relay``: the transactional outbox.

init.py      `init`: makes or shows the tables
run.py       `run`: publishes committed rows
watching.py  what `run` says while it works
status.py    `status`: what waits, who sends, what was refused
refused.py   `refused`: refused rows
retry.py     `retry`, `drop`: what becomes of refused rows
database.py  the options that say which table
"""

from __future__ import annotations

import click

from orders.cli.relay.init import init
from orders.cli.relay.refused import refused
from orders.cli.relay.retry import drop, retry
from orders.cli.relay.run import run
from orders.cli.relay.status import status


@click.group()
def relay() -> None:
    """Publish the orders of a database's outbox table: the transactional outbox.

    The shop writes an order and a row of the table orders_outbox in one transaction of its own database. The relay
    publishes each committed row to OrderTopic at least once, in order for each orderId, and none that was rolled back.

    \b
    orders relay init     make the table             (--show prints its SQL)
    orders relay run      publish until Ctrl-C       (--once: what waits now)
    orders relay status   what waits, since when, who sends, what was refused

    \b
    In Python:  from orders.outbox import add; add(session, order)
    Elsewhere:  INSERT INTO orders_outbox (order_id, body) VALUES ('1001', '{"orderId": "1001", ...}')

    PostgreSQL, MySQL, MariaDB and SQLite: --database URL or $ORDERS_DATABASE, by default the SQLite file shop.db.
    """


for command in (init, run, status, refused, retry, drop):
    relay.add_command(command)
