"""``orders publish``: orders from files to OrderTopic."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from orders.aws.clients import Aws
from orders.cli.failures import EXIT_INTERRUPTED
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json, say
from orders.cli.patience import spoken_outage
from orders.clock import SystemClock
from orders.domain.cloud_events import DEFAULT_SOURCE, DEFAULT_TYPE
from orders.domain.trace_context import read_traceparent
from orders.publishing.bulk import Progress, Refusal, publish_entries
from orders.publishing.csv_orders import parse_columns
from orders.publishing.envelope import CloudEvents
from orders.publishing.ledger import FileLedger, NoLedger
from orders.publishing.order_files import STDIN, check_is_file, count_bytes, read_entries
from orders.publishing.topic import OrderTopic

SHOWN_MAX = 20
EXIT_REFUSED = 3


@click.command()
@click.argument("sources", metavar="FILE...|-", nargs=-1, required=True)
@click.option("--resume", is_flag=True, help="Skip orders that an interrupted run already published.")
@click.option("--connections", default=2, show_default=True, type=click.IntRange(1, 32), help="Concurrent calls.")
@click.option("--unchecked", is_flag=True, help="Also publish orders that OrderProcessor will reject.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Maximum orders per second.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN[:TYPE],...",
    help="Read CSV with this mapping of fields to columns: orderId=Number,total=Amount:decimal. "
    "TYPE is string, decimal, integer, boolean or json.",
)
@click.option("--envelope", type=click.Choice(["cloudevents"]), help="Send each order as the data of a CloudEvent 1.0.")
@click.option("--event-source", metavar="URI", help=f"The events' source. Default: {DEFAULT_SOURCE}")
@click.option("--event-type", metavar="NAME", help=f"The events' type. Default: {DEFAULT_TYPE}")
@click.option("--message-group", metavar="FIELD", help="Let OrderQueue be fair among this field's values: userId.")
@click.option("--claim-check", is_flag=True, help="Send orders that are too large for SNS through S3 (ClaimCheck=Yes).")
@click.option("--traceparent", help="The W3C trace context that the orders belong to. Default: $TRACEPARENT")
@click.option(
    "--tracestate",
    help="The W3C tracestate that goes with it; sent with --envelope cloudevents only. Default: $TRACESTATE",
)
@json_option
@aws_options
def publish(
    aws: Aws,
    sources: tuple[str, ...],
    resume: bool,
    connections: int,
    unchecked: bool,
    rate: float | None,
    mapping: tuple[str, ...],
    envelope: str | None,
    event_source: str | None,
    event_type: str | None,
    message_group: str | None,
    claim_check: bool,
    traceparent: str | None,
    tracestate: str | None,
    as_json: bool,
) -> None:
    """Publish orders: a JSON document, an array of them, JSON Lines or CSV, plain or gzipped; - reads standard input.

    Files named .csv or .tsv, and all files with --map, are read as CSV; the first line names the columns. Without --map
    each column is the field of the same name. Messages carry the attributes status, country, currency and total.

    A refused order is reported with its line; the others are still sent. If the endpoint stops answering, the command
    says so and continues when it answers again. If interrupted, the command prints how to continue. An order published
    twice is stored once. Exit code 3 if any order was refused, 1 if any could not be sent or a file holds none.
    """
    for source in sources:
        check_is_file(source)
    columns = parse_columns(mapping)
    events = _make_envelope(envelope, event_source, event_type)
    topic = OrderTopic(aws, claim_check=claim_check)
    trace = _find_trace(traceparent)
    clock = SystemClock()
    began_ms = clock.monotonic_ms()
    outage = spoken_outage(clock)
    folder = ledger_folder() / aws.names.prefix
    totals = Progress()
    empty: list[str] = []
    for source in sources:
        ledger = NoLedger() if source == STDIN else FileLedger.of_file(source, folder, clock, resume=resume)
        progress = Progress()
        with _showing(source, quiet=as_json) as show, _saving(ledger, source, progress):
            entries = read_entries(source, columns)
            publish_entries(
                entries,
                topic,
                ledger,
                clock,
                progress,
                connections=connections,
                check=not unchecked,
                rate=rate,
                envelope=events,
                group_field=message_group,
                traceparent=trace,
                tracestate=os.environ.get("TRACESTATE") if tracestate is None else tracestate,
                claim_check=claim_check,
                on_progress=show,
                outage=outage,
            )
        _settle(ledger, progress)
        _add(totals, progress)
        if progress.read == 0:
            empty.append(source)
    _report(totals, empty, (clock.monotonic_ms() - began_ms) / 1000, as_json)
    sys.exit(1 if totals.unsent or empty else EXIT_REFUSED if totals.refusals else 0)


@contextmanager
def _saving(ledger: FileLedger | NoLedger, source: str, progress: Progress) -> Iterator[None]:
    """Save what was accepted when publishing is broken off; after Ctrl-C, end the command."""
    try:
        yield
    except KeyboardInterrupt:
        _save(ledger)
        _tell_interrupted(source, progress)
        sys.exit(EXIT_INTERRUPTED)
    except BaseException:
        _save(ledger)
        raise


def _make_envelope(name: str | None, source: str | None, event_type: str | None) -> CloudEvents | None:
    if name is None:
        if source is not None or event_type is not None:
            raise click.UsageError("--event-source and --event-type need --envelope cloudevents")
        return None
    try:
        return CloudEvents(source or DEFAULT_SOURCE, event_type or DEFAULT_TYPE)
    except ValueError as error:
        raise click.UsageError(f"--event-{error}") from error


def _find_trace(traceparent: str | None) -> str | None:
    """The option's trace context, or the environment's, where an invalid value counts as none, as W3C wants it."""
    found = read_traceparent(traceparent if traceparent is not None else os.environ.get("TRACEPARENT"))
    if found is None and traceparent is not None:
        raise click.UsageError("--traceparent: expected 00-TRACE-PARENT-FLAGS of 2, 32, 16 and 2 hexadecimal digits")
    return found


def ledger_folder() -> Path:
    """Where unfinished runs are remembered."""
    import platformdirs

    return Path(platformdirs.user_state_dir("orders", appauthor=False)) / "published"


def _save(ledger: FileLedger | NoLedger) -> None:
    if isinstance(ledger, FileLedger):
        ledger.save()


def _settle(ledger: FileLedger | NoLedger, progress: Progress) -> None:
    """A file that was published whole needs no ledger; one with orders that may yet be sent does."""
    if isinstance(ledger, FileLedger):
        ledger.save() if progress.unsent else ledger.remove()


def _add(totals: Progress, progress: Progress) -> None:
    totals.read += progress.read
    totals.skipped += progress.skipped
    totals.accepted += progress.accepted
    totals.retried += progress.retried
    totals.refusals += progress.refusals


@contextmanager
def _showing(source: str, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar that shows how far a file is; on a terminal only."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    name = os.path.basename(source)
    with Bars(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=screen) as bars:
        task = bars.add_task(name, total=count_bytes(source))

        def show(progress: Progress) -> None:
            refused = f", {len(progress.refusals)} refused" if progress.refusals else ""
            bars.update(
                task, description=f"{name}: {progress.accepted:,} accepted{refused}", completed=progress.read_bytes
            )

        yield show


def _tell_interrupted(source: str, progress: Progress) -> None:
    say(err=True)
    say(f"Interrupted: {plural(progress.accepted, 'order')} of {source} accepted.", err=True)
    if source != STDIN:
        say(f"Continue with: orders publish {source} --resume", err=True)


def _report(totals: Progress, empty: list[str], seconds: float, as_json: bool) -> None:
    refused = [refusal for refusal in totals.refusals if not refusal.retryable]
    if as_json:
        print_json(
            {
                "read": totals.read,
                "accepted": totals.accepted,
                "skipped": totals.skipped,
                "refused": [_as_row(refusal) for refusal in refused],
                "unsent": [_as_row(refusal) for refusal in totals.unsent],
                "empty": empty,
                "seconds": round(seconds, 3),
            }
        )
        return
    for refusal in refused[:SHOWN_MAX]:
        say(f"{refusal.entry.place}: {refusal.reason}", err=True, fg="red")
    if len(refused) > SHOWN_MAX:
        say(f"… and {len(refused) - SHOWN_MAX:,} more; --json lists all", err=True)
    words = [f"{plural(totals.accepted, 'order')} published in {seconds:.1f} s"]
    if seconds > 0.5:
        words.append(f"({totals.accepted / seconds:,.0f}/s)")
    if totals.skipped:
        words.append(f"{totals.skipped:,} skipped, already published")
    if refused:
        words.append(f"{len(refused):,} refused")
    say(", ".join(words).replace(", (", " ("))
    if totals.unsent:
        _tell_unsent(totals.unsent)
    for source in empty:
        say(f"{'standard input' if source == STDIN else source} holds no orders", err=True, fg="red")


def _tell_unsent(unsent: list[Refusal]) -> None:
    """Reading stopped at the first that could not be brought through, so the rest of its file was not sent either."""
    first = unsent[0]
    say(f"Stopped at {first.entry.place}: {first.reason}", err=True, fg="red")
    if first.entry.source != STDIN:
        say(f"Accepted orders are remembered. Continue with: orders publish {first.entry.source} --resume", err=True)


def _as_row(refusal: Refusal) -> dict[str, object]:
    entry = refusal.entry
    return {"file": entry.source, "line": entry.line, "code": refusal.code, "reason": refusal.reason}
