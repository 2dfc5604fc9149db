"""``orders relay run``: publishes the committed rows of an outbox."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.relay.database import outbox_options, reporting_database
from orders.cli.relay.watching import watching
from orders.clock import SystemClock
from orders.domain.times import parse_duration_ms

if TYPE_CHECKING:
    from orders.outbox.waking import Stop
    from orders.publishing.ports import Topic

POLL_MS = 100
EXIT_UNSENT = 1
EXIT_REFUSED = 3


@click.command(short_help="Publish committed rows until Ctrl-C.")
@click.option("--once", is_flag=True, help="Publish what waits now and end.")
@click.option("--keep", default="0s", show_default=True, metavar="TIME", help="Keep sent rows: 90s, 10m, 2h, 7d.")
@click.option("--connections", default=2, show_default=True, type=click.IntRange(1, 32), help="Concurrent calls.")
@click.option(
    "--linger",
    default=0,
    show_default=True,
    type=click.IntRange(0, 60_000),
    metavar="MS",
    help="How long to wait for more rows after the first new one: fuller calls cost less.",
)
@click.option(
    "--poll",
    default=POLL_MS,
    show_default=True,
    type=click.IntRange(1, 60_000),
    metavar="MS",
    help="How often to look for rows; PostgreSQL also notifies the relay.",
)
@click.option("--message-group", metavar="FIELD", help="Let OrderQueue be fair among this field's values: userId.")
@click.option("--claim-check", is_flag=True, help="Send orders that are too large for SNS through S3 (ClaimCheck=Yes).")
@click.option("--name", help="The name of this relay in `orders relay status`.  [default: host and process id]")
@json_option
@outbox_options()
@aws_options
@reporting_database
def run(
    aws: Aws,
    database: str,
    table: str,
    once: bool,
    keep: str,
    connections: int,
    linger: int,
    poll: int,
    message_group: str | None,
    claim_check: bool,
    name: str | None,
    as_json: bool,
) -> None:
    """Publish each committed row of the outbox to OrderTopic, until Ctrl-C or SIGTERM.

    Sent rows are deleted, or kept for --keep. A row that is no valid order, or that SNS refuses, is parked with its
    reason: see `orders relay refused`. It holds up no other row. While the database or the endpoint is away the relay
    says so, tries again and goes on by itself.

    Start as many relays as you like, on any machine: they share the rows. (On SQLite one works, the others stand by.)
    A relay that is killed loses nothing; some orders are then published twice, and are stored once.

    Exit code of --once: 0 if all rows were sent, 3 if any was refused, 1 if any is unsent.
    """
    from orders.outbox.database import open_database
    from orders.outbox.relay import Options, Relay
    from orders.outbox.store import OutboxStore
    from orders.outbox.table import make_tables
    from orders.outbox.waking import make_waking

    opened = open_database(database)
    tables = make_tables(table)
    clock = SystemClock()
    options = Options(
        name=(name or f"{socket.gethostname()}:{os.getpid()}")[:200],
        connections=connections,
        keep_ms=parse_duration_ms(keep),
        group_field=message_group,
        claim_check=claim_check,
        linger_ms=linger,
    )
    with _stopping_on_signals() as stop, watching(clock, once=once, as_json=as_json) as watch:
        watch.begin(table, opened.shown, aws.settings.endpoint_url)
        relay = Relay(
            OutboxStore(opened, tables),
            _connector(aws, claim_check=claim_check),
            make_waking(opened, tables.outbox, stop, poll),
            clock,
            options,
            watch.show,
        )
        progress = relay.run(once=once)
        watch.end(progress)
    if once:
        sys.exit(EXIT_UNSENT if progress.problem else EXIT_REFUSED if progress.refused else 0)


def _connector(aws: Aws, *, claim_check: bool) -> Callable[[], Topic]:
    """Finds OrderTopic, always at the endpoint that was found at the start: a onebox that is away is never replaced by
    AWS.
    """
    settings = aws.settings

    def connect() -> Topic:
        from orders.publishing.topic import open_order_topic, reach_order_topic

        if settings.endpoint_url is None:
            return reach_order_topic(Aws(settings), claim_check=claim_check)
        return open_order_topic(
            settings.endpoint_url, settings.region, settings.profile, settings.names.prefix, claim_check=claim_check
        )

    return connect


@contextmanager
def _stopping_on_signals() -> Iterator[Stop]:
    """In the block the first signal asks the relay to stop, and a second one interrupts it."""
    from orders.outbox.waking import Stop

    stop = Stop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
