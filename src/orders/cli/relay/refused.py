"""``orders relay refused``: rows that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orders.cli.options import json_option
from orders.cli.output import plural, print_json, print_rich, say, show_time
from orders.cli.relay.database import outbox_options, reporting_database
from orders.json_text import lay_out
from orders.text import printable, printable_block

if TYPE_CHECKING:
    from orders.outbox.refused import RefusedRow

REASON_SHOWN = 200


@click.command(short_help="List the refused rows, or show one with its order.")
@click.argument("row_id", metavar="[ID]", type=int, required=False)
@json_option
@outbox_options()
@reporting_database
def refused(database: str, table: str, row_id: int | None, as_json: bool) -> None:
    """List the rows that were refused with their reasons, or show the row ID with its order.

    A row is refused if the order breaks the contract (`orders schema`), if its column order_id names another order, or
    if SNS refuses the message. It is parked: other rows go on, later ones of the same order too.

    \b
    orders relay retry ID --with FILE    send a corrected order in its place
    orders relay retry ID                send it again as it is
    orders relay drop ID                 delete it
    """
    from orders.outbox.database import open_database
    from orders.outbox.refused import RefusedRows
    from orders.outbox.table import make_tables

    rows = RefusedRows(open_database(database), make_tables(table))
    if row_id is None:
        _list(rows.find(), as_json)
        return
    row = rows.get(row_id)
    if as_json:
        print_json(row._asdict())
        return
    for title, value in (
        ("row", row.id),
        ("order", row.order_id),
        ("written", show_time(row.created_at_ms)),
        ("refused", show_time(row.refused_at_ms)),
        ("reason", f"{row.code}: {row.reason}"),
    ):
        say(f"{title:8} {printable(value)}")
    say()
    say(_lay_out(row.body))


def _lay_out(body: str) -> str:
    try:
        return lay_out(body)
    except (ValueError, RecursionError):
        return printable_block(body)


def _list(rows: list[RefusedRow], as_json: bool) -> None:
    if as_json:
        for row in rows:
            print_json({name: value for name, value in row._asdict().items() if name != "body"})
        return
    from rich.table import Table

    if rows:
        table = Table(box=None, pad_edge=False)
        for title in ("id", "order", "refused", "code", "reason"):
            table.add_column(title, justify="right" if title == "id" else "left", overflow="fold")
        for row in rows:
            cells = (
                printable(row.order_id, 60),
                show_time(row.refused_at_ms),
                row.code,
                printable(row.reason, REASON_SHOWN),
            )
            table.add_row(str(row.id), *(cell.replace("[", r"\[") for cell in cells))
        print_rich(table)
    say(f"{plural(len(rows), 'refused row')}")
