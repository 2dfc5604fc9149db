"""``orders demo``: the whole pipeline with real orders, on this machine, with nothing left behind. ``make run`` is
this.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from orders.aws.clients import Aws
from orders.aws.names import SEED_NAMES
from orders.aws.settings import ONEBOX_REGION, Settings
from orders.cli.deploy import quiet_audience, run_deploy
from orders.cli.options import json_option
from orders.cli.output import plural, print_json
from orders.cli.terminated import stopping_on_sigterm
from orders.clock import SystemClock
from orders.dead_letters.queues import dead_letter_queue, order_queue
from orders.dead_letters.reasons import FailedOrder, make_failed_order
from orders.errors import OperatorError
from orders.function_log.lines import parse_line
from orders.function_log.reader import FunctionLogs
from orders.local.demo import Latency, Tally, invalid_entries, load_sample, tally
from orders.local.onebox_process import running_onebox
from orders.publishing.bulk import Progress, publish_entries
from orders.publishing.ledger import NoLedger
from orders.publishing.topic import OrderTopic

POLL_MS = 250.0
PATIENCE_MS = 120_000.0


class Result(NamedTuple):
    published: int
    tally: Tally
    failed: list[FailedOrder]
    seconds: float
    deploy_seconds: float


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Run real orders through SNS, SQS, Lambda and DynamoDB, and three invalid ones into the dead-letter queue.

    Starts a onebox on a free port with its own data folder, deploys the stack, publishes, waits, prints a summary, and
    removes everything.
    """
    clock = SystemClock()
    with stopping_on_sigterm(), tempfile.TemporaryDirectory(prefix="orders-demo-") as folder:
        data = Path(folder)
        began_ms = clock.monotonic_ms()
        say = _Speaker(quiet=as_json)
        say("Starting onebox")
        with running_onebox(port=0, data=data / "onebox", log=data / "onebox.log") as url:
            say(f"  ready at {url} after {clock.monotonic_ms() - began_ms:,.0f} ms")
            aws = Aws(Settings(url, ONEBOX_REGION, None, ("test", "test"), is_onebox=True))
            result = _run(aws, clock, say)
    if as_json:
        print_json(_plain(result))
    else:
        _sum_up(result)
    is_complete = result.tally.stored == result.published - 3 and len(result.failed) == 3
    sys.exit(0 if is_complete else 1)


class _Speaker:
    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._last = ""

    def __call__(self, words: str) -> None:
        if not self._quiet:
            self._end_line()
            click.echo(words)

    def progress(self, words: str) -> None:
        """A line that the next one overwrites on a terminal; elsewhere only what differs is printed."""
        if self._quiet or words == self._last:
            return
        if sys.stdout.isatty():
            click.echo(f"\r\x1b[K{words}", nl=False)
        else:
            click.echo(words)
        self._last = words

    def _end_line(self) -> None:
        if self._last and sys.stdout.isatty():
            click.echo()
        self._last = ""


def _run(aws: Aws, clock: SystemClock, say: _Speaker) -> Result:
    say("Deploying template.yaml with CloudFormation")
    began_ms = clock.monotonic_ms()
    run_deploy(aws, SEED_NAMES.stack, {}, quiet_audience())
    deploy_ms = clock.monotonic_ms() - began_ms
    say(f"  stack {SEED_NAMES.stack} is up after {deploy_ms:,.0f} ms")
    entries = load_sample() + invalid_entries()
    say(f"Publishing {len(entries) - 3} real orders and 3 invalid ones to OrderTopic")
    since_ms = clock.now_ms()
    began_ms = clock.monotonic_ms()
    progress = Progress()
    publish_entries(entries, OrderTopic(aws), NoLedger(), clock, progress, check=False)
    if progress.refusals:
        raise OperatorError(f"SNS refused {plural(len(progress.refusals), 'order')}: {progress.refusals[0].reason}")
    say(f"  accepted after {clock.monotonic_ms() - began_ms:,.0f} ms")
    counted = _wait_until_settled(aws, clock, say, progress.accepted, since_ms)
    seconds = (counted.last_stored_at_ms - since_ms) / 1000
    return Result(progress.accepted, counted, _failed_orders(aws, since_ms), seconds, deploy_ms / 1000)


