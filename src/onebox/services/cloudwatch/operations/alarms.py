"""Putting, reading and deleting alarms.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from onebox.services.cloudwatch.alarms.composite import parse_rule
from onebox.services.cloudwatch.alarms.notification import alarm_arn
from onebox.services.cloudwatch.alarms.reasons import INITIAL
from onebox.services.cloudwatch.errors import (
    InvalidFormatFault,
    ResourceConflict,
    ResourceNotFound,
    ValidationError,
)
from onebox.services.cloudwatch.model import Alarm, sorted_dimensions
from onebox.services.cloudwatch.operations.alarm_validation import (
    check_composite_alarm,
    check_metric_alarm,
)
from onebox.services.cloudwatch.operations.tags import parse_tags
from onebox.services.cloudwatch.tokens import decode_token, encode_token
from onebox.services.cloudwatch.validation import check_enum, check_length, check_range
from onebox.services.context import RequestContext, Wire

if TYPE_CHECKING:
    from onebox.services.cloudwatch.service import CloudWatch

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
TYPES = ("CompositeAlarm", "MetricAlarm", "LogAlarm")
_APART = ("AlarmName", "Tags", "ActionsEnabled")
_ACTION_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def put_metric_alarm(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    check_metric_alarm(request)
    return _put(cloudwatch, context, request, "MetricAlarm")


def put_composite_alarm(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    check_composite_alarm(request)
    for name in sorted(parse_rule(request["AlarmRule"]).names):
        if name == request["AlarmName"]:
            raise ValidationError("AlarmRule must not refer to the alarm itself.")
        if cloudwatch.alarm_store.find(context.account, context.region, name) is None:
            raise ValidationError(f"AlarmRule refers to an alarm that does not exist: {name}")
    return _put(cloudwatch, context, request, "CompositeAlarm")


def _put(cloudwatch: CloudWatch, context: RequestContext, request: Wire, type_: str) -> Wire:
    store = cloudwatch.alarm_store
    name = request["AlarmName"]
    known = store.find(context.account, context.region, name)
    if known is not None and known.type != type_:
        raise ValidationError(f"An alarm of another type exists with the name {name}.")
    configuration = {member: value for member, value in request.items() if member not in _APART}
    alarm = Alarm(
        0,
        context.account,
        context.region,
        name,
        type_,
        configuration,
        request.get("ActionsEnabled", True),
        context.now_ms,
        "INSUFFICIENT_DATA",
        INITIAL,
        None,
        context.now_ms,
        context.now_ms,
        context.endpoint_url,
    )
    store.put(alarm)
    if known is None:
        cloudwatch.tag_store.put(
            alarm_arn(context.account, context.region, name), parse_tags(context, request.get("Tags", []))
        )
        data = {"version": "1.0", "type": "Create", "createdAlarm": _history_alarm(alarm)}
        store.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" created', data)
    elif (known.configuration, known.actions_enabled) != (configuration, alarm.actions_enabled):
        data = {"version": "1.0", "type": "Update", "updatedAlarm": _history_alarm(alarm)}
        store.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" updated', data)
    return {}


def delete_alarms(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    """Delete the alarms that exist; one that a composite alarm depends on is refused."""
    names = request["AlarmNames"]
    _check_names(names)
    store = cloudwatch.alarm_store
    found = [alarm for name in names if (alarm := store.find(context.account, context.region, name))]
    _check_unused(cloudwatch, context, {alarm.name for alarm in found})
    for alarm in found:
        store.delete(alarm.id)
        cloudwatch.tag_store.delete_all(alarm_arn(alarm.account, alarm.region, alarm.name))
        data = {"version": "1.0", "type": "Delete", "deletedAlarm": _history_alarm(alarm)}
        store.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', data)
    return {}


def _check_unused(cloudwatch: CloudWatch, context: RequestContext, names: set[str]) -> None:
    for composite in cloudwatch.alarm_store.composites(context.account, context.region):
        if composite.name not in names and names & parse_rule(composite.configuration["AlarmRule"]).names:
            raise ResourceConflict(f"Cannot delete an alarm on which the composite alarm {composite.name} depends.")


def set_alarm_state(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    """Force a state until the next evaluation; its actions run."""
    check_enum(request["StateValue"], "stateValue", STATES)
    check_length(request["StateReason"], "stateReason", 0, 1023)
    data = request.get("StateReasonData")
    if data is not None:
        check_length(data, "stateReasonData", 0, 4000)
        _check_json(data)
    alarm = cloudwatch.alarm_store.find(context.account, context.region, request["AlarmName"])
    if alarm is None:
        raise ResourceNotFound()
    cloudwatch.transitions.apply(alarm, request["StateValue"], request["StateReason"], data, context.now_ms)
    return {}


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidFormatFault("TestAlarmState: StateReasonData is not valid JSON") from error


def enable_alarm_actions(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    return _set_actions_enabled(cloudwatch, context, request, True)


def disable_alarm_actions(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    return _set_actions_enabled(cloudwatch, context, request, False)


def _set_actions_enabled(cloudwatch: CloudWatch, context: RequestContext, request: Wire, enabled: bool) -> Wire:
    """Names that do not exist are passed over, as AWS does."""
    _check_names(request["AlarmNames"])
    store = cloudwatch.alarm_store
    for name in request["AlarmNames"]:
        alarm = store.find(context.account, context.region, name)
        if alarm is not None and alarm.actions_enabled != enabled:
            store.set_actions_enabled(alarm.id, enabled)
            data = {"version": "1.0", "type": "Update", "updatedAlarm": {"actionsEnabled": enabled}}
            store.record(alarm, context.now_ms, "ConfigurationUpdate", f'Alarm "{name}" updated', data)
    return {}


def describe_alarms(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    """Alarms by name; composite ones only if asked for by type."""
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    for type_ in types:
        check_enum(type_, "alarmTypes", TYPES)
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix")
    if names and prefix:
        raise ValidationError("AlarmNamePrefix and AlarmNames cannot be specified together.")
    state = request.get("StateValue")
    if state is not None:
        check_enum(state, "stateValue", STATES)
    limit = request.get("MaxRecords", 50)
    check_range(limit, "maxRecords", 1, 100)
    if names:
        _check_names(names)
        found = [
            alarm
            for name in sorted(set(names))
            if (alarm := cloudwatch.alarm_store.find(context.account, context.region, name))
            and alarm.type in types
            and state in (None, alarm.state)
        ]
        return _described(found, None, request)
    after = decode_token(request["NextToken"], str)[0] if "NextToken" in request else ""
    alarms = cloudwatch.alarm_store.page(
        context.account,
        context.region,
        types=types,
        prefix=prefix or "",
        state=state,
        after=after,
        limit=limit + 1,
    )
    token = encode_token([alarms[limit - 1].name]) if len(alarms) > limit else None
    return _described(_related(cloudwatch, context, alarms[:limit], request), token, request)


def _related(cloudwatch: CloudWatch, context: RequestContext, alarms: list[Alarm], request: Wire) -> list[Alarm]:
    """Only the children, or the parents, of a composite alarm's rule, if asked for."""
    parent, child = request.get("ChildrenOfAlarmName"), request.get("ParentsOfAlarmName")
    if parent is not None:
        composite = cloudwatch.alarm_store.find(context.account, context.region, parent)
        if composite is None or composite.type != "CompositeAlarm":
            return []
        children = parse_rule(composite.configuration["AlarmRule"]).names
        return [alarm for alarm in alarms if alarm.name in children]
    if child is not None:
        return [
            alarm
            for alarm in alarms
            if alarm.type == "CompositeAlarm" and child in parse_rule(alarm.configuration["AlarmRule"]).names
        ]
    return alarms


