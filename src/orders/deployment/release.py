"""Makes what was deployed live: publishes a version and moves the alias to it, at once or for a share of the batches.

Promises: nothing is live before it is published. A version that was rolled back does not become live again unless
somebody asks for it. If the command dies on the way, the alias stays where it was, and the next deployment goes on.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.deployment.canary import CanaryAlarm
from orders.deployment.function import DeployedFunction
from orders.deployment.versions import LATEST, Live, Version, describe, find_surplus
from orders.errors import OperatorError

DESCRIPTION = "published by orders deploy"


class Wanted(NamedTuple):
    """How a deployment is to become live."""

    canary: int | None = None
    """The percentage of the batches that the new version gets; None for all."""
    again: bool = False
    """Whether a version that was rolled back may become live again."""


class Move(NamedTuple):
    """What happens to the alias, in words; empty for nothing."""

    change: str = ""
    held: str = ""
    """Which move was asked for and is not made, why, and what to do."""


class Release:
    """The alias of one deployed function."""

    def __init__(self, function: DeployedFunction, alarm: CanaryAlarm) -> None:
        self._function = function
        self._alarm = alarm

    def check(self, wanted: Wanted, *, is_new: bool) -> None:
        """Raises OperatorError for a canary without a version to share with."""
        if wanted.canary is None:
            return
        live = None if is_new else self._function.find_live()
        if live is None or live.version == LATEST:
            raise OperatorError(
                "there is no earlier version that the new one could share the orders with",
                "Omit --canary; the next deployment can use it.",
            )

    def plan(self, wanted: Wanted, *, is_new: bool, function_changes: bool) -> Move:
        """What `make` would do."""
        live = None if is_new else self._function.find_live()
        if live is None:
            return Move()
        newest = self._find_newest()
        if function_changes or newest is None:
            return Move(_describe_move(live, "a new version", wanted))
        return _judge(live, newest, wanted)

    def make(self, wanted: Wanted) -> Move:
        """Publish and move; what was done. Nothing where there is no alias."""
        live = self._function.find_live()
        if live is None:
            return Move()
        version = self._function.publish(DESCRIPTION)
        move = _judge(live, version, wanted)
        if not move.change:
            return move
        name = str(version.number)
        if wanted.canary is not None:
            self._alarm.watch(name)
            self._function.move(live, live.version, canary=name, share=wanted.canary / 100)
        else:
            self._function.move(live, name)
            if live.canary is not None:
                self._alarm.remove()
        self._delete_surplus()
        return move

    def _find_newest(self) -> Version | None:
        """The newest version, if it has the code of $LATEST."""
        versions, configuration = self._function.versions(), self._function.find_configuration()
        newest = versions[-1] if versions else None
        is_same = newest is not None and configuration is not None and newest.code_sha256 == configuration["CodeSha256"]
        return newest if is_same else None

    def _delete_surplus(self) -> None:
        live = self._function.find_live()
        if live is not None:
            for number in find_surplus(live, self._function.versions()):
                self._function.delete_version(number)


def _judge(live: Live, version: Version, wanted: Wanted) -> Move:
    name = str(version.number)
    if version.number == live.rolled_back_from and not wanted.again:
        return Move(
            held=f"version {name} stays out of use: {live.note}. Deploy corrected code, or run "
            f"`orders deploy --again` to use version {name} again."
        )
    if live.version == name and live.canary is None:
        return Move() if wanted.canary is None else Move(held=_without_canary(live, wanted.canary))
    if wanted.canary is not None and live.canary == name and round(100 * live.share) == wanted.canary:
        return Move(
            held=f"version {name} has {wanted.canary} % of the orders already. `orders deploy` gives it all of them, "
            "`orders rollback` takes its share back."
        )
    return Move(_describe_move(live, f"version {name}", wanted))


def _describe_move(live: Live, target: str, wanted: Wanted) -> str:
    if wanted.canary is not None:
        return f"live: version {live.version}, {target} gets {wanted.canary} %"
    return f"live: {describe(live)} → {target}"


def _without_canary(live: Live, share: int) -> str:
    return (
        f"--canary {share} has no effect: the function did not change, so there is no new version, and version "
        f"{live.version} processes all orders. Deploy changed code or settings with --canary; `orders rollback` makes "
        "the version before live."
    )
