"""``orders doctor``: is the system well, and what to do if not."""

from __future__ import annotations

import sys
from collections import Counter

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option, stack_name_option
from orders.cli.output import print_json, say
from orders.clock import SystemClock
from orders.deployment.cloudformation import Stack
from orders.deployment.function import DeployedFunction
from orders.deployment.repairs import Repairs
from orders.deployment.stack import load_template
from orders.doctor.checks import Doctor
from orders.doctor.inspection import Inspection
from orders.doctor.results import Check, Outcome

COLOURS = {Outcome.GOOD: "green", Outcome.WARNING: "yellow", Outcome.FAILED: "red", Outcome.SKIPPED: "bright_black"}


@click.command()
@click.option("--no-test-order", is_flag=True, help="Do not send a test order.")
@click.option(
    "--wait",
    "wait_s",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0.1, 900),
    help="Seconds to wait for the test order.",
)
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False),
    help="Your own template, if the stack was deployed from one.",
)
@stack_name_option
@json_option
@aws_options
def doctor(
    aws: Aws, no_test_order: bool, wait_s: float, template: str | None, stack_name: str | None, as_json: bool
) -> None:
    """Check the deployment, send a test order through it, and advise on each problem.

    Checks credentials, region, quotas, the stack and its drift from the template, the queue's visibility timeout,
    OrderDLQ, trigger, subscription and alarms. Then it publishes a test order and removes it from the table. Other
    subscribers of OrderTopic receive the test order too; its orderId begins with orders-doctor-.

    Exit code 0 if no check failed (warnings are allowed), 1 otherwise.
    """
    clock = SystemClock()
    patience_s = 0.0 if no_test_order else wait_s
    stack, function = Stack(aws, stack_name or aws.names.stack, clock), DeployedFunction(aws, clock)
    patient = Doctor(
        inspection=Inspection(aws, clock),
        stack=stack,
        function=function,
        repairs=Repairs(aws, stack, function),
        template=load_template(template),
        clock=clock,
        wait_s=patience_s,
    )
    checks: list[Check] = []
    for check in patient.examine():
        checks.append(check)
        if not as_json:
            _print(check)
    counts = Counter(check.outcome for check in checks)
    if as_json:
        print_json({"well": not counts[Outcome.FAILED], "checks": [_plain(check) for check in checks]})
    else:
        say(f"\n{_sum_up(counts)}")
    sys.exit(1 if counts[Outcome.FAILED] else 0)


def _print(check: Check) -> None:
    say(f"{check.outcome.value:<8}", nl=False, fg=COLOURS[check.outcome])
    say(f" {check.name:<15} {check.message}")
    if check.advice:
        say(f"{'':<24} → {check.advice}")


def _sum_up(counts: Counter[Outcome]) -> str:
    counted = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    return f"{counted}." if counts[Outcome.FAILED] or counts[Outcome.WARNING] else f"All checks passed: {counted}."


def _plain(check: Check) -> dict[str, str]:
    return {"name": check.name, "outcome": check.outcome.value, "message": check.message, "advice": check.advice}
