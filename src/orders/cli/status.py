"""``orders status``: the whole system on one screen."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from orders.aws.clients import Aws
from orders.aws.measures import (
    AGE,
    BUSINESS_NAMESPACE,
    CALLS,
    DURATION,
    ERRORS,
    FAILED,
    LONGEST,
    PUBLISHED,
    THROTTLES,
    UNDELIVERED,
    Measure,
)
from orders.cli.alarms import firing_since
from orders.cli.failing_table import failing_lines, failing_row
from orders.cli.option_rows import Options, option_rows, options_document, read_options
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, print_rich, say, show_count, show_number, show_time
from orders.clock import SystemClock
from orders.errors import OperatorError
from orders.monitoring.alarms import FIRING, AlarmReport, report_alarm, report_alarms
from orders.monitoring.backlog import describe_backlog, find_backlog
from orders.monitoring.metrics import FunctionState
from orders.monitoring.option_reader import OptionReader
from orders.monitoring.status import Status, StatusReader
from orders.text import printable

if TYPE_CHECKING:
    from rich.table import Table

FAILING_MAX = 5
MISSING = "[red]not there[/]"


@click.command()
@json_option
@aws_options
def status(aws: Aws, as_json: bool) -> None:
    """Show topic, queues, function, table, errors and alarms on one screen; exit code 1 if a part is missing.

    Intake, history and archive are shown where they are on. `orders relay status` shows the outbox of a database.
    """
    clock = SystemClock()
    now = StatusReader(aws).read(clock.now_ms())
    options = read_options(OptionReader(aws, clock))
    if as_json:
        print_json({**plain(now), "options": options_document(options)})
    else:
        print_rich(render(now, options))
        if not now.is_deployed:
            raise missing_parts(now)
        if now.failed:
            say("\n`orders dlq list` shows why orders failed.")
    sys.exit(0 if now.is_deployed else 1)


def missing_parts(now: Status) -> OperatorError:
    """What to say of a system that is not whole. `orders deploy` makes a new one; it does not replace a lost part."""
    if now.is_absent:
        return OperatorError(f"there is no order system on {now.place}", "Set the system up with `orders deploy`.")
    return OperatorError(
        f"parts of the system are missing: {', '.join(now.missing)}", "`orders doctor` shows how to replace them."
    )


def render(now: Status, options: Options | None = None) -> Table:
    """The screen; the optional parts are left out unless given."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("where", f"{now.place}, as of {show_time(now.at_ms)} UTC")
    if now.function is not None and now.function.paused:
        paused = escape(printable(now.function.paused, 300))
        table.add_row("PAUSED", f"[red]orders are not processed, since {paused}; `orders resume` goes on[/]")
    names = now.names
    table.add_row(names.topic, _topic(now))
    table.add_row(names.queue, _queue(now))
    table.add_row(names.function, _function(now))
    table.add_row(
        names.table, MISSING if now.table is None else f"{plural(now.table.items, 'order')} ({now.table.status})"
    )
    table.add_row(names.dead_letter_queue, _dead_letters(now))
    failing = "\n".join(f"[yellow]{escape(line)}[/]" for line in failing_lines(now.failing, now.at_ms, FAILING_MAX))
    if failing:
        table.add_row("failing now", failing)
    for title, sentence in option_rows(options, now.names) if options else ():
        table.add_row(title, sentence)
    business = _business(now)
    if business:
        table.add_row("last hour", business)
    table.add_row("alarms", _alarms(now))
    return table


def _topic(now: Status) -> str:
    if now.subscriptions is None:
        return MISSING
    rate, hour = show_count(now.rate(PUBLISHED)), show_count(now.over_the_hour(PUBLISHED))
    text = f"{plural(now.subscriptions, 'subscription')}; last minute: {rate} published, last hour: {hour}"
    failed = now.over_the_hour(UNDELIVERED)
    return f"{text}, [red]{show_count(failed)} not delivered[/]" if failed else text


def _business(now: Status) -> str:
    told = [(measure.title, now.over_the_hour(measure)) for measure in now.business]
    return ", ".join(f"{escape(printable(title))} {show_number(value)}" for title, value in told if value)


