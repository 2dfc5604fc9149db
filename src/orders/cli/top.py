"""``orders top``: the system live, with the rates of the last minutes."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from orders.aws.clients import Aws
from orders.aws.measures import (
    AGE,
    CALLS,
    CONCURRENCY,
    DURATION,
    ERRORS,
    FAILED,
    LONGEST,
    PROCESSED,
    PUBLISHED,
    QUEUED,
    READS,
    STORED,
    THROTTLES,
    UNDELIVERED,
    WRITES,
    Measure,
)
from orders.cli.keys import reading_keys
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, print_json, print_rich, show_number, show_time
from orders.cli.patience import attempt, describe_outage, silent_outage
from orders.cli.status import missing_parts, plain, render
from orders.cli.terminated import stopping_on_sigterm
from orders.clock import Clock, SystemClock
from orders.monitoring.status import Status, StatusReader
from orders.text import printable

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

MINUTES = 15
# Narrower terminals get the parts as headings of their own.
WIDE = 80
TITLE_MAX = 40
BARS = " ▁▂▃▄▅▆▇█"
PARTS: tuple[tuple[str, tuple[Measure, ...]], ...] = (
    ("OrderTopic", (PUBLISHED, UNDELIVERED)),
    ("OrderQueue", (QUEUED, PROCESSED, AGE)),
    ("OrderProcessor", (CALLS, ERRORS, THROTTLES, DURATION, LONGEST, CONCURRENCY)),
    ("Orders", (WRITES, READS)),
    ("OrderDLQ", (FAILED,)),
)
# The others are shown once there is something to show, so that the screen fits a small terminal.
ALWAYS = frozenset({PUBLISHED, QUEUED, PROCESSED, CALLS, DURATION, WRITES, STORED})
BAD = frozenset({UNDELIVERED, ERRORS, THROTTLES, FAILED})


@click.command()
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.2, 60), help="Seconds between updates."
)
@click.option("--once", is_flag=True, help="Print once and exit.")
@json_option
@aws_options
def top(aws: Aws, every: float, once: bool, as_json: bool) -> None:
    """Show the system live: waiting and failed orders, rates of the last 15 minutes. Press q or Ctrl-C to quit.

    Metrics without data in the last hour are omitted. If the output is not a terminal, the screen is printed once.
    On AWS, CloudWatch lags by a minute or two, and 50 updates cost about $0.01: --every 20 is usually enough.
    """
    clock = SystemClock()
    if not (as_json or once) and console().is_terminal:
        _watch(StatusReader(aws.for_watching()), clock, every)
        return
    now = _read(StatusReader(aws), clock)
    _check_is_deployed(now)
    if as_json:
        print_json(_plain(now))
    else:
        print_rich(screen(now, hint=""))
        if not now.is_deployed:
            raise missing_parts(now)
    sys.exit(0 if now.is_deployed else 1)


def _check_is_deployed(now: Status) -> None:
    """Raises OperatorError where there is nothing to watch."""
    if now.is_absent:
        raise missing_parts(now)


def _watch(reader: StatusReader, clock: SystemClock, every_s: float) -> None:
    from rich.live import Live

    outage = silent_outage(clock)
    last = _read(reader, clock)
    _check_is_deployed(last)
    with stopping_on_sigterm(), suppress(KeyboardInterrupt), reading_keys() as keys:
        live = Live(screen(last), console=console(), screen=True, auto_refresh=False)
        try:  # and not `with live`, which would leave its screen standing where Ctrl-C comes as it is set up
            live.start(refresh=True)
            while not keys.is_quit_within(every_s):
                last = attempt(outage, partial(_read, reader, clock)) or last
                live.update(screen(last, lost_since_ms=outage.since_ms), refresh=True)
        finally:
            live.stop()


def _read(reader: StatusReader, clock: Clock) -> Status:
    return reader.read(clock.now_ms())


def screen(now: Status, hint: str = ", press q to quit", lost_since_ms: int | None = None) -> Group:
    """What is shown; of an endpoint that is away the last state, with since when."""
    from rich.console import Group
    from rich.text import Text

    head = Text(f"{show_time(now.at_ms)} UTC{hint}", style="dim")
    lost = [] if lost_since_ms is None else [Text(describe_outage(lost_since_ms), style="yellow")]
    return Group(head, *lost, render(now), Text(), _rates(now))


def _rates(now: Status) -> Table:
    from rich.table import Table

    is_narrow = console().width < WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    if not is_narrow:
        table.add_column("a minute", no_wrap=True)
    table.add_column("a minute" if is_narrow else "", overflow="fold")
    table.add_column(f"{MINUTES} minutes" if is_narrow else f"last {MINUTES} minutes", no_wrap=True)
    table.add_column("last", justify="right", no_wrap=True)
    table.add_column("hour", justify="right", no_wrap=True)
    for part, all_measures in [*PARTS, ("orders", tuple(now.business))]:
        measures = [one for one in all_measures if one in ALWAYS or now.over_the_hour(one)]
        if is_narrow and measures:
            table.add_row(part, style="bold")
        for index, measure in enumerate(measures):
            name = "" if index else part
            style = "red" if measure in BAD and now.over_the_hour(measure) else None
            table.add_row(
                *([] if is_narrow else [name]), *_rate_cells(now, measure, "  " if is_narrow else ""), style=style
            )
    return table


def _rate_cells(now: Status, measure: Measure, indent: str = "") -> tuple[str, ...]:
    values = now.minutes(measure, MINUTES)
    title = indent + escape(printable(measure.title, TITLE_MAX))
    return title, bars(values), show_number(values[-1]), show_number(now.over_the_hour(measure))


def bars(values: list[float]) -> str:
    """A column for each value, the highest full; what is not zero is seen."""
    highest = max(values, default=0.0)
    if highest <= 0:
        return BARS[0] * len(values)
    return "".join(BARS[0 if value <= 0 else max(1, round(value / highest * (len(BARS) - 1)))] for value in values)


def _plain(now: Status) -> dict[str, object]:
    measures = [*(measure for _, part in PARTS for measure in part), *now.business]
    minutes = {measure.title: now.minutes(measure, MINUTES) for measure in measures}
    return {**plain(now), "minutes": minutes}
