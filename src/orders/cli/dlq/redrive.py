"""``orders dlq redrive``: failed orders back to OrderQueue, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.confirmation import confirm, yes_option
from orders.cli.dlq.choice import choose, report_problems
from orders.cli.failures import EXIT_INTERRUPTED
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json, say
from orders.clock import SystemClock
from orders.dead_letters.queues import Queue, dead_letter_queue, order_queue
from orders.dead_letters.redrive import send_back
from orders.rate_limit import RateLimiter


@click.command(short_help="Send failed orders back unchanged.")
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Those whose exception or reason, as `list` shows it, contains this.")
@click.option("--rate", type=click.IntRange(1, 500), help="Maximum orders per second, to limit the load.")
@yes_option
@json_option
@aws_options
def redrive(aws: Aws, wanted: tuple[str, ...], reason: str | None, rate: int | None, yes: bool, as_json: bool) -> None:
    """Send failed orders back to OrderQueue unchanged: all, those with the given ids, or those with a reason.

    Without IDs or --reason, SQS itself moves all messages and continues if this command is interrupted; run the command
    again to see the progress. Selected messages are sent in batches of ten, and each is removed only after OrderQueue
    has acknowledged it; an empty --reason selects all. A duplicate is harmless. Exit code 1 if OrderQueue refused any
    message, or a message that was sent could not be removed.
    """
    queue = dead_letter_queue(aws)
    if wanted or reason is not None:
        done = _redrive_chosen(aws, queue, wanted, reason, rate, quiet=as_json)
    else:
        done = Redriven(_redrive_all(aws, queue, rate, yes, quiet=as_json), 0, {})
    if as_json:
        print_json(done._asdict())
    else:
        _tell(done)
    if done.problems:
        raise SystemExit(1)


class Redriven(NamedTuple):
    """How many were sent back, how many were not there any more, and what else went wrong, by message id."""

    moved: int
    missing: int
    problems: dict[str, str]


def _tell(done: Redriven) -> None:
    if not (done.moved or done.missing or done.problems):
        say("OrderDLQ holds no failed orders: nothing was sent back")
        return
    say(f"{plural(done.moved, 'order')} sent back to OrderQueue")
    if done.missing:
        say(f"{done.missing:,} were removed by others or are held by another reader: check with `orders dlq list`.")
    report_problems(done.problems)


def _redrive_all(aws: Aws, queue: Queue, rate: int | None, yes: bool, *, quiet: bool) -> int:
    counts = queue.counts()
    failed_orders = counts.messages
    if not yes and not failed_orders:
        return 0
    confirm(f"Send {plural(failed_orders, 'failed order')} back to OrderQueue?", yes=yes)
    before = {"orders": failed_orders, "rate": rate}
    with (
        _showing(quiet=quiet) as show,
        audit_log(aws).change("redrive", aws.names.dead_letter_queue, before=before) as change,
    ):
        try:
            moved = queue.move_all(rate, SystemClock(), show)
            change.after = {"sent back": moved}
            return moved
        except KeyboardInterrupt:
            change.end(failure="interrupted; SQS continues to move them")
            say("SQS continues to move them; `orders dlq redrive` shows the progress.", err=True)
            raise SystemExit(EXIT_INTERRUPTED) from None


def _redrive_chosen(
    aws: Aws, queue: Queue, wanted: tuple[str, ...], reason: str | None, rate: int | None, *, quiet: bool
) -> Redriven:
    target = order_queue(aws)
    chosen = [order.message_id for order in choose(aws, queue, wanted, reason)]
    problems: dict[str, str] = {}
    before = {"messages": chosen, "reason": reason, "rate": rate}
    with (
        _showing(quiet=quiet) as show,
        audit_log(aws).change("redrive", aws.names.dead_letter_queue, before=before) as change,
    ):
        sent = send_back(
            queue,
            target,
            chosen,
            limiter=RateLimiter(rate, SystemClock()),
            on_sent=lambda count: show(count, len(chosen)),
            on_problem=problems.__setitem__,
        )
        change.after = {"sent back": len(sent), "problems": problems}
    return Redriven(len(sent), len(set(chosen) - set(sent) - set(problems)), problems)


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
