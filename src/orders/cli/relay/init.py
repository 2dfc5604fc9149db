"""``orders relay init``: makes the tables of an outbox."""

from __future__ import annotations

import click

from orders.cli.output import say
from orders.cli.relay.database import outbox_options, reporting_database


@click.command(short_help="Make the outbox table, or show its SQL.")
@click.option("--show", is_flag=True, help="Print the SQL for your own migrations; change nothing.")
@click.option("--no-notify", is_flag=True, help="PostgreSQL: leave out the trigger that wakes relays at each commit.")
@outbox_options()
@reporting_database
def init(database: str, table: str, show: bool, no_notify: bool) -> None:
    """Make the outbox table and the table of relays in the shop's database. What is there already stays as it is.

    \b
    orders relay init --database postgresql://shop@localhost/shop
    orders relay init --database mysql://shop@localhost/shop --show

    PostgreSQL gets a trigger that wakes relays at the commit (NOTIFY). PostgreSQL runs such
    commits one after the other: with thousands a second use --no-notify, and relays poll ten times a second.
    """
    from orders.outbox.database import check_server, open_database
    from orders.outbox.table import as_ddl, creation_sql, make_tables

    opened = open_database(database, create=True)
    statements = creation_sql(make_tables(table), opened.engine.dialect, notify=not no_notify)
    if show:
        for statement in statements:
            say(f"{statement};\n")
        return
    check_server(opened)
    with opened.transaction() as connection:
        for statement in statements:
            connection.execute(as_ddl(statement))
    opened.close()
    say(f"The table {table} is in {opened.shown}. Next: `orders relay run`")
