"""``orders pause``, ``resume``, ``concurrency`` and ``rollback``: the operator's levers."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm, yes_option
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.clock import SystemClock
from orders.deployment.canary import CanaryAlarm
from orders.deployment.function import DeployedFunction
from orders.errors import OperatorError
from orders.levers.levers import Levers
from orders.monitoring.counting import CountReader

NO_LIMIT = "none"


def levers_of(aws: Aws) -> Levers:
    """The levers of the system that a command changes."""
    clock = SystemClock()
    return Levers(DeployedFunction(aws, clock), CanaryAlarm(aws), clock, lambda: aws.identity)


@click.command()
@click.option("--reason", default="", help="Why; everybody sees it while the system is paused.")
@yes_option
@json_option
@aws_options
def pause(aws: Aws, reason: str, yes: bool, as_json: bool) -> None:
    """Stop processing orders. They wait in OrderQueue, for 4 days at most; publishing goes on. Running calls end.

    A deployment does not resume a paused system; `orders resume` does.
    """
    levers = levers_of(aws)
    if not levers.is_paused():
        confirm(f"Stop processing orders on {aws.place}?", yes=yes)
    changed = levers.pause(audit_log(aws).change, reason)
    if as_json:
        print_json({"paused": True, "changed": changed})
    else:
        say("Paused: orders wait in OrderQueue until `orders resume`." if changed else "The system is paused already.")


@click.command()
@json_option
@aws_options
def resume(aws: Aws, as_json: bool) -> None:
    """Go on processing the orders in OrderQueue."""
    changed = levers_of(aws).resume(audit_log(aws).change)
    waiting = CountReader(aws).read(SystemClock().now_ms()).counts.waiting
    if as_json:
        print_json({"paused": False, "changed": changed, "waiting": waiting})
    elif changed:
        say(f"Resumed: {waiting:,} waiting. `orders status` shows when they will be done.")
    else:
        say("The system is not paused.")


@click.command()
@click.argument("limit", metavar="N")
@json_option
@aws_options
def concurrency(aws: Aws, limit: str, as_json: bool) -> None:
    """Limit the concurrent calls for OrderQueue to N, 2 to 1000; `none` removes the limit.

    A deployment keeps the limit, unless it is given -p MaximumConcurrency=N.
    """
    wanted = _parse_limit(limit)
    levers = levers_of(aws)
    before = levers.find_concurrency()
    changed = levers.set_concurrency(audit_log(aws).change, wanted)
    if as_json:
        print_json({"before": before, "after": wanted, "changed": changed})
    else:
        say(f"concurrent calls: {_show_limit(before)} → {_show_limit(wanted)}" if changed else "nothing to change")


@click.command()
@click.option("--to", "wanted", type=click.IntRange(1), metavar="VERSION", help="Default: the version before.")
@yes_option
@json_option
@aws_options
def rollback(aws: Aws, wanted: int | None, yes: bool, as_json: bool) -> None:
    """Make an earlier published version of OrderProcessor live again, within seconds.

    During a canary, without --to: take the new version's share back. Queue, trigger and permissions stay as they are.
    Deploying the same code does not bring the bad version back; `orders deploy --again` does.
    """
    levers = levers_of(aws)
    plan = levers.plan_rollback(wanted)
    if not as_json:
        say(plan.describe())
    confirm("Go on?", yes=yes)
    levers.rollback(audit_log(aws).change, plan)
    if as_json:
        print_json({"version": plan.target, "rolled_back": plan.bad})
    else:
        say(f"Version {plan.target} processes orders now.", fg="green")
        say("Next: `orders status`; `orders dlq redrive` sends back what failed; `orders deploy` with corrected code.")


def _parse_limit(text: str) -> int | None:
    if text == NO_LIMIT:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise OperatorError(f"{text!r} is not a number of calls", "Give 2 to 1000, or none.")
    return int(text)


def _show_limit(limit: int | None) -> str:
    return "no limit" if limit is None else f"{limit:,}"
