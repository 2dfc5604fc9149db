"""``orders dlq``: failed orders, seen, sent back, deleted."""

from __future__ import annotations

import json
from decimal import Decimal

import click

from orders.adapters.aws import Aws
from orders.adapters.function_logs import FunctionLogs
from orders.adapters.queues import Message, Queue, dead_letter_queue, order_queue
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json, show_time, to_json
from orders.clock import SystemClock
from orders.dead_letters import DeadLetter, make_dead_letter, oldest_ms, select
from orders.errors import OperatorError
from orders.model import peel

LOOK_MAX = 1_000


@click.group()
def dlq() -> None:
    """See, send back and delete failed orders: those in OrderDLQ. Looking never loses one."""


@dlq.command("list")
@click.option("--limit", default=LOOK_MAX, show_default=True, type=click.IntRange(1), help="Look at so many at most.")
@json_option
@aws_options
def list_letters(aws: Aws, limit: int, as_json: bool) -> None:
    """List failed orders with the reason of each."""
    letters = _look(aws, limit)
    if as_json:
        for letter in letters:
            print_json(letter._asdict())
    elif letters:
        _print_table(letters)
    else:
        click.echo("no failed orders")


@dlq.command()
@click.argument("wanted", metavar="ID")
@json_option
@aws_options
def show(aws: Aws, wanted: str, as_json: bool) -> None:
    """Print failed orders whole: ID is an order's or a message's id, or the beginning of a message's."""
    letters = _select(_look(aws, LOOK_MAX), wanted)
    for letter in letters:
        if as_json:
            print_json(letter._asdict())
            continue
        click.echo(f"message    {letter.message_id}")
        click.echo(f"order      {letter.order_id or '-'}")
        click.echo(f"sent       {show_time(letter.sent_at_ms)}")
        click.echo(f"failed     {show_time(letter.failed_at_ms)}")
        click.secho(f"reason     {_reason(letter)}", fg="red")
        click.echo("body")
        click.echo(_pretty(letter.body))


@dlq.command()
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--rate", type=click.IntRange(1, 500), help="Messages per second at most; not with ID.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@aws_options
def redrive(aws: Aws, wanted: tuple[str, ...], rate: int | None, yes: bool, as_json: bool) -> None:
    """Send failed orders back to OrderQueue: all, or those with the given ids.

    Sent back twice is harmless: the same order again changes nothing.
    """
    queue = dead_letter_queue(aws)
    if not wanted:
        _ask(f"Send all failed orders ({queue.counts().visible:,}) back to OrderQueue?", yes)
        moved = queue.move_all(rate, SystemClock(), lambda _moved, _all: None)
    else:
        moved = _redrive_chosen(aws, queue, wanted)
    if as_json:
        print_json({"moved": moved})
    else:
        click.echo(f"{plural(moved, 'order')} sent back to OrderQueue")


@dlq.command()
@click.argument("wanted", metavar="[ID]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@aws_options
def purge(aws: Aws, wanted: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Delete failed orders for good: all, or those with the given ids."""
    queue = dead_letter_queue(aws)
    if not wanted:
        counts = queue.counts()
        deleted = counts.visible + counts.in_flight
        _ask(f"Delete all failed orders ({deleted:,}) for good?", yes)
        queue.purge()
    else:
        with queue.looking(LOOK_MAX) as messages:
            chosen = _choose(messages, wanted)
            _ask(f"Delete {plural(len(chosen), 'failed order')} for good?", yes)
            for message in chosen:
                queue.delete(message)
        deleted = len(chosen)
    if as_json:
        print_json({"deleted": deleted})
    else:
        click.echo(f"{plural(deleted, 'order')} deleted")


# --- Parts ------------------------------------------------------------------------------------------------------------


def _look(aws: Aws, limit: int) -> list[DeadLetter]:
    """The failed orders with their reasons; given back at once."""
    messages = dead_letter_queue(aws).look(limit)
    failures = FunctionLogs(aws).failures(oldest_ms(messages)) if messages else {}
    letters = [make_dead_letter(message, failures.get(message.message_id)) for message in messages]
    return sorted(letters, key=lambda letter: letter.sent_at_ms)


def _redrive_chosen(aws: Aws, queue: Queue, wanted: tuple[str, ...]) -> int:
    target = order_queue(aws)
    with queue.looking(LOOK_MAX) as messages:
        chosen = _choose(messages, wanted)
        for message in chosen:
            target.send(message.body)
            queue.delete(message)  # only now: died in between, it is there twice, which is harmless
    return len(chosen)


def _choose(messages: list[Message], wanted: tuple[str, ...]) -> list[Message]:
    letters = [make_dead_letter(message, None) for message in messages]
    chosen = {letter.message_id for one in wanted for letter in _select(letters, one)}
    return [message for message in messages if message.message_id in chosen]


def _select(letters: list[DeadLetter], wanted: str) -> list[DeadLetter]:
    found = select(letters, wanted)
    if not found:
        raise OperatorError(f"no failed order has the id {wanted}", "`orders dlq list` shows those there are.")
    return found


def _ask(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _reason(letter: DeadLetter) -> str:
    return letter.reason if letter.exception is None else f"{letter.exception}: {letter.reason}"


def _pretty(body: str) -> str:
    """The order without its wrappings, laid out if it is JSON, else as it is."""
    text = peel(body)
    try:
        return to_json(json.loads(text, parse_float=Decimal), indent=2)
    except ValueError:
        return text


def _print_table(letters: list[DeadLetter]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("message", "order", "sent", "reason"):
        table.add_column(name, overflow="fold")
    for letter in letters:
        table.add_row(
            letter.message_id[:8], Text(letter.order_id or "-"), show_time(letter.sent_at_ms), Text(_reason(letter))
        )
    console().print(table)
    click.echo(
        f"{plural(len(letters), 'failed order')}; `orders dlq show ID` prints one, `orders dlq redrive` sends them back"
    )
