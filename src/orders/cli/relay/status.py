"""``orders relay status``: the state of an outbox."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from orders.cli.options import json_option
from orders.cli.output import plural, print_json, print_rich, say, show_time
from orders.cli.relay.database import outbox_options, reporting_database
from orders.domain.times import parse_duration_ms
from orders.text import printable, show_duration

if TYPE_CHECKING:
    from orders.outbox.status import OutboxStatus, RelayState

REASON_SHOWN = 200
PROBLEM_SHOWN = 200


@click.command(short_help="Show what waits, who sends it, and what was refused.")
@click.option("--max-age", metavar="TIME", help="Exit with 1 if the oldest row has waited longer: 90s, 10m, 2h.")
@json_option
@outbox_options()
@reporting_database
def status(database: str, table: str, max_age: str | None, as_json: bool) -> None:
    """Show the rows that wait, the age of the oldest, the rate of the last minute, the relays, and the refused rows by
    reason. Needs the database only.

    --max-age makes it a probe for monitoring: `orders relay status --max-age 60s`.
    """
    from orders.outbox.database import open_database
    from orders.outbox.status import read_status
    from orders.outbox.table import make_tables

    limit_ms = None if max_age is None else parse_duration_ms(max_age)
    found = read_status(open_database(database), make_tables(table))
    if as_json:
        print_json(as_document(found))
    else:
        _print(found)
    if limit_ms is not None and (found.oldest_ms or 0) > limit_ms:
        sys.exit(1)


def as_document(found: OutboxStatus) -> dict[str, Any]:
    """The status as JSON shows it."""
    return {
        "atMs": found.at_ms,
        "waiting": found.waiting,
        "oldestMs": found.oldest_ms,
        "sentPerMinute": found.sent_per_minute,
        "kept": found.kept,
        "refused": found.refused,
        "reasons": [
            {"rows": group.rows, "code": group.code, "reason": group.reason, "firstId": group.first_id}
            for group in found.reasons
        ],
        "relays": [
            {
                "name": relay.name,
                "startedAtMs": relay.started_at_ms,
                "seenAtMs": relay.seen_at_ms,
                "sent": relay.sent,
                "refused": relay.refused,
                "sentPerMinute": relay.sent_per_minute,
                "problem": relay.problem,
                "silent": relay.is_silent,
            }
            for relay in found.relays
        ],
    }


def _print(found: OutboxStatus) -> None:
    oldest = "" if found.oldest_ms is None else f", the oldest for {show_duration(found.oldest_ms)}"
    say(f"waiting    {plural(found.waiting, 'row')}{oldest}")
    say(f"published  {found.sent_per_minute:,} in the last minute, {found.sent_per_minute / 60:,.1f}/s")
    if found.kept:
        say(f"kept       {plural(found.kept, 'sent row')}")
    _print_relays(found.relays, found.at_ms)
    say(f"refused    {plural(found.refused, 'row')}", fg="red" if found.refused else None)
    if not found.reasons:
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("rows", "first id", "code", "reason"):
        table.add_column(title, justify="right" if title in ("rows", "first id") else "left", overflow="fold")
    for group in found.reasons:
        reason = printable(group.reason, REASON_SHOWN).replace("[", r"\[")
        table.add_row(f"{group.rows:,}", str(group.first_id), printable(group.code), reason)
    print_rich(table)
    say("Next: `orders relay refused` lists them")


def _print_relays(relays: tuple[RelayState, ...], at_ms: int) -> None:
    if not relays:
        say("relays     none: start one with `orders relay run`", fg="yellow")
    for number, relay in enumerate(relays):
        words = f"{relay.sent:,} published since {show_time(relay.started_at_ms)}"
        trouble = relay.problem
        if relay.is_silent:
            trouble = f"silent for {show_duration(at_ms - relay.seen_at_ms)}"
        title = "relays" if number == 0 else ""
        say(f"{title:10} {printable(relay.name)}: {words}", nl=trouble is None)
        if trouble is not None:
            say(f"; {printable(trouble, PROBLEM_SHOWN)}", fg="red")
