"""``orders dlq redrive``: failed orders back to OrderQueue, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from orders.adapters.aws import Aws
from orders.adapters.queues import Queue, dead_letter_queue, order_queue
from orders.cli.dlq.choice import choose
from orders.cli.failures import EXIT_INTERRUPTED
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json
from orders.clock import SystemClock
from orders.dead_letters import send_back

SECOND_MS = 1_000.0


@click.command()
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Those whose exception or reason, as `list` shows it, contains this.")
@click.option("--rate", type=click.IntRange(1, 500), help="Orders per second at most, to spare what was overloaded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@aws_options
def redrive(aws: Aws, wanted: tuple[str, ...], reason: str | None, rate: int | None, yes: bool, as_json: bool) -> None:
    """Send failed orders back to OrderQueue as they are: all, those with the given ids, or those with a reason.

    All are moved by SQS itself, which goes on if this command is interrupted; called again, it shows how far that is.
    Chosen ones are sent one by one, and each is removed only after OrderQueue has taken it; an empty --reason chooses
    all. Sent back twice is harmless: the same order again changes nothing.
    """
    queue = dead_letter_queue(aws)
    if wanted or reason is not None:
        moved, missing = _redrive_chosen(aws, queue, wanted, reason, rate, quiet=as_json)
    else:
        moved, missing = _redrive_all(queue, rate, yes, quiet=as_json), 0
    if as_json:
        print_json({"moved": moved, "missing": missing})
        return
    click.echo(f"{plural(moved, 'order')} sent back to OrderQueue")
    if missing:
        click.echo(f"{missing:,} were taken by others meanwhile, or are being looked at: `orders dlq list` tells.")


def _redrive_all(queue: Queue, rate: int | None, yes: bool, *, quiet: bool) -> int:
    counts = queue.counts()
    if not yes:
        click.confirm(f"Send all failed orders ({counts.visible + counts.in_flight:,}) back to OrderQueue?", abort=True)
    with _showing(quiet=quiet) as show:
        try:
            return queue.move_all(rate, SystemClock(), show)
        except KeyboardInterrupt:
            click.echo("SQS goes on moving them; `orders dlq redrive` shows how far it is.", err=True)
            raise SystemExit(EXIT_INTERRUPTED) from None


def _redrive_chosen(
    aws: Aws, queue: Queue, wanted: tuple[str, ...], reason: str | None, rate: int | None, *, quiet: bool
) -> tuple[int, int]:
    """How many were sent, and how many were not there any more."""
    target = order_queue(aws)
    chosen = [letter.message_id for letter in choose(aws, queue, wanted, reason)]
    clock = SystemClock()
    with _showing(quiet=quiet) as show:
        sent = send_back(
            queue,
            target,
            chosen,
            pace=lambda: clock.wait_ms(SECOND_MS / rate if rate else 0.0),
            on_sent=lambda count: show(count, len(chosen)),
        )
    return len(sent), len(chosen) - len(sent)


@contextmanager
def _showing(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows how many of how many were moved; on a terminal only."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _moved, _all: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("sent back"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=screen
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda moved, total: bar.update(task, completed=moved, total=total)
