"""Putting and deleting alarms; switching their actions on and off.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from onebox.services.cloudwatch.alarms.checks import (
    check_composite_alarm,
    check_metric_alarm,
)
from onebox.services.cloudwatch.alarms.composite import parse_rule
from onebox.services.cloudwatch.alarms.description import history_alarm
from onebox.services.cloudwatch.alarms.reasons import INITIAL
from onebox.services.cloudwatch.alarms.signals import key_of
from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import (
    ResourceConflict,
    ValidationError,
)
from onebox.services.cloudwatch.model import Alarm
from onebox.services.cloudwatch.validation import check_alarm_names, parse_tags
from onebox.services.context import RequestContext, Wire

_APART = ("AlarmName", "Tags", "ActionsEnabled")


def put_metric_alarm(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Make or replace an alarm on a metric or an expression. A replaced alarm keeps its state until it is evaluated."""
    check_metric_alarm(request)
    return _put(core, context, request, "MetricAlarm")


def put_composite_alarm(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Make or replace an alarm whose rule combines the states of other alarms."""
    check_composite_alarm(request)
    for name in sorted(parse_rule(request["AlarmRule"]).names):
        if name == request["AlarmName"]:
            raise ValidationError("AlarmRule must not refer to the alarm itself.")
        if core.alarms.find(context.account, context.region, name) is None:
            raise ValidationError(f"AlarmRule refers to an alarm that does not exist: {name}")
    return _put(core, context, request, "CompositeAlarm")


def _put(core: CloudWatchCore, context: RequestContext, request: Wire, type_: str) -> Wire:
    store = core.alarms
    name = request["AlarmName"]
    known = store.find(context.account, context.region, name)
    if known is not None and known.type != type_:
        raise ValidationError(f"An alarm of another type exists with the name {name}.")
    configuration = {member: value for member, value in request.items() if member not in _APART}
    alarm = Alarm(
        id=0,
        account=context.account,
        region=context.region,
        name=name,
        type=type_,
        configuration=configuration,
        actions_enabled=request.get("ActionsEnabled", True),
        configured_at_ms=context.now_ms,
        state="INSUFFICIENT_DATA",
        reason=INITIAL,
        reason_data=None,
        state_updated_at_ms=context.now_ms,
        state_transitioned_at_ms=context.now_ms,
        endpoint_url=context.endpoint_url,
    )
    store.put(alarm)
    core.signals.alarm_put(key_of(alarm))
    if known is None:
        core.tags.put(alarm_arn(context.account, context.region, name), parse_tags(context, request.get("Tags", [])))
        data = {"version": "1.0", "type": "Create", "createdAlarm": history_alarm(alarm)}
        core.history.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" created', data)
    elif (known.configuration, known.actions_enabled) != (configuration, alarm.actions_enabled):
        data = {"version": "1.0", "type": "Update", "updatedAlarm": history_alarm(alarm)}
        core.history.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" updated', data)
    return {}


def delete_alarms(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Delete the alarms that exist; one that a composite alarm depends on is refused."""
    names = request["AlarmNames"]
    check_alarm_names(names)
    store = core.alarms
    found = [alarm for name in names if (alarm := store.find(context.account, context.region, name))]
    _check_unused(core, context, {alarm.name for alarm in found})
    for alarm in found:
        store.delete(alarm.id)
        core.signals.alarm_put(key_of(alarm))
        core.tags.delete_all(alarm_arn(alarm.account, alarm.region, alarm.name))
        data = {"version": "1.0", "type": "Delete", "deletedAlarm": history_alarm(alarm)}
        core.history.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', data)
    return {}


def _check_unused(core: CloudWatchCore, context: RequestContext, names: set[str]) -> None:
    for composite in core.alarms.composites(context.account, context.region):
        if composite.name not in names and names & parse_rule(composite.configuration["AlarmRule"]).names:
            raise ResourceConflict(f"Cannot delete an alarm on which the composite alarm {composite.name} depends.")


def enable_alarm_actions(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Let the state changes of alarms act again."""
    return _set_actions_enabled(core, context, request, True)


def disable_alarm_actions(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Keep the state changes of alarms from acting; their states still change."""
    return _set_actions_enabled(core, context, request, False)


def _set_actions_enabled(core: CloudWatchCore, context: RequestContext, request: Wire, enabled: bool) -> Wire:
    """Names that do not exist are passed over, as AWS does."""
    check_alarm_names(request["AlarmNames"])
    store = core.alarms
    for name in request["AlarmNames"]:
        alarm = store.find(context.account, context.region, name)
        if alarm is not None and alarm.actions_enabled != enabled:
            store.set_actions_enabled(alarm.id, enabled)
            data = {"version": "1.0", "type": "Update", "updatedAlarm": {"actionsEnabled": enabled}}
            core.history.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" updated', data)
    return {}
