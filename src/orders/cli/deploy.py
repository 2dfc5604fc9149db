"""``orders deploy``: the stack, made or brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import click

from orders.archive.bucket import ArchiveBucket
from orders.audit.log import Change
from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.auditing import audit_log
from orders.cli.confirmation import ask
from orders.cli.options import aws_options, json_option, stack_name_option
from orders.cli.output import plural, print_json, print_rich, say
from orders.clock import SystemClock
from orders.deployment.artifacts import ArtifactBucket
from orders.deployment.canary import CanaryAlarm
from orders.deployment.cloudformation import Stack, StackEvent
from orders.deployment.function import DeployedFunction
from orders.deployment.release import Release, Wanted
from orders.deployment.repairs import Repairs, undone
from orders.deployment.stack import Audience, Deployed, Kept, Plan, System, load_template
from orders.deployment.stack import deploy as deploy_stack
from orders.errors import OperatorError
from orders.history.event_table import EventTable
from orders.monitoring.status import StatusReader
from orders.table.order_table import OrderTable

RUNTIMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
NOW = Wanted()
COLOURS = {"Add": "green", "Import": "green", "Modify": "yellow", "Remove": "red"}


@click.command()
@click.option("--yes", is_flag=True, help="Apply the changes without asking.")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="Python runtime of OrderProcessor.")
@click.option(
    "--role-policies",
    type=click.Choice(["LeastPrivilege", "SeedManagedPolicies"]),
    help="Permissions of OrderProcessor: only what it needs, or the seed's three managed policies.",
)
@click.option("--raw/--envelope", default=None, help="Whether SNS delivers the raw order or its envelope.")
@click.option(
    "--parameter", "-p", "given", metavar="NAME=VALUE", multiple=True, help="Any other parameter of template.yaml."
)
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False),
    help="Your own template, based on template.yaml. Default: the built-in template.",
)
@click.option(
    "--artifact-bucket",
    metavar="NAME",
    help="An existing bucket for the function's code, used unchanged. Default: a new private bucket.",
)
@click.option(
    "--canary",
    type=click.IntRange(1, 99),
    metavar="PERCENT",
    help="Give the new version only this share of the orders; an alarm on its errors takes it back.",
)
@click.option("--again", is_flag=True, help="Make a version live that was rolled back.")
@stack_name_option
@json_option
@aws_options
def deploy(
    aws: Aws,
    yes: bool,
    runtime: str | None,
    role_policies: str | None,
    raw: bool | None,
    given: tuple[str, ...],
    template: str | None,
    artifact_bucket: str | None,
    canary: int | None,
    again: bool,
    stack_name: str | None,
    as_json: bool,
) -> None:
    """Create or update the stack: package the function, show the changes, ask, apply, wait, make the new version live.

    Parameters that are not given keep their values from the last deployment, or take template.yaml's defaults. What was
    changed outside of the stack is shown and changed back: the function's code and settings, the trigger, the queues.
    A paused system stays paused. `orders rollback` makes the version before live again. --prefix keeps several systems
    apart in one account: their stack, their names and all commands.
    """
    stack_name = stack_name or aws.names.stack
    parameters = dict(map(_parse_parameter, given))
    if runtime is not None:
        parameters["Runtime"] = runtime
    if role_policies is not None:
        parameters["RolePolicies"] = role_policies
    if raw is not None:
        parameters["RawMessageDelivery"] = "true" if raw else "false"
    if not as_json:
        say(f"Deploying the stack {stack_name} to {aws.place}")
    deployed = run_deploy(
        aws,
        stack_name,
        parameters,
        _speaking(yes, as_json),
        wanted=Wanted(canary, again),
        template=template,
        artifact_bucket=artifact_bucket,
    )
    if as_json:
        print_json(
            {
                "changed": bool(deployed and deployed.changed),
                "outputs": deployed.outputs if deployed else {},
                "live": deployed.move.change or deployed.move.held if deployed else "",
            }
        )
    elif deployed is None:
        say("No changes were made.")
    else:
        _print_next_steps(deployed)
    if deployed is not None and not deployed.changed:
        _refuse_missing_parts(aws)


def _refuse_missing_parts(aws: Aws) -> None:
    """A deployment that changes nothing replaces no part that somebody deleted: CloudFormation knows nothing of it."""
    missing = StatusReader(aws).read(SystemClock().now_ms()).missing
    if missing:
        raise OperatorError(
            f"the stack is up to date, but parts of the system are missing: {', '.join(missing)}",
            "`orders doctor` shows how to replace them.",
        )


def run_deploy(
    aws: Aws,
    stack_name: str,
    parameters: Mapping[str, str],
    audience: Audience,
    *,
    wanted: Wanted = NOW,
    template: str | None = None,
    artifact_bucket: str | None = None,
) -> Deployed | None:
    """Deploy before an audience; None if it did not agree. Without a template and a bucket of the shop, with ours."""
    log, clock = audit_log(aws), SystemClock()

    def recording(plan: Plan) -> AbstractContextManager[Change]:
        before = {"parameters": plan.before, "drift": undone(plan.drift)}
        changes = [f"{change.action} {change.logical_id}" for change in plan.changes]
        after = {"parameters": plan.after, "changes": changes, "live": plan.move.change}
        return log.change("deploy", stack_name, before=before, after=after)

    audience.recording = recording
    stack, function, table = Stack(aws, stack_name, clock), DeployedFunction(aws, clock), OrderTable(aws)
    system = System(
        names=aws.names,
        stack=stack,
        artifacts=ArtifactBucket(aws, artifact_bucket),
        function=function,
        repairs=Repairs(aws, stack, function),
        release=Release(function, CanaryAlarm(aws)),
        kept=Kept(
            table=table.exists(),
            audit_log=log.exists(),
            events_table=EventTable(aws).exists,
            archive_bucket=ArchiveBucket(aws).exists,
            claims_bucket=ClaimBucket(aws).exists,
        ),
        ensure_stream=table.ensure_stream,
    )
    return deploy_stack(system, load_template(template), parameters, wanted, audience)


def quiet_audience() -> Audience:
    """Agrees to everything, says nothing."""
    return Audience()


def _speaking(yes: bool, as_json: bool) -> Audience:
    if as_json:
        return Audience(agree=lambda plan: yes or _ask(plan))
    return Audience(
        agree=lambda plan: _show_and_ask(plan, yes),
        on_step=lambda step: say(_STEPS[step]) if step in _STEPS else None,
        on_event=_print_event,
    )


_STEPS = {
    "stream": "Reading the stream of the table Orders, which this stack did not create; it is enabled if it is not",
    "package": "Packaging OrderProcessor",
    "change set": "Comparing with the current stack",
}


def _show_and_ask(plan: Plan, yes: bool) -> bool:
    _print_plan(plan)
    return yes or _ask(plan)


def _ask(plan: Plan) -> bool:
    number = len(plan.changes) + len(plan.drift)
    return ask(f"Apply {plural(number, 'change')}?" if number else "Go on?")


def _print_plan(plan: Plan) -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    for change in plan.changes:
        colour = COLOURS.get(change.action, "default")
        note = "[red]is replaced[/]" if change.replacement == "True" else ""
        table.add_row(f"[{colour}]{change.action}[/]", change.logical_id, f"[dim]{change.resource_type}[/]", note)
    if plan.changes:
        print_rich(table)
    if plan.drift:
        say("Changed outside of the stack, to be changed back:")
    for difference in plan.drift:
        say(f"  {difference.describe()}", fg="yellow")
    if plan.move.change:
        say(f"  {plan.move.change}")


def _print_event(event: StackEvent) -> None:
    if event.is_failure:
        say(f"  {event.status:<20} {event.logical_id}: {event.reason}", fg="red")
    elif event.status.endswith("_COMPLETE"):
        say(f"  {event.status:<20} {event.logical_id}")


def _print_next_steps(deployed: Deployed) -> None:
    say("The stack is ready." if deployed.changed else "The stack is up to date.", fg="green")
    if deployed.move.change:
        say(deployed.move.change)
    if deployed.move.held:
        say(deployed.move.held, fg="yellow")
    say(f"Publish orders to {deployed.outputs.get('OrderTopicArn', 'OrderTopic')}")
    say("Next: `orders publish FILE`, `orders status`, `orders logs --follow`")


def _parse_parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise OperatorError(f"{text!r} is not a parameter", "Write it as NAME=VALUE, for example MemorySize=256.")
    return name, value
