"""``orders relay retry`` and ``drop``: what becomes of refused rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm, yes_option
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say
from orders.cli.relay.database import outbox_options, reporting_database
from orders.errors import OperatorError, OrderRejected

if TYPE_CHECKING:
    from orders.outbox.refused import RefusedRows

# SNS takes 256 KiB; a longer file is no order.
ORDER_CHARACTERS_MAX = 1_000_000


@click.command(short_help="Send refused rows again, corrected or as they are.")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "all_rows", is_flag=True, help="All refused rows.")
@click.option(
    "--with", "corrected", type=click.File(encoding="utf-8"), metavar="FILE|-", help="The corrected order of one row."
)
@json_option
@outbox_options()
@aws_options
@reporting_database
def retry(
    aws: Aws, database: str, table: str, ids: tuple[int, ...], all_rows: bool, corrected: TextIO | None, as_json: bool
) -> None:
    """Let refused rows wait again, behind all that wait now. They get new ids. With --with the order in FILE takes the
    place of the refused one; it must be valid and have the same orderId.

    The change is recorded in the audit log.
    """
    rows = _open(database, table)
    chosen = _choose(rows, ids, all_rows)
    with audit_log(aws).change("relay retry", table, before={"rows": chosen[:100], "count": len(chosen)}):
        if corrected is None:
            retried = rows.retry(chosen)
        else:
            _retry_with(rows, chosen, corrected.read(ORDER_CHARACTERS_MAX))
            retried = 1
    print_json({"retried": retried}) if as_json else say(f"{plural(retried, 'row')} will be sent again")


@click.command(short_help="Delete refused rows.")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "all_rows", is_flag=True, help="All refused rows.")
@yes_option
@json_option
@outbox_options()
@aws_options
@reporting_database
def drop(aws: Aws, database: str, table: str, ids: tuple[int, ...], all_rows: bool, yes: bool, as_json: bool) -> None:
    """Delete refused rows for good: their orders are never published. The change is recorded in the audit log."""
    rows = _open(database, table)
    chosen = _choose(rows, ids, all_rows)
    confirm(f"Delete {plural(len(chosen), 'refused row')} of {table} for good?", yes=yes)
    with audit_log(aws).change("relay drop", table, before={"rows": chosen[:100], "count": len(chosen)}):
        dropped = rows.drop(chosen)
    print_json({"dropped": dropped}) if as_json else say(f"{plural(dropped, 'row')} deleted")


def _open(database: str, table: str) -> RefusedRows:
    from orders.outbox.database import open_database
    from orders.outbox.refused import RefusedRows
    from orders.outbox.table import make_tables

    return RefusedRows(open_database(database), make_tables(table))


def _choose(rows: RefusedRows, ids: Sequence[int], all_rows: bool) -> list[int]:
    if bool(ids) == all_rows:
        raise OperatorError("which rows?", "Give the IDs that `orders relay refused` lists, or --all.")
    return list(rows.ids() if all_rows else ids)


def _retry_with(rows: RefusedRows, chosen: Sequence[int], body: str) -> None:
    if len(chosen) != 1:
        raise OperatorError("--with corrects one row", "Give one ID.")
    try:
        rows.retry_with(chosen[0], body.strip())
    except OrderRejected as error:
        raise OperatorError(f"the corrected order is refused: {error.reason}") from error
