"""``orders intake``: who may send orders over HTTP, and where."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.options import aws_options, json_option, stack_name_option
from orders.cli.output import print_json, say, show_time
from orders.cli.tables import Column, print_table
from orders.clock import SystemClock
from orders.deployment.cloudformation import Stack
from orders.errors import OperatorError
from orders.intake.caller_admin import CallerAdmin
from orders.intake.callers import TOKEN, WEBHOOK

COLUMNS = (Column("name"), Column("kind"), Column("added"))
SECRET_ENVIRONMENT = "ORDERS_WEBHOOK_SECRET"  # noqa: S105  (a variable's name)


@click.group()
def intake() -> None:
    """Take orders over HTTP: print the URL; add, list and remove callers.

    `orders deploy -p Intake=Token` starts it. A caller has a bearer token, or signs its webhooks with a secret
    (Standard Webhooks). With `-p Intake=IAM` callers sign with AWS credentials instead.
    """


@intake.command()
@stack_name_option
@json_option
@aws_options
def url(aws: Aws, stack_name: str | None, as_json: bool) -> None:
    """Print the URL that takes orders."""
    found = Stack(aws, stack_name or aws.names.stack, SystemClock()).outputs().get("OrderIntakeUrl")
    if found is None:
        raise OperatorError("no orders are taken over HTTP", "`orders deploy -p Intake=Token` starts it.")
    if as_json:
        print_json({"url": found})
    else:
        say(found)


@intake.command()
@click.argument("name")
@click.option("--webhook", is_flag=True, help="The caller signs webhooks. Default: it has a bearer token.")
@click.option(
    "--secret",
    envvar=SECRET_ENVIRONMENT,
    metavar="whsec_...",
    help=f"The webhook secret that the sender gave out; better in {SECRET_ENVIRONMENT}. Default: a new one.",
)
@click.option("--replace", is_flag=True, help="Give a caller that exists a new secret.")
@json_option
@aws_options
def add(aws: Aws, name: str, webhook: bool, secret: str | None, replace: bool, as_json: bool) -> None:
    """Add the caller NAME and print its token or webhook secret.

    A token is printed this once: only its digest is stored. It is valid within a minute.
    """
    kind = WEBHOOK if webhook else TOKEN
    given = secret if webhook else None
    with audit_log(aws).change("add intake caller", name, after={"kind": kind}):
        made = CallerAdmin(aws).add(name, kind, given, replace=replace)
    if as_json:
        print_json({"name": name, "kind": kind, "secret": made})
    else:
        say(made)


@intake.command(name="list")
@json_option
@aws_options
def list_callers(aws: Aws, as_json: bool) -> None:
    """List the callers; their secrets are not shown."""
    found = CallerAdmin(aws).list()
    if as_json:
        for one in found:
            print_json(one._asdict())
    elif found:
        print_table(COLUMNS, [(one.name, one.kind, show_time(one.added_at_ms)) for one in found])
    else:
        say("there are no callers: `orders intake add NAME` adds one")


@intake.command()
@click.argument("name")
@json_option
@aws_options
def remove(aws: Aws, name: str, as_json: bool) -> None:
    """Remove the caller NAME; it is refused within a minute."""
    with audit_log(aws).change("remove intake caller", name):
        CallerAdmin(aws).remove(name)
    if as_json:
        print_json({"removed": name})
    else:
        say(f"{name} is no longer a caller")
