"""``orders replay``: archived notifications, sent again."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from orders.archive.bucket import ArchiveBucket
from orders.archive.choice import Choice
from orders.archive.notification import Notification, show_moment
from orders.archive.ports import Target
from orders.archive.position import Position
from orders.archive.progress import describe_progress
from orders.archive.reading import read_notifications
from orders.archive.replay import Progress, choose
from orders.archive.replay import replay as run_replay
from orders.archive.targets import find_target
from orders.audit.log import Change
from orders.aws.clients import Aws
from orders.aws.names import QUEUE, TOPIC
from orders.claims.bucket import ClaimBucket
from orders.claims.reading import text_of
from orders.cli.auditing import audit_log
from orders.cli.failures import EXIT_INTERRUPTED
from orders.cli.options import aws_options, json_option
from orders.cli.output import console, plural, print_json, say, show_time
from orders.clock import Clock, SystemClock
from orders.dead_letters.queues import Queue
from orders.domain.personal import HIDDEN
from orders.domain.times import ms_of_moment, parse_time
from orders.errors import OperatorError, OrderUnavailable

SHOWN_MAX = 20
EXIT_REFUSED = 3
REPORT_EVERY_MS = 10_000.0


@click.command()
@click.option("--since", required=True, metavar="TIME", help="Published from then on: a timestamp or an age, 2h.")
@click.option("--until", metavar="TIME", help="Published before then. Default: now.")
@click.option("--order", "order_id", metavar="ID", help="Only notifications of this order.")
@click.option("--user", "user_id", metavar="ID", help="Only notifications of this customer's orders.")
@click.option("--status", metavar="TEXT", help="Only notifications with this status.")
@click.option("--to", metavar="NAME|ARN", required=True, help=f"Where to send: {QUEUE}, another queue, or a topic.")
@click.option("--raw", is_flag=True, help="Send the raw message to a queue. Default: in SNS's envelope.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Maximum notifications per second.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted replay with the same options stopped.")
@click.option("--dry-run", is_flag=True, help="Only count; send nothing.")
@json_option
@aws_options
def replay(
    aws: Aws,
    since: str,
    until: str | None,
    order_id: str | None,
    user_id: str | None,
    status: str | None,
    to: str,
    raw: bool,
    rate: float | None,
    resume: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send archived notifications again, in order of publishing, each once.

    Sent to OrderQueue, they are processed as if they had just arrived: an order that is stored already is a duplicate
    and changes nothing; in an empty table the same orders result. `orders deploy -p Archive=Yes` starts the archive.

    If interrupted, the command prints how to continue. Exit code 3 if the target refused any notification, 1 if it
    could not be reached.
    """
    clock = SystemClock()
    since_ms, until_ms = _read_range(since, until, clock)
    choice = Choice(order_id, user_id, status)
    archive, claims = ArchiveBucket(aws), ClaimBucket(aws)

    def read(message: str) -> str:
        return text_of(message, claims)

    archive.check_is_there()
    # These two name the system's own queue and topic, whatever its prefix; any other name stands for itself.
    target = find_target(aws, aws.names.of(to) if to in (QUEUE, TOPIC) else to, raw=raw)
    request = {"bucket": archive.name, "endpoint": aws.place, "to": to, "raw": raw, "choice": list(choice)}
    request |= {"since": since, "until": until}
    position = Position.of_replay(_position_folder(), request, clock, resume=resume)
    progress, damaged = Progress(), list[str]()
    with _showing(quiet=as_json, since_ms=since_ms, until_ms=until_ms) as show:
        notifications = read_notifications(archive, since_ms, until_ms, on_damaged=damaged.append)
        chosen = choose(_shown(notifications, progress, show), choice, position, progress, read)
        if dry_run:
            deque(chosen, maxlen=0)
        else:
            span = {"since": show_moment(since_ms), "until": show_moment(until_ms), **choice._asdict()}
            span["user_id"] = HIDDEN if user_id is not None else None  # the audit log holds no personal data
            with audit_log(aws).change("replay", target.name, after=span) as change:
                try:
                    _run(chosen, target, position, clock, progress, rate, _reporting(change, span, clock, show))
                finally:
                    change.after = describe_progress(span, progress, clock.now_ms())
            position.remove()
    _report(aws, progress, damaged, target.name, dry_run=dry_run, as_json=as_json)
    sys.exit(EXIT_REFUSED if progress.refused or damaged else 0)


