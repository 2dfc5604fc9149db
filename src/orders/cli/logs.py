"""``orders logs``: what OrderProcessor says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, show_time
from orders.cli.patience import attempt, spoken_outage
from orders.cli.terminated import stopping_on_sigterm
from orders.clock import Clock, SystemClock
from orders.domain.times import parse_duration_ms
from orders.function_log.crashes import is_failure
from orders.function_log.lines import LogLine
from orders.function_log.reader import ERRORS, OVERLAP_MS, FunctionLogs
from orders.function_log.search import text_pattern
from orders.text import printable_block

FOLLOW_EVERY_MS = 1_000.0


@click.command()
@click.option("--since", default="1h", show_default=True, help="How far back to start: 90s, 10m, 2h, 7d.")
@click.option("--follow", "-f", is_flag=True, help="Print new lines as they arrive, until Ctrl-C.")
@click.option("--errors", is_flag=True, help="Only failures: of orders, tracebacks, timeouts, runtime exits.")
@click.option("--filter", "pattern", default="", help="A CloudWatch Logs filter pattern.")
@click.option("--request", "request_id", default="", metavar="ID", help="Only lines of this call of OrderProcessor.")
@json_option
@aws_options
def logs(aws: Aws, since: str, follow: bool, errors: bool, pattern: str, request_id: str, as_json: bool) -> None:
    """Print OrderProcessor's log, oldest first.

    With --follow, if the endpoint stops answering, the command says so and continues when it answers again.
    """
    clock = SystemClock()
    reader = FunctionLogs(aws.for_watching() if follow else aws)
    reader.check_is_there()
    pattern = pattern or text_pattern(request_id) or (ERRORS if errors else "")
    since_ms = clock.now_ms() - parse_duration_ms(since)
    lines = _follow(reader, since_ms, pattern, clock) if follow else reader.lines(since_ms, pattern)
    with stopping_on_sigterm(), suppress(KeyboardInterrupt):
        for line in lines:
            if errors and not is_failure(line):
                continue
            if as_json:
                print_json(line._asdict())
            else:
                click.echo(f"{click.style(show_time(line.at_ms), dim=True)} {_styled(line)}")


def _styled(line: LogLine) -> str:
    text = printable_block(line.text.rstrip("\n"))
    return click.style(text, fg="red") if is_failure(line) else text


def _follow(reader: FunctionLogs, since_ms: int, pattern: str, clock: Clock) -> Iterator[LogLine]:
    """The lines since a moment and then the new ones, each once; an endpoint that is away ends nothing."""
    outage = spoken_outage(clock)
    shown: dict[str, int] = {}
    while True:
        lines = attempt(outage, partial(_read, reader, since_ms, pattern)) or []
        for line in lines:
            if line.event_id not in shown:
                shown[line.event_id] = line.at_ms
                yield line
        newest_ms = max(shown.values(), default=since_ms)
        since_ms = max(since_ms, newest_ms - OVERLAP_MS)
        shown = {event_id: at_ms for event_id, at_ms in shown.items() if at_ms >= since_ms}
        clock.wait_ms(FOLLOW_EVERY_MS)


def _read(reader: FunctionLogs, since_ms: int, pattern: str) -> list[LogLine]:
    return list(reader.lines(since_ms, pattern))
