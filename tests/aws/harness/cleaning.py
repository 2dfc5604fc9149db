"""Deletes what runs left, round after round until nothing is found: some resources hold on to others for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tests.aws.harness.leftovers import KINDS, Kind
from tests.aws.harness.names import run_of

Connect = Callable[[str], Any]
"""Makes a client of a service."""
PAUSE_S = 2.0
PLURALS = {"policy": "policies"}


class Leftover(NamedTuple):
    """A resource that a run made."""

    kind: Kind
    name: str
    handle: str
    run: str


@dataclass
class Search:
    """What was found, and which kinds could not be looked for, with the reason."""

    found: list[Leftover] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)


@dataclass
class Cleaning:
    """What a clean-up did."""

    deleted: dict[str, int] = field(default_factory=dict)
    """How many of each kind."""
    left: list[Leftover] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    """Why a resource that is left was not deleted."""
    unseen: dict[str, str] = field(default_factory=dict)


def find_leftovers(connect: Connect, wanted: Callable[[str], bool] = lambda _run: True) -> Search:
    """The resources of the runs for which ``wanted`` is true."""
    search = Search()
    for kind in KINDS:
        _look_for(kind, connect, wanted, search)
    return search


def clean(
    connect: Connect,
    wanted: Callable[[str], bool],
    *,
    patience_s: float,
    quiet_s: float = 0.0,
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Cleaning:
    """Delete the resources of the runs for which ``wanted`` is true, for ``patience_s`` at most.

    It ends when nothing was found for ``quiet_s``: where lists are late, something may come up after a first empty one.
    """
    done = Cleaning()
    seen: dict[tuple[str, str], str] = {}
    quiet_since = now()
    end = quiet_since + patience_s
    while True:
        search = find_leftovers(connect, wanted)
        moment = now()
        # What was found and can no longer be looked for, such as after the credentials expired, may be there still.
        hidden = [one for one in done.left if one.kind.name in search.unseen]
        done.left, done.unseen = [*search.found, *hidden], search.unseen
        seen.update({(one.kind.name, one.handle): one.kind.name for one in search.found})
        if search.found:
            quiet_since = moment
            done.refusals = _delete_all(connect, search.found)
        elif moment - quiet_since >= quiet_s:
            break
        if moment > end:
            break
        pause(PAUSE_S)
    gone = seen.keys() - {(one.kind.name, one.handle) for one in done.left}
    for key in gone:
        done.deleted[seen[key]] = done.deleted.get(seen[key], 0) + 1
    return done


def show_cleaning(done: Cleaning) -> list[str]:
    """Lines for the person who started the run."""
    counts = sorted(done.deleted.items())
    deleted = ", ".join(f"{count} {kind if count == 1 else PLURALS.get(kind, f'{kind}s')}" for kind, count in counts)
    lines = [f"Cleaned  {deleted or 'nothing was left to delete'}"]
    lines += [f"UNSEEN   {kind}: {reason}" for kind, reason in sorted(done.unseen.items())]
    lines += [
        f"LEFT     {one.kind.name} {one.name}: {done.refusals.get(one.handle, 'is being deleted')}" for one in done.left
    ]
    return lines


def _look_for(kind: Kind, connect: Connect, wanted: Callable[[str], bool], search: Search) -> None:
    try:
        for name, handle in kind.find(connect(kind.service)):
            run = run_of(name)
            if run is not None and wanted(run):
                search.found.append(Leftover(kind, name, handle, run))
    except Exception as error:  # noqa: BLE001  # whatever an endpoint answers, the other kinds are looked for
        search.unseen[kind.name] = _say(error)


def _delete_all(connect: Connect, found: Iterable[Leftover]) -> dict[str, str]:
    """Returns the refusals by handle."""
    refusals = {one.handle: _delete(connect, one) for one in found}
    return {handle: refusal for handle, refusal in refusals.items() if refusal is not None}


def _delete(connect: Connect, one: Leftover) -> str | None:
    try:
        one.kind.delete(connect(one.kind.service), one.handle)
    except Exception as error:  # noqa: BLE001  # the other resources are deleted all the same
        return _say(error)
    return None


def _say(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code')}: {error.response['Error'].get('Message')}"[:200]
    return repr(error)[:200]