def _described(alarms: list[Alarm], token: str | None, request: Wire) -> Wire:
    action_prefix = request.get("ActionPrefix")
    chosen = [alarm for alarm in alarms if action_prefix is None or _has_action(alarm, action_prefix)]
    return {
        "CompositeAlarms": [alarm_item(alarm) for alarm in chosen if alarm.type == "CompositeAlarm"],
        "MetricAlarms": [alarm_item(alarm) for alarm in chosen if alarm.type == "MetricAlarm"],
        "LogAlarms": [],
        "NextToken": token,
    }


def _has_action(alarm: Alarm, prefix: str) -> bool:
    return any(arn.startswith(prefix) for member in _ACTION_LISTS for arn in alarm.configuration.get(member, []))


def describe_alarms_for_metric(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    """The alarms on exactly this metric; statistic, period and unit narrow them if given."""
    wanted = {
        member: request[member] for member in ("Statistic", "ExtendedStatistic", "Period", "Unit") if member in request
    }
    dimensions = sorted_dimensions(request.get("Dimensions", []))
    found = [
        alarm
        for alarm in cloudwatch.alarm_store.on_metric(
            context.account, context.region, request["Namespace"], request["MetricName"]
        )
        if sorted_dimensions(alarm.configuration.get("Dimensions", [])) == dimensions
        and all(alarm.configuration.get(member) == value for member, value in wanted.items())
    ]
    return {"MetricAlarms": [alarm_item(alarm) for alarm in found]}


def alarm_item(alarm: Alarm) -> Wire:
    """An alarm as the API describes it."""
    item: Wire = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm_arn(alarm.account, alarm.region, alarm.name),
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_at_ms,
        "ActionsEnabled": alarm.actions_enabled,
        **{member: [] for member in _ACTION_LISTS},
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data,
        "StateUpdatedTimestamp": alarm.state_updated_at_ms,
        "StateTransitionedTimestamp": alarm.state_transitioned_at_ms,
    }
    if alarm.type == "MetricAlarm" and "Metrics" not in alarm.configuration:
        item["Dimensions"] = []
    return item | alarm.configuration


def _history_alarm(alarm: Alarm) -> Wire:
    return {"alarmName": alarm.name, "alarmArn": alarm_arn(alarm.account, alarm.region, alarm.name)} | {
        member[0].lower() + member[1:]: value for member, value in alarm.configuration.items()
    }


def _check_names(names: list[str]) -> None:
    if len(names) > 100:
        raise ValidationError("The collection AlarmNames must not have a size greater than 100.")
    for name in names:
        check_length(name, "alarmNames", 1, 255)
