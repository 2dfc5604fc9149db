"""Changing an alarm's state: the new state, its history, and its actions, in one transaction.

Promises: an action that fails is recorded in the history and harms neither the new state nor other actions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from onebox.arn import find_arn, make_arn
from onebox.errors import AwsError
from onebox.services.cloudwatch.alarms.notification import lambda_event, sns_message, subject
from onebox.services.cloudwatch.alarms.signals import AlarmSignals, key_of
from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.model import Alarm
from onebox.services.cloudwatch.store.alarm_history import AlarmHistoryStore
from onebox.services.cloudwatch.store.alarms import AlarmStore
from onebox.services.context import Deps, Principal, RequestContext

_ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


class SnsPublisher(Protocol):
    def publish(
        self,
        context: RequestContext,
        topic_arn: str,
        subject: str,
        message: str,
        *,
        source_service: str,
        source_arn: str,
    ) -> str:
        """Publish inside the caller's transaction; raises AwsError."""


class LambdaInvoker(Protocol):
    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str,
        source_arn: str,
    ) -> str:
        """Queue an asynchronous invocation inside the caller's transaction; raises AwsError."""


class Transitions:
    def __init__(
        self,
        *,
        deps: Deps,
        store: AlarmStore,
        history: AlarmHistoryStore,
        signals: AlarmSignals,
        sns: SnsPublisher | None,
        lambda_: LambdaInvoker | None,
    ) -> None:
        self._deps = deps
        self._store = store
        self._history = history
        self._signals = signals
        self._sns = sns
        self._lambda = lambda_

    def apply(
        self,
        alarm: Alarm,
        state: str,
        reason: str,
        reason_data: str | None,
        now_ms: int,
        *,
        held_until_ms: int = 0,
    ) -> Alarm:
        """Put the alarm in ``state``, and keep it there until ``held_until_ms``. Actions run only if that is another
        state. Call inside ``storage.run``."""
        changed = state != alarm.state
        new = replace(
            alarm,
            state=state,
            reason=reason,
            reason_data=reason_data,
            state_updated_at_ms=now_ms,
            state_transitioned_at_ms=now_ms if changed else alarm.state_transitioned_at_ms,
            held_until_ms=held_until_ms,
        )
        self._store.set_state(new)
        if changed:
            self._deps.storage.after_commit(lambda: self._signals.alarm_moved(key_of(new)))
            summary = f"Alarm updated from {alarm.state} to {state}"
            data = {"version": "1.0", "oldState": _history_state(alarm), "newState": _history_state(new)}
            self._history.record(new, now_ms, "StateUpdate", summary, data)
            if new.actions_enabled:
                for arn in new.configuration.get(_ACTIONS[state], ()):
                    self._act(new, alarm, arn, now_ms)
        return new

    def _act(self, alarm: Alarm, old: Alarm, arn: str, now_ms: int) -> None:
        context = self._context(alarm, now_ms)
        data: dict[str, Any] = {
            "actionState": "Succeeded",
            "stateUpdateTimestamp": alarm.state_updated_at_ms,
            "notificationResource": arn,
            "publishedMessage": None,
            "error": None,
        }
        summary = f"Successfully executed action {arn}"
        try:
            data["publishedMessage"] = self._deps.storage.run(lambda: self._execute(context, alarm, old, arn))
        except AwsError as error:
            data |= {"actionState": "Failed", "error": f"{error.wire_code}: {error.message}"}
            summary = f"Failed to execute action {arn}"
        self._history.record(alarm, now_ms, "Action", summary, data)

    def _execute(self, context: RequestContext, alarm: Alarm, old: Alarm, arn: str) -> str | None:
        target = find_arn(arn)
        source_arn = alarm_arn(alarm.account, alarm.region, alarm.name)
        if target is not None and target.service == "sns" and self._sns is not None:
            message = sns_message(alarm, old.state)
            self._sns.publish(
                context,
                arn,
                subject(alarm),
                message,
                source_service="cloudwatch.amazonaws.com",
                source_arn=source_arn,
            )
            return message
        if target is not None and target.service == "lambda" and self._lambda is not None:
            self._lambda.invoke_async(
                context,
                arn,
                lambda_event(alarm, old),
                source_service="lambda.alarms.cloudwatch.amazonaws.com",
                source_arn=source_arn,
            )
            return None
        raise UnsupportedAction(f"onebox has nothing that could run {arn}")

    def _context(self, alarm: Alarm, now_ms: int) -> RequestContext:
        # The alarm acts in the name of its account, as AWS's does for topics and functions of that account.
        root = make_arn("iam", "", alarm.account, "root", partition_region=alarm.region)
        return RequestContext(
            account=alarm.account,
            region=alarm.region,
            principal=Principal(alarm.account, root, alarm.account),
            now_ms=now_ms,
            request_id=self._deps.ids.uuid(),
            endpoint_url=alarm.endpoint_url,
        )


class UnsupportedAction(AwsError):
    """An action that AWS has and onebox has not (EC2, Auto Scaling, Systems Manager); only the history says so."""


def _history_state(alarm: Alarm) -> dict[str, Any]:
    state: dict[str, Any] = {"stateValue": alarm.state, "stateReason": alarm.reason}
    if alarm.reason_data:
        state["stateReasonData"] = alarm.reason_data
    return state
