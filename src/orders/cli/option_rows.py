"""The optional parts as rows of ``orders status`` and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.markup import escape

from orders.aws.names import Names
from orders.cli.output import plural, show_count, show_time
from orders.doctor.inspection import ClaimsSettings, MappingState
from orders.monitoring.option_reader import OptionReader
from orders.monitoring.options import Activity, ArchiveState, HistoryState, IntakeState, Replay
from orders.text import printable, show_duration

# Changes wait a second for others, and their times on AWS are whole seconds.
LAG_TOLD_S = 5


class Options(NamedTuple):
    """None for a part that is off."""

    intake: IntakeState | None
    history: HistoryState | None
    archive: ArchiveState | None
    replays: list[Replay]
    claims: ClaimsSettings | None = None


def read_options(reader: OptionReader) -> Options:
    """All optional parts but the relay, whose state is in the shop's database."""
    archive = reader.read_archive()
    replays = reader.read_replays() if archive is not None else []
    return Options(reader.read_intake(), reader.read_history(), archive, replays, reader.read_claims())


def option_rows(options: Options, names: Names) -> Iterator[tuple[str, str]]:
    """A title and a sentence for each part that is on, and for each replay under way."""
    if options.intake is not None:
        yield names.intake_function, _intake(options.intake)
    if options.history is not None:
        yield names.history_function, _history(options.history, names)
    if options.archive is not None and options.archive.is_on:
        yield names.archive_function, _archive(options.archive)
    if options.claims is not None:
        yield "large orders", _claims(options.claims)
    for replay in options.replays:
        if replay.is_under_way:
            yield "replay", _replay(replay)


def options_document(options: Options) -> dict[str, Any]:
    """The same for programs."""
    return {
        "intake": _plain(options.intake),
        "history": _plain(options.history),
        "archive": _plain(options.archive),
        "claims": _plain(options.claims),
        "replays": [_plain(one) for one in options.replays],
    }


def _plain(value: Any) -> Any:
    """Named tuples as objects, at any depth."""
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return [_plain(one) for one in value] if isinstance(value, (tuple, list)) else value


def _intake(state: IntakeState) -> str:
    callers = "callers sign with AWS credentials" if state.auth == "IAM" else plural(len(state.callers), "caller")
    if state.auth != "IAM" and not state.callers:
        callers = "[yellow]no caller: `orders intake add NAME`[/]"
    where = f"{state.auth}, {escape(printable(state.url, 200))}"
    refused = f"[yellow]{show_count(state.refusals)} refused[/]" if state.refusals else "0 refused"
    return f"{where}; {callers}; {_activity('requests', state.requests)}, {refused}"


def _history(state: HistoryState, names: Names) -> str:
    text = f"{_trigger(state.trigger)}; {_activity('changes', state.changes)}"
    if state.behind_s is not None and state.behind_s >= LAG_TOLD_S:
        text += f", [yellow]{show_duration(int(state.behind_s * 1000))} behind[/]"
    if state.given_up:
        queue = names.history_dead_letter_queue
        text += f", [red]{plural(state.given_up, 'message')} in {queue}: `orders doctor`[/]"
    return text


def _archive(state: ArchiveState) -> str:
    waiting = "[red]its queue is missing[/]" if state.queue is None else f"{show_count(state.queue.messages)} waiting"
    if state.queue is not None and state.queue.messages and state.oldest_s:
        waiting += f", oldest for {show_duration(int(state.oldest_s * 1000))}"
    newest = "none in two days" if state.newest is None else f"{show_time(state.newest.written_at_ms)} UTC"
    bucket = "" if state.bucket else "; [red]the bucket is missing[/]"
    archived = _activity("notifications", state.archived)
    return f"{_trigger(state.trigger)}, {waiting}; {archived}; last object: {newest}{bucket}"


def _claims(settings: ClaimsSettings) -> str:
    if not settings.bucket:
        return f"[red]the bucket {settings.read_by_function} is missing: `orders doctor`[/]"
    kept = "without end" if settings.days is None else f"for {settings.days} days"
    return f"through {settings.bucket}, claims kept {kept}"


def _replay(replay: Replay) -> str:
    sent = f"{show_count(replay.progress.sent)} sent to {escape(printable(replay.target, 100))}"
    return f"{replay.progress.share:.0%}, {sent}, {show_count(replay.progress.refused)} refused"


def _trigger(mapping: MappingState | None) -> str:
    if mapping is None:
        return "[red]no trigger[/]"
    return "trigger Enabled" if mapping.state == "Enabled" else f"[red]trigger {mapping.state}[/]"


def _activity(noun: str, activity: Activity) -> str:
    errors = show_count(activity.errors)
    failed = f"[red]{errors} failed calls[/]" if activity.errors else f"{errors} failed calls"
    return f"last minute: {show_count(activity.a_minute)} {noun}, last hour: {show_count(activity.last_hour)}, {failed}"
