"""``orders destroy``: the stack, taken down."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.aws.names import STACK, TABLE
from orders.cli.auditing import audit_log
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.clock import SystemClock
from orders.deployment.cloudformation import Stack, StackEvent
from orders.deployment.stack import Audience
from orders.deployment.stack import destroy as destroy_stack
from orders.errors import OperatorError
from orders.table.order_table import OrderTable


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--with-table", is_flag=True, help=f"Delete the table {TABLE} and all orders in it as well.")
@click.option("--stack-name", default=STACK, show_default=True)
@json_option
@aws_options
def destroy(aws: Aws, yes: bool, with_table: bool, stack_name: str, as_json: bool) -> None:
    """Delete the stack. The table with the orders is retained; the next `orders deploy` adopts it.

    Orders waiting in a queue are lost: check with `orders status` first.
    """
    if not yes:
        also = f"AND the table {TABLE} with all orders " if with_table else ""
        click.confirm(f"Delete the stack {stack_name} {also}at {aws.place}?", abort=True, err=as_json)
    audience = Audience() if as_json else Audience(on_event=_print_event)
    table = OrderTable(aws)
    stays = not with_table and table.exists()
    stack = Stack(aws, stack_name, SystemClock())
    log = audit_log(aws)
    if stack.find_status() is None:
        stack_deleted = False
    else:
        with log.change("destroy", stack_name, before={"parameters": stack.parameters()}):
            stack_deleted = destroy_stack(stack, audience)
    if stays and not table.exists():
        raise OperatorError(
            f"the stack is gone, and the table {TABLE} with it, although template.yaml retains it",
            "The endpoint ignores DeletionPolicy, or the stack was created from another template. On AWS, "
            "`aws dynamodb restore-table-to-point-in-time` restores the orders within 35 days.",
        )
    table_deleted = with_table and table.exists()
    if table_deleted:
        with log.change("delete table", TABLE):
            table.delete()
    if as_json:
        print_json({"stack_deleted": stack_deleted, "table_deleted": table_deleted})
        return
    say("The stack was deleted." if stack_deleted else f"There is no stack {stack_name}.")
    if table_deleted:
        say(f"The table {TABLE} is gone.")
    elif table.exists():
        say(f"The table {TABLE} was retained; `orders destroy --with-table` deletes it.")


def _print_event(event: StackEvent) -> None:
    if event.status in ("DELETE_COMPLETE", "DELETE_SKIPPED") or event.is_failure:
        say(f"  {event.status:<18} {event.logical_id} {event.reason if event.is_failure else ''}".rstrip())