def _wait_until_settled(aws: Aws, clock: SystemClock, say: _Speaker, published: int, since_ms: int) -> Tally:
    """Wait until each order is stored or dead-lettered."""
    logs, queue, failed = FunctionLogs(aws), order_queue(aws), dead_letter_queue(aws)
    deadline_ms = clock.monotonic_ms() + PATIENCE_MS
    counted = Tally(0, 0, 0, None)
    while clock.monotonic_ms() < deadline_ms:
        counted = tally((line.at_ms, parse_line(line.text)) for line in logs.lines(since_ms))
        dead_lettered = failed.counts().visible
        if counted.stored + dead_lettered >= published:
            say.progress(f"  {counted.stored:,} stored, {dead_lettered} dead-lettered, none in transit")
            say("")
            return counted
        waiting = queue.counts()
        in_transit = waiting.visible + waiting.in_flight
        say.progress(
            f"  {counted.stored:,} stored, {dead_lettered} dead-lettered, {in_transit} in transit"
            + (" (an invalid order is tried three times within 10 s)" if counted.given_back > dead_lettered else "")
        )
        clock.wait_ms(POLL_MS)
    raise OperatorError(
        f"after {PATIENCE_MS / 1000:.0f} s only {counted.stored} of {published} orders had arrived",
        "The machine may be overloaded. Try again, or run the steps yourself: `orders up`, `orders publish`.",
    )


def _failed_orders(aws: Aws, since_ms: int) -> list[FailedOrder]:
    messages = dead_letter_queue(aws).peek(100)
    failures = FunctionLogs(aws).failures(since_ms)
    return [make_failed_order(message, failures.find(message.message_id, message.sent_at_ms)) for message in messages]


def _sum_up(result: Result) -> None:
    latency = result.tally.latency
    rate = result.tally.stored / result.seconds
    click.secho("Summary", bold=True)
    click.echo(f"  published      {result.published:,}")
    click.echo(f"  stored         {result.tally.stored:,}")
    click.echo(f"  dead-lettered  {len(result.failed):,}")
    for order in result.failed:
        click.secho(f"    {order.exception}: {order.reason}", fg="yellow")
    click.echo(f"  orders/s       {rate:,.0f}, from the first publish to the last stored, with the function's start")
    if latency is not None:
        click.echo(f"  latency        {_show_latency(latency)}, from queue to table")
    _show_next_steps()


def _show_next_steps() -> None:
    click.secho("Next steps", bold=True)
    activate = Path(sys.executable).parent / "activate"
    if shutil.which("orders") is None and activate.exists():  # `make run` calls it by its path
        click.echo(f"  . {os.path.relpath(activate):<21} so that `orders` is found, in each terminal")
    click.echo("  orders up               run the system until Ctrl-C, with a live view")
    click.echo(
        "  orders publish FILE     in another terminal, publish your own orders; then orders status, orders list,"
    )
    click.echo("                          orders dlq list")
    click.echo("  docs/by-hand.md         create every part with the AWS CLI")
    click.echo("The orders are from Online Retail (UCI, CC BY 4.0): src/orders/local/sample/NOTICE.md")


def _show_latency(latency: Latency) -> str:
    return f"p50 {latency.p50_ms:,.0f} ms, p95 {latency.p95_ms:,.0f} ms, p99 {latency.p99_ms:,.0f} ms"


def _plain(result: Result) -> dict[str, object]:
    return {
        "published": result.published,
        "stored": result.tally.stored,
        "dead_lettered": [order._asdict() for order in result.failed],
        "seconds": round(result.seconds, 3),
        "deploy_seconds": round(result.deploy_seconds, 3),
        "latency": result.tally.latency._asdict() if result.tally.latency else None,
    }
