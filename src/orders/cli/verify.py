"""``orders verify``: files of published orders held against what became of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import click

from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json, say, show_time
from orders.cli.patience import attempt, spoken_outage
from orders.clock import Clock, SystemClock
from orders.dead_letters.claimed import resolve_bodies
from orders.dead_letters.queues import Queue, dead_letter_queue, order_queue
from orders.dead_letters.reasons import make_failed_order, oldest_ms
from orders.errors import OperatorError
from orders.function_log.reader import FunctionLogs
from orders.json_text import to_json
from orders.publishing.csv_orders import Column, parse_columns
from orders.publishing.order_files import check_is_file, count_bytes, read_entries
from orders.table.order_table import OrderTable
from orders.table.verify import DeadLetter, Expectations, Finding, Report, State, Waiting, verify_orders
from orders.table.whole_orders import WholeOrders
from orders.text import printable

EXIT_NOT_CLEAN = 4
SHOWN_MAX = 50
POLL_MS = 1_000.0
EMPTY_COUNTS = 2
# What was given back longer ago was stored or set aside since: three attempts take less.
LATELY_MS = 3_600_000
COLOURS = {State.WAITING: "yellow"}


@click.command()
@click.argument("sources", metavar="FILE...|-", nargs=-1, required=True)
@click.option("--wait", "wait_s", type=click.IntRange(0), default=0, help="Seconds to wait for orders in transit.")
@click.option(
    "--map",
    "mapping",
    metavar="FIELD=COLUMN[:TYPE],...",
    multiple=True,
    help="The column mapping that the CSV files were published with (`orders publish --map`).",
)
@json_option
@aws_options
def verify(aws: Aws, sources: tuple[str, ...], wait_s: int, mapping: tuple[str, ...], as_json: bool) -> None:
    """Check published files against the table, OrderQueue and OrderDLQ; exit code 4 if any order is not right.

    If the files hold several notifications of an order, the newest by timestamp counts. Each order that is not right
    is printed with its place in the file:

    \b
    missing    neither stored, waiting nor dead-lettered
    different  stored with other content; the fields are listed
    waiting    not stored yet, and OrderQueue is not empty (--wait waits for them)
    dead       in OrderDLQ, with the reason
    refused    the line is not an order, and not in OrderDLQ

    An order that a newer notification has replaced is right. The command changes nothing: OrderDLQ's messages are read
    and released at once, OrderQueue's are only counted. --json prints a line for each order that is not right, then a
    summary.
    """
    for source in sources:
        check_is_file(source)
    clock = SystemClock()
    began_ms = clock.monotonic_ms()
    expectations = _read(aws, sources, parse_columns(mapping), quiet=as_json)
    if not expectations.notifications:
        raise OperatorError(f"{', '.join(sources)}: no orders found")
    report = _check(aws, clock, expectations, quiet=as_json)
    outage = spoken_outage(clock)
    while report.waiting and clock.monotonic_ms() < began_ms + wait_s * 1000:
        clock.wait_ms(POLL_MS)
        waiting = expectations.only(report.waiting)
        renewed = attempt(outage, partial(_check, aws, clock, waiting, quiet=True))
        if renewed is not None:
            report.renew(renewed)
    if outage.since_ms is not None:
        raise OperatorError(
            f"the endpoint stopped answering at {show_time(outage.since_ms)} UTC", "Run it again later."
        )
    _report(report, expectations, (clock.monotonic_ms() - began_ms) / 1000, as_json=as_json)
    sys.exit(0 if report.is_clean else EXIT_NOT_CLEAN)


def _check(aws: Aws, clock: Clock, expectations: Expectations, *, quiet: bool) -> Report:
    """Verify once. Reads queue, dead-letter queue and table in the order that messages move, so none is missed."""
    messages = _count_waiting(order_queue(aws))
    dead_letters, given_back = _read_dead_letters(aws, clock, messages)
    table = OrderTable(aws, clock)
    with _bar("checking", len(expectations.orders) + len(expectations.refused), quiet=quiet) as advance:
        waiting = Waiting(messages, given_back)
        whole = WholeOrders(aws).whole
        return verify_orders(expectations, table, dead_letters, waiting, whole=whole, on_progress=advance)


# --- Reading ----------------------------------------------------------------------------------------------------------


def _read(aws: Aws, sources: tuple[str, ...], columns: Sequence[Column], *, quiet: bool) -> Expectations:
    expectations = Expectations(takes_claims=ClaimBucket(aws).exists())
    sizes = [count_bytes(source) for source in sources]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with _bar("reading", total, quiet=quiet) as advance:
        for source in sources:
            for entry in read_entries(source, columns):
                expectations.add(entry)
                advance(len(entry.text) + 1)
    return expectations


def _count_waiting(queue: Queue) -> int:
    """How many messages OrderQueue holds. SQS counts approximately: it is empty when it says so twice."""
    for _ in range(EMPTY_COUNTS):
        counts = queue.counts()
        messages = counts.messages
        if messages:
            break
    return messages


def _read_dead_letters(aws: Aws, clock: Clock, waiting_messages: int) -> tuple[list[DeadLetter], dict[str, str]]:
    """The dead letters with their reasons, and by order why orders that still wait were given back lately."""
    queue = dead_letter_queue(aws)
    counts = queue.counts()
    held = counts.messages
    messages = resolve_bodies(queue.peek(held) if held else [], ClaimBucket(aws))
    if len(messages) < held:
        hidden = plural(held - len(messages), "message")
        say(f"{hidden} of {queue.name} cannot be read: another reader holds them. Try again in 30 seconds.", err=True)
    if not messages and not waiting_messages:
        return [], {}
    lately_ms = clock.now_ms() - LATELY_MS
    failures = FunctionLogs(aws).failures(min(oldest_ms(messages), lately_ms) if messages else lately_ms)
    letters = [
        make_failed_order(message, failures.find(message.message_id, message.sent_at_ms)) for message in messages
    ]
    dead = {letter.message_id for letter in letters}
    given_back = {
        failure.order_id: failure.reason
        for failure in failures.by_message.values()
        if failure.order_id is not None and failure.message_id not in dead and failure.last_at_ms >= lately_ms
    }
    return [DeadLetter(one.message_id, one.body, one.reason) for one in letters], given_back if waiting_messages else {}


# --- Telling ----------------------------------------------------------------------------------------------------------


@contextmanager
def _bar(name: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<8}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as bars:
        task = bars.add_task(name, total=total)
        yield lambda done: bars.advance(task, done)


def _report(report: Report, expectations: Expectations, seconds: float, *, as_json: bool) -> None:
    counts = {state.value: report.counts[state] for state in State}
    orders = sum(report.counts.values())
    if as_json:
        for finding in report.findings:
            print_json(_as_dict(finding))
        summary = {"notifications": expectations.notifications, "orders": orders, **counts}
        print_json({"summary": {**summary, "clean": report.is_clean, "seconds": round(seconds, 3)}})
        return
    for finding in report.findings[:SHOWN_MAX]:
        state = click.style(f"{finding.state.value:<9}", fg=COLOURS.get(finding.state, "red"))
        click.echo(
            f"{state}  {printable(finding.order_id or '-')}  {printable(finding.reason)}  ({printable(finding.place)})"
        )
        for one in finding.differences:
            expected, stored = _shown(one.expected), _shown(one.stored)
            say(f"             {printable(one.path, 200)}: {expected} in the file, {stored} in the table")
    if len(report.findings) > SHOWN_MAX:
        say(f"… and {len(report.findings) - SHOWN_MAX:,} more; --json prints all")
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    read = plural(expectations.notifications, "notification")
    say(f"{plural(orders, 'order')} ({read}) in {seconds:.1f} s: {parts or 'nothing to check'}")
    _advise(report)


def _as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "orderId": finding.order_id,
        "state": finding.state.value,
        "place": finding.place,
        "reason": finding.reason,
        "messageId": finding.message_id,
        "differences": [one._asdict() for one in finding.differences],
    }


def _advise(report: Report) -> None:
    if report.counts[State.DEAD]:
        say("`orders dlq list` shows the dead-lettered orders, `orders dlq redrive` sends them back.")
    if report.counts[State.WAITING]:
        say("Orders are still in transit: `orders verify --wait 300 FILE...` waits for them.")
    if report.counts[State.MISSING]:
        say("`orders publish FILE` publishes the missing orders again; stored orders do not change.")
    if report.counts[State.DIFFERENT]:
        say("`orders get ID` shows the stored version of a different order; another program wrote it.")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return printable(to_json(value), 60)
