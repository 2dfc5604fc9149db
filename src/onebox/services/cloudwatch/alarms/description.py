"""An alarm as the API and its history describe it. Pure."""

from __future__ import annotations

from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.model import ACTION_LISTS, Alarm
from onebox.services.context import Wire


def alarm_item(alarm: Alarm) -> Wire:
    """An alarm as the API describes it."""
    item: Wire = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm_arn(alarm.account, alarm.region, alarm.name),
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_at_ms,
        "ActionsEnabled": alarm.actions_enabled,
        **{member: [] for member in ACTION_LISTS},
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data,
        "StateUpdatedTimestamp": alarm.state_updated_at_ms,
        "StateTransitionedTimestamp": alarm.state_transitioned_at_ms,
    }
    if alarm.type == "MetricAlarm" and "Metrics" not in alarm.configuration:
        item["Dimensions"] = []
    return item | alarm.configuration


def history_alarm(alarm: Alarm) -> Wire:
    """An alarm as its history describes it."""
    return {"alarmName": alarm.name, "alarmArn": alarm_arn(alarm.account, alarm.region, alarm.name)} | {
        member[0].lower() + member[1:]: value for member, value in alarm.configuration.items()
    }
