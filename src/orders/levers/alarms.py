"""Silences alarms for a time, ends the silence, and acknowledges a firing alarm; each recorded in the audit log.

A silence disables the alarm's actions: its state goes on changing and is shown, and nobody is notified.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableAlarmActions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from orders.aws.clients import Aws
from orders.clock import Clock
from orders.deployment.function import DeployedFunction
from orders.errors import OperatorError
from orders.levers.levers import Record
from orders.levers.silence import ACKNOWLEDGED_TAG, SILENCED_TAG, check_duration, exact_moment, show_moment


class AlarmLevers:
    """Raises OperatorError for a name that no alarm of the system has, and botocore's errors."""

    def __init__(self, aws: Aws, function: DeployedFunction, clock: Clock, who: Callable[[], str]) -> None:
        self._cloudwatch = aws.client("cloudwatch")
        self._names = aws.names
        self._function = function
        self._clock = clock
        self._who = who

    def silence(self, record: Record, name: str, duration_ms: int) -> int:
        """Disable the actions of an alarm; when the silence is due to end, in milliseconds since the epoch."""
        check_duration(duration_ms)
        self._check(name)
        until_ms = self._clock.now_ms() + duration_ms
        note = f"{show_moment(until_ms)} by {self._name()}"
        with record("silence", name, after={"until": show_moment(until_ms)}):
            # The tag first: actions that are disabled without a reason would be told as a fault only.
            self._function.tag(f"{SILENCED_TAG}{name}", note)
            self._cloudwatch.disable_alarm_actions(AlarmNames=[name])
        return until_ms

    def unsilence(self, record: Record, name: str) -> None:
        """Enable the actions of an alarm again."""
        self._check(name)
        with record("unsilence", name):
            self._cloudwatch.enable_alarm_actions(AlarmNames=[name])
            self._function.untag(f"{SILENCED_TAG}{name}")

    def acknowledge(self, record: Record, name: str) -> None:
        """Say that somebody looks after a firing alarm; it holds until the alarm changes its state."""
        self._check(name)
        note = f"{exact_moment(self._clock.now_ms())} by {self._name()}"
        with record("acknowledge", name, after=note):
            self._function.tag(f"{ACKNOWLEDGED_TAG}{name}", note)

    def _check(self, name: str) -> None:
        answer = self._cloudwatch.describe_alarms(AlarmNamePrefix=self._names.alarms)
        check_name(name, [alarm["AlarmName"] for alarm in answer.get("MetricAlarms", [])])

    def _name(self) -> str:
        return self._who().split(":", 5)[-1]


def check_name(name: str, names: Iterable[str]) -> None:
    """Raises OperatorError with the valid names."""
    known = sorted(names)
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise OperatorError(f"there is no alarm {name[:200]}{hint}", f"Alarms: {', '.join(known) or 'none'}.")
