"""``orders alarms``: the alarms in plain words; silence and acknowledge them."""

from __future__ import annotations

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, print_rich, say, show_time
from orders.clock import SystemClock
from orders.deployment.function import DeployedFunction
from orders.domain.times import parse_duration_ms
from orders.errors import OperatorError
from orders.levers.alarms import AlarmLevers
from orders.levers.silence import show_moment
from orders.monitoring.alarms import FIRING, AlarmReport, report_alarms
from orders.monitoring.status import StatusReader
from orders.text import printable

REASON_SHOWN = 500


@click.group(invoke_without_command=True)
@json_option
@aws_options
@click.pass_context
def alarms(context: click.Context, aws: Aws, as_json: bool) -> None:
    """List the alarms in plain words, the firing ones first, with CloudWatch's own words behind.

    \b
    orders alarms silence NAME 1h     notify nobody for a time
    orders alarms unsilence NAME      notify again
    orders alarms acknowledge NAME    say that somebody looks after it
    """
    if context.invoked_subcommand is not None:
        return
    reports = report_alarms(StatusReader(aws).read(SystemClock().now_ms()))
    if not reports:
        raise OperatorError("there are no alarms", "`orders deploy` creates them.")
    if as_json:
        for report in reports:
            print_json(report._asdict())
    else:
        _print_table(reports)


@alarms.command()
@click.argument("name")
@click.argument("duration", metavar="DURATION")
@json_option
@aws_options
def silence(aws: Aws, name: str, duration: str, as_json: bool) -> None:
    """Silence the alarm NAME for DURATION: 30m, 2h or 7d at most.

    Nobody is notified meanwhile; its state is shown as before. CloudWatch does not end the silence: once it is past
    due, `orders status`, `doctor` and the console say so.
    """
    until_ms = _levers(aws).silence(audit_log(aws).change, name, parse_duration_ms(duration))
    if as_json:
        print_json({"alarm": name, "silenced_until": show_time(until_ms)})
    else:
        say(f"{name} notifies nobody until {show_time(until_ms)} UTC; `orders alarms unsilence {name}` ends it.")


@alarms.command()
@click.argument("name")
@json_option
@aws_options
def unsilence(aws: Aws, name: str, as_json: bool) -> None:
    """Notify of the alarm NAME again."""
    _levers(aws).unsilence(audit_log(aws).change, name)
    if as_json:
        print_json({"alarm": name, "silenced_until": None})
    else:
        say(f"{name} notifies again.")


@alarms.command(short_help="Say that somebody looks after the alarm NAME.")
@click.argument("name")
@json_option
@aws_options
def acknowledge(aws: Aws, name: str, as_json: bool) -> None:
    """Say that somebody looks after the alarm NAME; it holds until the alarm changes its state."""
    _levers(aws).acknowledge(audit_log(aws).change, name)
    if as_json:
        print_json({"alarm": name, "acknowledged": True})
    else:
        say(f"{name} is acknowledged.")


def firing_since(report: AlarmReport) -> str:
    """«, since 2026-05-03T02:14:09Z» for an alarm that fires; empty for others."""
    if report.state != FIRING or report.since_ms is None:
        return ""
    return f", since {show_moment(report.since_ms)}"


def _levers(aws: Aws) -> AlarmLevers:
    clock = SystemClock()
    return AlarmLevers(aws, DeployedFunction(aws, clock), clock, lambda: aws.identity)


def _print_table(reports: list[AlarmReport]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for report in reports:
        colour = "red" if report.state == FIRING else "green" if report.state == "OK" else "default"
        words = Text(printable(report.sentence), style=colour)
        words.append(firing_since(report))
        if report.note:
            words.append(f"\n{printable(report.note)}", style="yellow")
        if report.state == FIRING and report.reason:
            words.append(f"\n{printable(report.reason, REASON_SHOWN)}", style="dim")
        table.add_row(Text(printable(report.name)), words)
    print_rich(table)
