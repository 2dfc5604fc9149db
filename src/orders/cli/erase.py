"""``orders erase``: a person's data, removed wherever the system keeps it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm, yes_option
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say, show_time
from orders.clock import Clock, SystemClock
from orders.dead_letters.queues import Queue
from orders.erasure.archive_copies import ArchiveCopies
from orders.erasure.claim_copies import ClaimCopies
from orders.erasure.erase import Places, check, find_person
from orders.erasure.erase import erase as run_erase
from orders.erasure.person import Person
from orders.erasure.ports import Copies
from orders.erasure.queue_copies import QueueCopies
from orders.erasure.remains import find_remains
from orders.erasure.report import Found, Report
from orders.erasure.spool_copies import SpoolCopies
from orders.erasure.table_copies import EventCopies, OrderCopies
from orders.errors import OperatorError

EXIT_LEFT = 3
AUDITED_IDS = 100


@click.command()
@click.option("--user", metavar="ID", help="Erase this customer with all orders.")
@click.option("--order", "order_id", metavar="ID", help="Erase this order.")
@click.option(
    "--keep-amounts",
    is_flag=True,
    help="Erase the personal and unknown fields only; keep status, time, country, amounts and order lines.",
)
@click.option(
    "--spool",
    "spools",
    multiple=True,
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A publisher's spool to look through as well; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be erased.")
@yes_option
@json_option
@aws_options
def erase(
    aws: Aws,
    user: str | None,
    order_id: str | None,
    keep_amounts: bool,
    spools: tuple[Path, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a customer's orders, or one order, for good: from the table and its indexes, the history, the archive, the
    queues, OrderDLQ and the claims in S3.

    Shows what it found and asks. Afterwards it looks again and shows what is left and until when. An erased order stays
    erased: notifications that arrive late or are replayed are dropped. Repeating the command is safe; after an
    interruption, repeat it. Exit code 3 if copies are left that another run can erase.
    """
    if (user is None) == (order_id is None) or "" in (user, order_id):
        raise click.UsageError("Give either --user ID or --order ID.")
    clock = SystemClock()
    places = _find_places(aws, clock, spools, keep_amounts=keep_amounts)
    person, found = find_person(places, user, order_id)
    report = Report(sorted(person.order_ids), found)
    if not as_json:
        _print_plan(report, aws.names.queue, keep_amounts=keep_amounts)
    if dry_run:
        _finish(report, as_json=as_json, dry_run=True)
        return
    confirm(f"Erase this for good on {aws.place}?", yes=yes)
    _erase(aws, places, person, report, keep_amounts=keep_amounts, as_json=as_json)
    report.remains = find_remains(aws, clock.now_ms())
    _finish(report, as_json=as_json, dry_run=False)
    sys.exit(EXIT_LEFT if report.left else 0)


def _find_places(aws: Aws, clock: Clock, spools: tuple[Path, ...], *, keep_amounts: bool) -> Places:
    names = aws.names
    bucket = ClaimBucket(aws)
    queues = [
        QueueCopies(queue, bucket, is_looked_at_first=queue.name != names.queue)
        for name in (names.queue, names.archive_queue, names.dead_letter_queue)
        if (queue := _find_queue(aws, name)) is not None
    ]
    archive = ArchiveCopies(aws, bucket)
    others: list[Copies] = [archive] if archive.exists() else []
    # After all that points to them.
    others += [ClaimCopies(bucket)] if bucket.exists() else []
    others += [SpoolCopies(folder) for folder in spools]
    events = EventCopies(aws, clock)
    orders = OrderCopies(aws, clock, keep_amounts=keep_amounts)
    return Places(orders, queues, others, events if events.exists() else None)


def _find_queue(aws: Aws, name: str) -> Queue | None:
    """A queue; None where the system keeps no archive."""
    try:
        return Queue(aws, name)
    except OperatorError:
        if name == aws.names.archive_queue:
            return None
        raise


def _erase(aws: Aws, places: Places, person: Person, report: Report, *, keep_amounts: bool, as_json: bool) -> None:
    """Recorded by the ids of the orders: the audit log holds no personal data."""

    def tell(place: str) -> None:
        if not as_json:
            say(f"Erasing from {place}", err=True)

    before = {"orders": len(report.order_ids), "ids": report.order_ids[:AUDITED_IDS], "keep amounts": keep_amounts}
    target = "a customer" if person.user is not None else f"order {report.order_ids[0]}"
    with audit_log(aws).change("erase", target, before=before) as change:
        person = run_erase(places, person, report.places, tell)
        report.order_ids = sorted(person.order_ids)
        check(places, person, report.places)
        change.after = {
            "orders": len(report.order_ids),
            "ids": report.order_ids[:AUDITED_IDS],
            "erased": {one.place: one.erased for one in report.places},
            "left": report.left,
        }


def _print_plan(report: Report, queue: str, *, keep_amounts: bool) -> None:
    say(f"{plural(len(report.order_ids), 'order')} of this person")
    for one in report.places:
        counted = "looked through when erasing" if one.place == queue else plural(one.copies, one.what)
        say(f"  {one.place}: {counted}")
    if keep_amounts:
        say("Kept: status, time, country, amounts and order lines, without personal and unknown fields")


def _finish(report: Report, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json({"dryRun": dry_run, **report.to_plain()})
        return
    if dry_run:
        say("Nothing was erased.")
        return
    for one in report.places:
        _print_result(one)
    say("Left, and until when:")
    for rest in report.remains:
        until = "" if rest.until_ms is None else f" until {show_time(rest.until_ms)} UTC"
        say(f"  {rest.place}{until}: {rest.holds}")


def _print_result(one: Found) -> None:
    left = f", {one.left:,} left" if one.left else ""
    say(f"  {one.place}: {plural(one.erased, one.what)} erased{left}")
    if one.note:
        say(f"    {one.note}", fg="yellow")
