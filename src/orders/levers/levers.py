"""Pause, resume, concurrency and rollback: each a call or two of Lambda's API, recorded in the audit log.

Nothing is lost by any of them: while the system is paused, orders wait in OrderQueue, for 4 days at most.
What a lever sets is kept by deployments: a paused trigger stays paused, a concurrency stays, a rollback stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol

from orders.clock import Clock
from orders.deployment.function import CONCURRENCY_TAG, PAUSED_TAG
from orders.deployment.versions import Live, Version, choose_target, describe, rollback_note
from orders.errors import OperatorError

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
CONCURRENCY_MIN = 2
CONCURRENCY_MAX = 1_000
TRIGGER = "OrderTrigger"
ALIAS_NAME = "alias live"
# https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
TAG_MAX = 256
_not_in_tags = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")


class Function(Protocol):
    """The part of DeployedFunction that the levers move."""

    def find_trigger(self) -> dict[str, Any] | None: ...
    def find_live(self) -> Live | None: ...
    def versions(self) -> list[Version]: ...
    def change_trigger(self, **settings: Any) -> None: ...
    def move(
        self, live: Live, version: str, *, canary: str | None = None, share: float = 0.0, note: str = ""
    ) -> None: ...
    def tag(self, name: str, value: str) -> None: ...
    def untag(self, name: str) -> None: ...


class Alarm(Protocol):
    def remove(self) -> None: ...


Record = Callable[..., AbstractContextManager[Any]]
"""AuditLog.change: takes action, target, before and after."""


class Rollback(NamedTuple):
    """What a rollback would do."""

    live: Live
    bad: str
    """The version that goes out of use."""
    target: str

    def describe(self) -> str:
        return f"live: {describe(self.live)} → version {self.target}"


class Levers:
    """Raises OperatorError where there is nothing to move, and botocore's errors."""

    def __init__(self, function: Function, alarm: Alarm, clock: Clock, who: Callable[[], str]) -> None:
        self._function = function
        self._alarm = alarm
        self._clock = clock
        self._who = who

    def is_paused(self) -> bool:
        """Whether OrderQueue's trigger is disabled."""
        return is_disabled(self._load_trigger())

    def pause(self, record: Record, reason: str = "") -> bool:
        """Stop processing: the trigger takes no more orders; calls that run end. False if it was paused."""
        trigger = self._load_trigger()
        note = _tag_value(f"{self._moment()} by {_short(self._who())}{f': {reason}' if reason else ''}")
        if is_disabled(trigger):
            return False
        with record("pause", TRIGGER, before=trigger["State"], after=f"Disabled, {note}"):
            self._function.tag(PAUSED_TAG, note)
            self._function.change_trigger(Enabled=False)
        return True

    def resume(self, record: Record) -> bool:
        """Go on processing. False if it was not paused."""
        trigger = self._load_trigger()
        if not is_disabled(trigger):
            return False
        with record("resume", TRIGGER, before=trigger["State"], after="Enabled"):
            self._function.change_trigger(Enabled=True)
            self._function.untag(PAUSED_TAG)
        return True

    def find_concurrency(self) -> int | None:
        """The most concurrent calls for OrderQueue; None for no limit."""
        limit = (self._load_trigger().get("ScalingConfig") or {}).get("MaximumConcurrency")
        return None if limit is None else int(limit)

    def set_concurrency(self, record: Record, limit: int | None) -> bool:
        """Limit the concurrent calls, or remove the limit with None. False if it is so already."""
        before = self.find_concurrency()
        if limit is not None and not CONCURRENCY_MIN <= limit <= CONCURRENCY_MAX:
            raise OperatorError(
                f"{limit} concurrent calls are not possible",
                f"Lambda takes {CONCURRENCY_MIN} to {CONCURRENCY_MAX:,}; `orders pause` stops processing.",
            )
        if before == limit:
            return False
        with record("concurrency", TRIGGER, before=before, after=limit):
            # The tag first: a deployment keeps the limit that it tells.
            self._function.tag(CONCURRENCY_TAG, str(limit or 0))
            self._function.change_trigger(ScalingConfig={} if limit is None else {"MaximumConcurrency": limit})
        return True

    def plan_rollback(self, wanted: int | None = None) -> Rollback:
        """What a rollback to a version would do; without one, to the version before."""
        live = self._function.find_live()
        if live is None:
            raise OperatorError(
                "there is no alias live, so no version to go back to",
                "`orders deploy -p Alias=live` publishes versions from now on.",
            )
        target = choose_target(live, self._function.versions(), wanted)
        if target == live.version and live.canary is None:
            raise OperatorError(f"version {target} is live already", "`orders doctor` shows the alias.")
        return Rollback(live, live.version if live.canary is None else live.canary, target)

    def rollback(self, record: Record, plan: Rollback) -> None:
        """Move the alias. Raises OperatorError if somebody else moved it since."""
        note = rollback_note(plan.bad, self._moment(), _short(self._who()))
        with record("rollback", ALIAS_NAME, before=describe(plan.live), after=f"version {plan.target}"):
            self._function.move(plan.live, plan.target, note=note)
            if plan.live.canary is not None:
                self._alarm.remove()

    def _load_trigger(self) -> dict[str, Any]:
        trigger = self._function.find_trigger()
        if trigger is None:
            raise OperatorError("nothing delivers OrderQueue's orders to OrderProcessor", "Run `orders deploy`.")
        return trigger

    def _moment(self) -> str:
        moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_disabled(trigger: dict[str, Any]) -> bool:
    """Whether a mapping, as Lambda tells it, takes nothing from the queue."""
    return trigger["State"] in ("Disabled", "Disabling")


def _short(arn: str) -> str:
    """An ARN's resource: user/ada, assumed-role/Admin/ada."""
    return arn.split(":", 5)[-1]


def _tag_value(text: str) -> str:
    return _not_in_tags.sub("_", text)[:TAG_MAX]
