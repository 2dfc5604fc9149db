"""SetAlarmState."""

from __future__ import annotations

from onebox.services.cloudwatch.alarms.configuration import alarm_step_ms
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import InvalidFormatFault, ResourceNotFound
from onebox.services.cloudwatch.limits import MINUTE_MS
from onebox.services.cloudwatch.model import STATES, Alarm
from onebox.services.cloudwatch.validation import check_enum, check_length
from onebox.services.context import RequestContext, Wire
from onebox.text.documents import parse_document


def set_alarm_state(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Force a state until the next evaluation; its actions run."""
    check_enum(request["StateValue"], "stateValue", STATES)
    check_length(request["StateReason"], "stateReason", 0, 1023)
    data = request.get("StateReasonData")
    if data is not None:
        check_length(data, "stateReasonData", 0, 4000)
        _check_json(data)
    alarm = core.alarms.find(context.account, context.region, request["AlarmName"])
    if alarm is None:
        raise ResourceNotFound()
    core.transitions.apply(
        alarm,
        request["StateValue"],
        request["StateReason"],
        data,
        context.now_ms,
        held_until_ms=0 if alarm.type == "CompositeAlarm" else context.now_ms + _hold_ms(alarm),
    )
    return {}


def _hold_ms(alarm: Alarm) -> int:
    """How long a state that was set lasts: until the next regular evaluation."""
    return 10_000 if alarm_step_ms(alarm.configuration) < MINUTE_MS else MINUTE_MS


def _check_json(text: str) -> None:
    try:
        parse_document(text)
    except ValueError as error:
        raise InvalidFormatFault("TestAlarmState: StateReasonData is not valid JSON") from error