def _reporting(
    change: Change, span: dict[str, Any], clock: Clock, show: Callable[[Progress], None]
) -> Callable[[Progress], None]:
    """Show the progress here, and now and then in the audit log, where `orders audit` and the console read it."""
    reported_ms = clock.monotonic_ms()

    def report(progress: Progress) -> None:
        nonlocal reported_ms
        show(progress)
        if clock.monotonic_ms() - reported_ms >= REPORT_EVERY_MS:
            reported_ms = clock.monotonic_ms()
            change.report(describe_progress(span, progress, clock.now_ms()))

    return report


def _run(
    chosen: Iterator[Notification],
    target: Target,
    position: Position,
    clock: Clock,
    progress: Progress,
    rate: float | None,
    show: Callable[[Progress], None],
) -> None:
    """Send; where it stops early, keep the position and say how to continue."""
    try:
        run_replay(chosen, target, position, clock, progress, rate=rate, on_progress=show)
    except OrderUnavailable as error:
        position.save()
        advice = f"{plural(progress.sent, 'notification')} sent. Continue with the same command and --resume."
        raise OperatorError(error.reason, advice) from error
    except KeyboardInterrupt:
        position.save()
        sent = plural(progress.sent, "notification")
        say(f"\nInterrupted: {sent} sent. Continue with the same command and --resume.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BaseException:
        position.save()
        raise


def _read_range(since: str, until: str | None, clock: Clock) -> tuple[int, int]:
    now_ms = clock.now_ms()
    since_ns, until_ns = parse_time(since, now_ms), parse_time(until, now_ms)
    assert since_ns is not None
    since_ms = ms_of_moment(since_ns)
    until_ms = now_ms + 1 if until_ns is None else ms_of_moment(until_ns)
    if since_ms >= until_ms:
        raise OperatorError("--since is not before --until", "Give the earlier time as --since.")
    return since_ms, until_ms


def _position_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("orders", appauthor=False)) / "replayed"


def _shown(
    notifications: Iterator[Notification], progress: Progress, show: Callable[[Progress], None]
) -> Iterator[Notification]:
    """The same, with a look at the screen now and then."""
    for number, one in enumerate(notifications):
        if number % 1_000 == 0:
            show(progress)
        yield one


@contextmanager
def _showing(*, quiet: bool, since_ms: int, until_ms: int) -> Iterator[Callable[[Progress], None]]:
    """A bar over the time range; on a terminal only."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    with Bars(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=screen) as bars:
        task = bars.add_task("replay", total=until_ms - since_ms)

        def show(progress: Progress) -> None:
            at = f" at {show_time(progress.published_at_ms)}" if progress.published_at_ms else ""
            done = max(0, progress.published_at_ms - since_ms)
            bars.update(task, description=f"{progress.sent:,} of {progress.read:,} sent{at}", completed=done)

        yield show


def _report(aws: Aws, progress: Progress, damaged: list[str], target: str, *, dry_run: bool, as_json: bool) -> None:
    not_archived = _count_waiting(aws)
    if as_json:
        print_json(
            {
                "read": progress.read,
                "skipped": progress.skipped,
                "chosen": progress.chosen,
                "sent": progress.sent,
                "retried": progress.retried,
                "refused": progress.refused,
                "refusals": [
                    {"notification": one, "code": why.code, "reason": why.reason} for one, why in progress.refusals
                ],
                "damagedLines": len(damaged),
                "notYetArchived": not_archived,
                "to": target,
                "dryRun": dry_run,
            }
        )
        return
    for notification, why in progress.refusals[:SHOWN_MAX]:
        say(f"{notification}: {why.code}: {why.reason}", err=True, fg="red")
    for key in sorted(set(damaged))[:SHOWN_MAX]:
        say(f"{key} holds lines that are no notifications", err=True, fg="red")
    words = [f"{plural(progress.read, 'notification')} in the archive"]
    words += [f"{progress.skipped:,} sent before"] if progress.skipped else []
    words += [f"{progress.chosen:,} to send to {target}" if dry_run else f"{progress.sent:,} sent to {target}"]
    words += [f"{progress.refused:,} refused"] if progress.refused else []
    say(", ".join(words))
    if not_archived:
        say(
            f"{plural(not_archived, 'notification')} in {aws.names.archive_queue} not yet archived",
            err=True,
            fg="yellow",
        )


def _count_waiting(aws: Aws) -> int:
    """Notifications that OrderArchive has not written yet; none where nothing is archived any more."""
    try:
        counts = Queue(aws, aws.names.archive_queue).counts()
    except OperatorError:
        return 0
    return counts.messages