def _queue(now: Status) -> str:
    if now.queue is None:
        return MISSING
    counts = now.counts
    text = f"{show_count(counts.waiting)} waiting, {show_count(counts.in_flight)} in flight"
    text += f", [yellow]{show_count(counts.failing)} failing[/]" if counts.failing else ""
    age_s = now.latest(AGE)
    text = f"{text}, oldest for {show_count(age_s)} s" if counts.waiting and age_s else text
    backlog = find_backlog(now)
    return f"{text}; {describe_backlog(backlog, now.at_ms)}" if backlog else text


def _function(now: Status) -> str:
    function = now.function
    if function is None:
        return MISSING
    errors, throttles = now.over_the_hour(ERRORS), now.over_the_hour(THROTTLES)
    longest = show_count(now.over_the_hour(LONGEST))
    calls = f"last hour: {show_count(now.over_the_hour(CALLS))} calls, longest {longest} ms, "
    colour = "red" if errors or throttles else "green"
    failed = f"[{colour}]{show_count(errors)} errors, {show_count(throttles)} throttles[/]"
    return f"{function.runtime}, {function.state}{_version(function)}, trigger {function.trigger}; {calls}{failed}"


def _version(function: FunctionState) -> str:
    note = f" ({escape(printable(function.version_note, 300))})" if function.version_note else ""
    version = f", version {function.version}{note}" if function.version else ""
    return version if function.concurrency is None else f"{version}, at most {function.concurrency:,} at a time"


def _dead_letters(now: Status) -> str:
    if now.failed is None:
        return MISSING
    return f"[red]{plural(now.failed, 'failed order')}[/]" if now.failed else "[green]empty[/]"


def _alarms(now: Status) -> str:
    if not now.alarms:
        return "none"
    reports = report_alarms(now)
    lines = [_alarm(report) for report in reports if report.state == FIRING or report.note]
    if not now.firing:
        lines.insert(0, f"[green]{plural(len(now.alarms), 'alarm')}, none firing[/]")
    return "\n".join(lines)


def _alarm(report: AlarmReport) -> str:
    colour = "red" if report.state == FIRING else "default"
    note = f" [yellow]({escape(printable(report.note))})[/]" if report.note else ""
    sentence = f"{escape(printable(report.sentence, 500))}{firing_since(report)}"
    return f"[{colour}]{escape(printable(report.name))}[/]: {sentence}{note}"


def plain(now: Status) -> dict[str, Any]:
    """The same for programs: figures are those of the last hour."""
    answer = {one.name: getattr(now, one.name) for one in fields(now) if one.name not in ("series", "failing", "names")}
    answer["prefix"] = now.names.prefix
    answer["counts"] = now.counts._asdict()
    answer["failing"] = [failing_row(order) for order in now.failing.orders]
    answer["crashes"] = [crash._asdict() for crash in now.failing.crashes]
    answer["published_last_minute"] = now.rate(PUBLISHED)
    for name in ("queue", "dead_letters", "function", "table"):
        part = getattr(now, name)
        answer[name] = None if part is None else part._asdict()
    if now.function is not None:
        answer["function"]["marks"] = dict(now.function.marks)
    answer["alarms"] = [
        {**alarm._asdict(), "sentence": report.sentence, "note": report.note}
        for alarm, report in ((alarm, report_alarm(alarm, now)) for alarm in now.alarms)
    ]
    backlog = find_backlog(now)
    answer["backlog"] = None if backlog is None else {**backlog._asdict(), "drain_a_minute": backlog.drain_a_minute}
    answer["figures"] = {_key(measure): now.over_the_hour(measure) for measure in now.series}
    return answer


def _key(measure: Measure) -> str:
    """A figure's name: the metric's, with its statistic or its dimension where that tells two apart."""
    if measure.namespace == BUSINESS_NAMESPACE:
        return ".".join([measure.metric, *(value for _, value in measure.dimensions)])
    if measure is FAILED:
        return "DlqOperations"
    return measure.metric if measure is not DURATION else "AverageDuration"
