"""``orders destroy``: the stack, taken down."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import click

from orders.archive.bucket import ArchiveBucket
from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm, yes_option
from orders.cli.options import aws_options, json_option, stack_name_option
from orders.cli.output import print_json, say
from orders.clock import SystemClock
from orders.deployment.canary import CanaryAlarm
from orders.deployment.cloudformation import Stack, StackEvent
from orders.deployment.stack import Audience, check_names
from orders.deployment.stack import destroy as destroy_stack
from orders.errors import OperatorError
from orders.history.event_table import EventTable
from orders.table.order_table import OrderTable


class Data(NamedTuple):
    """Something that outlives the stack."""

    key: str
    name: str
    option: str
    exists: Callable[[], bool]
    delete: Callable[[], None]
    contents: str


@click.command()
@yes_option
@click.option("--with-table", is_flag=True, help="Delete the table Orders and all orders in it as well.")
@click.option("--with-history", is_flag=True, help="Delete the table OrderEvents and the history in it as well.")
@click.option("--with-archive", is_flag=True, help="Delete the archive bucket and all notifications in it as well.")
@click.option("--with-claims", is_flag=True, help="Delete the bucket of large orders as well.")
@stack_name_option
@json_option
@aws_options
def destroy(
    aws: Aws,
    yes: bool,
    with_table: bool,
    with_history: bool,
    with_archive: bool,
    with_claims: bool,
    stack_name: str | None,
    as_json: bool,
) -> None:
    """Delete the stack. The table with the orders, their history, the archive and the bucket of large orders are
    retained; the next `orders deploy` adopts them.

    Orders waiting in a queue are lost: check with `orders status` first.
    """
    stack = Stack(aws, stack_name or aws.names.stack, SystemClock())
    check_names(stack, aws.names)
    chosen = {"table": with_table, "history": with_history, "archive": with_archive, "claims": with_claims}
    data = [one for one in _find_data(aws) if one.exists()]
    doomed = [one for one in data if chosen[one.key]]
    is_there = stack.find_status() is not None
    what = [f"the stack {stack.name}"] if is_there else []
    what += [f"{one.name} with {one.contents}" for one in doomed]
    if what:
        confirm(f"Delete {' AND '.join(what)} on {aws.place}?", yes=yes)
    stack_deleted = is_there and _destroy_stack(aws, stack, as_json=as_json)
    lost = [one for one in data if one not in doomed and not one.exists()]
    if lost:
        raise OperatorError(
            f"the stack is gone, and {lost[0].name} with it, although template.yaml retains it",
            "The endpoint ignores DeletionPolicy, or the stack was created from another template. On AWS, "
            "`aws dynamodb restore-table-to-point-in-time` restores a table within 35 days.",
        )
    for one in doomed:
        with audit_log(aws).change(f"delete {one.key}", one.name):
            one.delete()
    if as_json:
        keys = {one.key for one in doomed}
        print_json({"stack_deleted": stack_deleted, **{f"{key}_deleted": key in keys for key in chosen}})
        return
    say("The stack was deleted." if stack_deleted else f"There is no stack {stack.name}.")
    for one in data:
        if one in doomed:
            say(f"{one.name[0].upper()}{one.name[1:]} is gone.")
        else:
            say(f"{one.name[0].upper()}{one.name[1:]} was retained; `orders destroy {one.option}` deletes it.")


def _find_data(aws: Aws) -> list[Data]:
    table, events, archive, claims = OrderTable(aws), EventTable(aws), ArchiveBucket(aws), ClaimBucket(aws)
    return [
        Data("table", f"the table {aws.names.table}", "--with-table", table.exists, table.delete, "all orders"),
        Data(
            "history",
            f"the table {aws.names.events_table}",
            "--with-history",
            events.exists,
            events.delete,
            "the history",
        ),
        Data(
            "archive",
            f"the bucket {archive.name}",
            "--with-archive",
            archive.exists,
            archive.delete,
            "all notifications",
        ),
        Data(
            "claims",
            f"the bucket {claims.name}",
            "--with-claims",
            claims.exists,
            claims.delete,
            "all large orders",
        ),
    ]


def _destroy_stack(aws: Aws, stack: Stack, *, as_json: bool) -> bool:
    audience = Audience() if as_json else Audience(on_event=_print_event)
    with audit_log(aws).change("destroy", stack.name, before={"parameters": stack.parameters()}):
        deleted = destroy_stack(stack, audience)
        CanaryAlarm(aws).remove()  # of a canary that was under way: a deployment made it, not the stack
        return deleted


def _print_event(event: StackEvent) -> None:
    if event.status in ("DELETE_COMPLETE", "DELETE_SKIPPED") or event.is_failure:
        say(f"  {event.status:<18} {event.logical_id} {event.reason if event.is_failure else ''}".rstrip())
