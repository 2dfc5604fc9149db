"""Versions of OrderProcessor and the alias `live`, which OrderTrigger invokes. Pure.

Each deployment publishes a version and moves the alias to it, so what processes orders is immutable: a change of the
function outside of the stack is never live by itself. A rollback moves the alias back and leaves a note in its
description, so that a deployment of the same code does not bring the bad version back.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from orders.errors import OperatorError

ALIAS = "live"
LATEST = "$LATEST"
KEPT = 10
"""The newest versions that stay after a deployment, besides those that the alias uses."""
NOTE_MAX = 256
_rolled_back = re.compile(r"rolled back from version ([0-9]{1,12})\b")


class Version(NamedTuple):
    number: int
    code_sha256: str
    published: str
    """ISO 8601, as Lambda tells it."""
    description: str


class Live(NamedTuple):
    """The alias."""

    version: str
    """A number, or $LATEST before the first deployment by `orders deploy`."""
    canary: str | None
    """The version that gets a share of the batches."""
    share: float
    """The canary's share, 0 to 1."""
    note: str
    revision_id: str

    @property
    def rolled_back_from(self) -> int | None:
        """The version that a rollback took out of use, as long as nothing newer is live."""
        found = _rolled_back.match(self.note)
        return None if found is None else int(found.group(1))


def rollback_note(bad: str | int, moment: str, who: str) -> str:
    """The alias's description after a rollback."""
    return f"rolled back from version {bad} at {moment} by {who}"[:NOTE_MAX]


def choose_target(live: Live, versions: Sequence[Version], wanted: int | None) -> str:
    """The version that a rollback makes live: the wanted one, or the one before. Raises OperatorError.

    While a canary has a share, the version before is the one that has the rest.
    """
    numbers = [version.number for version in versions]
    if wanted is not None:
        if wanted not in numbers:
            raise OperatorError(f"there is no version {wanted}", f"Published versions: {_list(numbers)}.")
        return str(wanted)
    if live.canary is not None:
        return live.version
    earlier = [number for number in numbers if live.version == LATEST or number < int(live.version)]
    if not earlier:
        advice = f"Published versions: {_list(numbers)}. `orders deploy` publishes another, if something changed."
        raise OperatorError(f"there is no version before {live.version}", advice)
    return str(max(earlier))


def find_surplus(live: Live, versions: Sequence[Version]) -> list[int]:
    """The versions to delete, oldest first: neither among the newest KEPT nor used by the alias."""
    used = {live.version, live.canary, str(live.rolled_back_from)}
    newest = sorted(version.number for version in versions)[-KEPT:]
    return sorted(
        version.number for version in versions if version.number not in newest and str(version.number) not in used
    )


def describe(live: Live) -> str:
    """The alias in words: version 4, version 5 gets 10 %."""
    text = f"version {live.version}"
    return text if live.canary is None else f"{text}, version {live.canary} gets {100 * live.share:g} %"


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
