"""``orders dlq purge``: failed orders deleted for good."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm_by_name, yes_option
from orders.cli.dlq.choice import choose, report_problems
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.redrive import delete_chosen


@click.command(short_help="Delete failed orders permanently.")
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Those whose exception or reason, as `list` shows it, contains this.")
@yes_option
@json_option
@aws_options
def purge(aws: Aws, wanted: tuple[str, ...], reason: str | None, yes: bool, as_json: bool) -> None:
    """Delete failed orders permanently: all, those with the given ids, or those with a reason.

    Asks you to type the queue's name. Keep a copy with `orders dlq export FILE` first.
    """
    queue, name = dead_letter_queue(aws), aws.names.dead_letter_queue
    problems: dict[str, str] = {}
    log = audit_log(aws)
    if wanted or reason is not None:
        chosen = [order.message_id for order in choose(aws, queue, wanted, reason)]
        _confirm(name, len(chosen), yes)
        with log.change("purge", name, before={"messages": chosen, "reason": reason}) as change:
            deleted = delete_chosen(queue, chosen, on_problem=problems.__setitem__)
            change.after = {"deleted": deleted, "problems": problems}
    else:
        counts = queue.counts()
        deleted = counts.messages
        _confirm(name, deleted, yes)
        with log.change("purge", name, before={"orders": deleted}):
            queue.purge()
    if as_json:
        print_json({"deleted": deleted, "problems": problems})
    else:
        say(f"{plural(deleted, 'failed order')} deleted")
        report_problems(problems)
    if problems:
        raise SystemExit(1)


def _confirm(name: str, count: int, yes: bool) -> None:
    confirm_by_name(f"{plural(count, 'failed order')} will be deleted permanently.", name, yes=yes)
