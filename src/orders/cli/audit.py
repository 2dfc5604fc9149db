"""``orders audit``: who changed what, when, and the result."""

from __future__ import annotations

import click

from orders.audit.entries import DONE, STARTED, Entry
from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, print_rich, say, show_time
from orders.clock import SystemClock
from orders.domain.times import ms_of_moment, parse_time
from orders.errors import OperatorError
from orders.json_text import to_json
from orders.text import printable

VALUE_SHOWN = 400
COLOURS = {DONE: "green", STARTED: "yellow"}


@click.command()
@click.option(
    "--since",
    metavar="T",
    default="30d",
    show_default=True,
    help="From this time on: 2026-05-03, or an age: 2h.",
)
@click.option("--until", metavar="T", help="Before this time, in the same formats.")
@click.option("--action", help="Only this action: deploy, destroy, redrive, edit, purge, pause, ...")
@click.option("--who", metavar="TEXT", help="Only changes by identities whose ARN contains this.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="The newest so many.")
@json_option
@aws_options
def audit(
    aws: Aws, since: str, until: str | None, action: str | None, who: str | None, limit: int, as_json: bool
) -> None:
    """List every change made by a command or in the console: who, when, what, before and after, result.

    The audit log is the log group /orders/audit. `orders destroy` keeps it. A change that started and has no result was
    killed, or still runs.
    """
    now_ms = SystemClock().now_ms()
    since_ns, until_ns = parse_time(since, now_ms), parse_time(until, now_ms)
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        raise OperatorError(f"--since {since} is not before --until {until}", "--since is included, --until is not.")
    found = audit_log(aws).search(
        0 if since_ns is None else ms_of_moment(since_ns),
        None if until_ns is None else ms_of_moment(until_ns),
        action=action,
        who=who,
        limit=limit,
    )
    if as_json:
        for entry in found:
            print_json(entry._asdict())
    elif found:
        _print_table(found)
    else:
        say("no changes")


def _print_table(found: list[Entry]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("time", "who", "from", "action", "target", "result", "before → after"):
        table.add_column(name, overflow="fold", no_wrap=name in ("time", "result"))
    for entry in found:
        reason = f": {entry.reason}" if entry.reason else ""
        cells = (_name(entry.who), entry.source, entry.action, entry.target)
        table.add_row(
            show_time(entry.at_ms),
            *(Text(printable(cell, VALUE_SHOWN)) for cell in cells),
            Text(entry.result, style=COLOURS.get(entry.result, "red")),
            Text(printable(f"{_change(entry)}{reason}", 3 * VALUE_SHOWN)),
        )
    print_rich(table)


def _name(who: str) -> str:
    """An ARN without what is the same for all: user/ada, assumed-role/Admin/ada."""
    return who.split(":", 5)[-1]


def _change(entry: Entry) -> str:
    return " → ".join(printable(to_json(value), VALUE_SHOWN) for value in (entry.before, entry.after) if value)
