"""``orders logs``: what OrderProcessor says."""

from __future__ import annotations

from collections.abc import Iterator

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, show_time
from orders.clock import SystemClock
from orders.domain.times import parse_duration_ms
from orders.function_log.lines import LogLine, parse_line
from orders.function_log.reader import OVERLAP_MS, FunctionLogs
from orders.function_log.search import text_pattern
from orders.text import printable_block

FOLLOW_EVERY_MS = 1_000.0


@click.command()
@click.option("--since", default="1h", show_default=True, help="How far back to start: 90s, 10m, 2h, 7d.")
@click.option("--follow", "-f", is_flag=True, help="Print new lines as they arrive, until Ctrl-C.")
@click.option("--errors", is_flag=True, help="Only lines of orders that failed.")
@click.option("--filter", "pattern", default="", help="A CloudWatch Logs filter pattern.")
@click.option("--request", "request_id", default="", metavar="ID", help="Only lines of this call of OrderProcessor.")
@json_option
@aws_options
def logs(aws: Aws, since: str, follow: bool, errors: bool, pattern: str, request_id: str, as_json: bool) -> None:
    """Print OrderProcessor's log, oldest first."""
    clock = SystemClock()
    reader = FunctionLogs(aws)
    reader.check_is_there()
    pattern = pattern or text_pattern(request_id) or ('{ $.level = "ERROR" }' if errors else "")
    lines = reader.lines(clock.now_ms() - parse_duration_ms(since), pattern)
    for line in _follow(reader, lines, pattern, clock) if follow else lines:
        if as_json:
            print_json(line._asdict())
        else:
            click.echo(f"{click.style(show_time(line.at_ms), dim=True)} {_styled(line)}")


def _styled(line: LogLine) -> str:
    content = parse_line(line.text)
    text = printable_block(line.text.rstrip("\n"))
    return click.style(text, fg="red") if content.get("level") == "ERROR" else text


def _follow(reader: FunctionLogs, lines: Iterator[LogLine], pattern: str, clock: SystemClock) -> Iterator[LogLine]:
    shown: dict[str, int] = {}
    newest_ms = 0
    while True:
        for line in lines:
            newest_ms = max(newest_ms, line.at_ms)
            if line.event_id not in shown:
                shown[line.event_id] = line.at_ms
                yield line
        shown = {event_id: at_ms for event_id, at_ms in shown.items() if at_ms >= newest_ms - OVERLAP_MS}
        clock.wait_ms(FOLLOW_EVERY_MS)
        lines = reader.lines((newest_ms or clock.now_ms()) - OVERLAP_MS, pattern)
