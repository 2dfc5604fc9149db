"""DescribeAlarms and DescribeAlarmsForMetric.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from __future__ import annotations

from onebox.services.cloudwatch.alarms.composite import parse_rule
from onebox.services.cloudwatch.alarms.description import alarm_item
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import InvalidNextToken, ValidationError
from onebox.services.cloudwatch.model import ACTION_LISTS, STATES, TYPES, Alarm, sorted_dimensions
from onebox.services.cloudwatch.validation import check_alarm_names, check_enum, check_range
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token


def describe_alarms(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
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
        check_alarm_names(names)
        found = [
            alarm
            for name in sorted(set(names))
            if (alarm := core.alarms.find(context.account, context.region, name))
            and alarm.type in types
            and state in (None, alarm.state)
        ]
        return _described(found, None, request)
    (after,) = read_token(request.get("NextToken"), InvalidNextToken, str) or ("",)
    alarms = core.alarms.page(
        context.account,
        context.region,
        types=types,
        prefix=prefix or "",
        state=state,
        after=after,
        limit=limit + 1,
    )
    token = make_token(alarms[limit - 1].name) if len(alarms) > limit else None
    return _described(_related(core, context, alarms[:limit], request), token, request)


def _related(core: CloudWatchCore, context: RequestContext, alarms: list[Alarm], request: Wire) -> list[Alarm]:
    """Only the children, or the parents, of a composite alarm's rule, if asked for."""
    parent, child = request.get("ChildrenOfAlarmName"), request.get("ParentsOfAlarmName")
    if parent is not None:
        composite = core.alarms.find(context.account, context.region, parent)
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
    return any(arn.startswith(prefix) for member in ACTION_LISTS for arn in alarm.configuration.get(member, []))


def describe_alarms_for_metric(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """The alarms on exactly this metric; statistic, period and unit narrow them if given."""
    wanted = {
        member: request[member] for member in ("Statistic", "ExtendedStatistic", "Period", "Unit") if member in request
    }
    dimensions = sorted_dimensions(request.get("Dimensions", []))
    found = [
        alarm
        for alarm in core.alarms.on_metric(context.account, context.region, request["Namespace"], request["MetricName"])
        if sorted_dimensions(alarm.configuration.get("Dimensions", [])) == dimensions
        and all(alarm.configuration.get(member) == value for member, value in wanted.items())
    ]
    return {"MetricAlarms": [alarm_item(alarm) for alarm in found]}
