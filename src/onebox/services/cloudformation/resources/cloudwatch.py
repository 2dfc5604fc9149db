"""AWS::CloudWatch::Alarm, AWS::CloudWatch::CompositeAlarm and AWS::CloudWatch::Dashboard.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudWatch.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ResourceExists, is_ours, means_gone
from onebox.services.cloudformation.resources.shapes import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TAGS,
    TEXT,
    TEXTS,
    ListOf,
    Record,
    Shape,
)
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
    global_arn,
    pick,
    tag_list,
    tag_map,
)
from onebox.services.context import Wire


class _Alarm:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        alarm_arn = arn(client, "cloudwatch", f"alarm:{new.name}")
        if await _find_alarm(client, new.name) is not None and not (
            new.resumed and is_ours(await _live_tags(client, alarm_arn), new.tags)
        ):
            raise ResourceExists("AWS::CloudWatch::Alarm", new.name)
        request = _alarm_request(new.name, new.properties) | {"Tags": tag_list(new.tags)}
        await client.call("cloudwatch", "PutMetricAlarm", request)
        await new.initiated(new.name)
        return {"Arn": alarm_arn}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await client.call("cloudwatch", "PutMetricAlarm", _alarm_request(old.physical_id, properties))
        await _apply_alarm_tags(client, old, tags)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [old.physical_id]})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        alarm = await _find_alarm(client, old.physical_id)
        return None if alarm is None else pick(alarm, *_ALARM_MEMBERS)


class _CompositeAlarm:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        alarm_arn = arn(client, "cloudwatch", f"alarm:{new.name}")
        if await _find_alarm(client, new.name) is not None and not (
            new.resumed and is_ours(await _live_tags(client, alarm_arn), new.tags)
        ):
            raise ResourceExists("AWS::CloudWatch::CompositeAlarm", new.name)
        request = {**new.properties, "AlarmName": new.name, "Tags": tag_list(new.tags)}
        await client.call("cloudwatch", "PutCompositeAlarm", request)
        await new.initiated(new.name)
        return {"Arn": alarm_arn}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        request = {name: value for name, value in properties.items() if name != "Tags"}
        await client.call("cloudwatch", "PutCompositeAlarm", {**request, "AlarmName": old.physical_id})
        await _apply_alarm_tags(client, old, tags)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [old.physical_id]})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        alarm = await _find_alarm(client, old.physical_id)
        return None if alarm is None else pick(alarm, *_COMPOSITE_PROPERTIES)


async def _apply_alarm_tags(client: Client, old: LiveResource, tags: dict[str, str]) -> None:
    resource = {"ResourceARN": old.attributes["Arn"]}
    await apply_tags(
        old.tags,
        tags,
        lambda fresh: client.call("cloudwatch", "TagResource", {**resource, "Tags": tag_list(fresh)}),
        lambda keys: client.call("cloudwatch", "UntagResource", {**resource, "TagKeys": keys}),
    )


class _Dashboard:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        if not new.resumed and await _find_dashboard(client, new.name) is not None:
            raise ResourceExists("AWS::CloudWatch::Dashboard", new.name)
        await _put_dashboard(client, new.name, new.properties)
        await new.initiated(new.name)
        return {"DashboardArn": global_arn(client, "cloudwatch", f"dashboard/{new.name}")}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_dashboard(client, old.physical_id, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("cloudwatch", "DeleteDashboards", {"DashboardNames": [old.physical_id]})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        body = await _find_dashboard(client, old.physical_id)
        if body is None:
            return None
        wanted = old.properties["DashboardBody"]
        same = json.loads(body) == json.loads(wanted)
        return {"DashboardName": old.physical_id, "DashboardBody": wanted if same else body}


def _alarm_request(name: str, properties: Wire) -> Wire:
    return {"AlarmName": name, **pick(properties, *(m for m in _ALARM_MEMBERS if m != "AlarmName"))}


async def _find_alarm(client: Client, name: str) -> Wire | None:
    answer = await client.call(
        "cloudwatch", "DescribeAlarms", {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    )
    alarms = answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", [])
    alarm: Wire | None = next(iter(alarms), None)
    return alarm


async def _live_tags(client: Client, alarm_arn: str) -> dict[str, str]:
    answer = await client.call("cloudwatch", "ListTagsForResource", {"ResourceARN": alarm_arn})
    return tag_map(answer.get("Tags", []))


async def _put_dashboard(client: Client, name: str, properties: Wire) -> None:
    request = {"DashboardName": name, "DashboardBody": properties["DashboardBody"]}
    await client.call("cloudwatch", "PutDashboard", request)


async def _find_dashboard(client: Client, name: str) -> str | None:
    try:
        answer = await client.call("cloudwatch", "GetDashboard", {"DashboardName": name})
    except AwsError as error:
        if means_gone(error):
            return None
        raise
    return str(answer["DashboardBody"])


_DIMENSIONS = ListOf(Record({"Name": TEXT, "Value": TEXT}, required=("Name", "Value")))
_METRIC = Record({"Dimensions": _DIMENSIONS, "MetricName": TEXT, "Namespace": TEXT})
_METRIC_QUERY = Record(
    {
        "AccountId": TEXT,
        "Expression": TEXT,
        "Id": TEXT,
        "Label": TEXT,
        "MetricStat": Record(
            {"Metric": _METRIC, "Period": INTEGER, "Stat": TEXT, "Unit": TEXT}, required=("Metric", "Period", "Stat")
        ),
        "Period": INTEGER,
        "ReturnData": BOOLEAN,
    },
    required=("Id",),
)
_ALARM_PROPERTIES: dict[str, Shape] = {
    "ActionsEnabled": BOOLEAN,
    "AlarmActions": TEXTS,
    "AlarmDescription": TEXT,
    "AlarmName": TEXT,
    "ComparisonOperator": TEXT,
    "DatapointsToAlarm": INTEGER,
    "Dimensions": _DIMENSIONS,
    "EvaluateLowSampleCountPercentile": TEXT,
    "EvaluationPeriods": INTEGER,
    "ExtendedStatistic": TEXT,
    "InsufficientDataActions": TEXTS,
    "MetricName": TEXT,
    "Metrics": ListOf(_METRIC_QUERY),
    "Namespace": TEXT,
    "OKActions": TEXTS,
    "Period": INTEGER,
    "Statistic": TEXT,
    "Threshold": NUMBER,
    "ThresholdMetricId": TEXT,
    "TreatMissingData": TEXT,
    "Unit": TEXT,
}
_ALARM_MEMBERS = tuple(_ALARM_PROPERTIES)

ALARM = ResourceType(
    name="AWS::CloudWatch::Alarm",
    schema=Record({**_ALARM_PROPERTIES, "Tags": TAGS}, required=("ComparisonOperator", "EvaluationPeriods")),
    lifecycle=_Alarm(),
    create_only=frozenset({"AlarmName"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("AlarmName", characters_max=255),
    taggable=True,
)

_COMPOSITE_PROPERTIES: dict[str, Shape] = {
    "ActionsEnabled": BOOLEAN,
    "ActionsSuppressor": TEXT,
    "ActionsSuppressorExtensionPeriod": INTEGER,
    "ActionsSuppressorWaitPeriod": INTEGER,
    "AlarmActions": TEXTS,
    "AlarmDescription": TEXT,
    "AlarmName": TEXT,
    "AlarmRule": TEXT,
    "InsufficientDataActions": TEXTS,
    "OKActions": TEXTS,
}

COMPOSITE_ALARM = ResourceType(
    name="AWS::CloudWatch::CompositeAlarm",
    schema=Record({**_COMPOSITE_PROPERTIES, "Tags": TAGS}, required=("AlarmRule",)),
    lifecycle=_CompositeAlarm(),
    create_only=frozenset({"AlarmName"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("AlarmName", characters_max=255),
    taggable=True,
)

DASHBOARD = ResourceType(
    name="AWS::CloudWatch::Dashboard",
    schema=Record({"DashboardBody": TEXT, "DashboardName": TEXT}, required=("DashboardBody",)),
    lifecycle=_Dashboard(),
    create_only=frozenset({"DashboardName"}),
    attributes=frozenset({"DashboardArn"}),
    naming=Naming("DashboardName", characters_max=255),
)
