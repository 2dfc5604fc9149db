"""AWS::Logs::LogGroup, AWS::Logs::LogStream and AWS::Logs::MetricFilter.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import (
    ResourceExists,
    create_or_adopt,
    means_exists,
    means_gone,
)
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, NUMBER, TAGS, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
)
from onebox.services.context import Wire


class _LogGroup:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request: Wire = {"logGroupName": new.name, "tags": new.tags}
        if "KmsKeyId" in new.properties:
            request["kmsKeyId"] = new.properties["KmsKeyId"]
        if "LogGroupClass" in new.properties:
            request["logGroupClass"] = new.properties["LogGroupClass"]
        group_arn = arn(client, "logs", f"log-group:{new.name}")
        await create_or_adopt(
            "AWS::Logs::LogGroup",
            new,
            lambda: client.call("logs", "CreateLogGroup", request),
            lambda: _live_tags(client, group_arn),
        )
        await new.initiated(new.name)
        await _apply_retention(client, new.name, {}, new.properties)
        return {"Arn": f"{group_arn}:*"}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        name = old.physical_id
        await _apply_retention(client, name, old.properties, properties)
        if old.properties.get("KmsKeyId") != properties.get("KmsKeyId"):
            if "KmsKeyId" in properties:
                request = {"logGroupName": name, "kmsKeyId": properties["KmsKeyId"]}
                await client.call("logs", "AssociateKmsKey", request)
            else:
                await client.call("logs", "DisassociateKmsKey", {"logGroupName": name})
        resource = {"resourceArn": arn(client, "logs", f"log-group:{name}")}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("logs", "TagResource", {**resource, "tags": fresh}),
            lambda keys: client.call("logs", "UntagResource", {**resource, "tagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("logs", "DeleteLogGroup", {"logGroupName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        answer = await client.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": old.physical_id})
        for group in answer.get("logGroups", []):
            if group["logGroupName"] == old.physical_id:
                live: Wire = {"LogGroupName": group["logGroupName"]}
                if "retentionInDays" in group:
                    live["RetentionInDays"] = group["retentionInDays"]
                return live
        return None


class _LogStream:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {"logGroupName": new.properties["LogGroupName"], "logStreamName": new.name}
        try:
            await client.call("logs", "CreateLogStream", request)
        except AwsError as error:
            # A stream has no tags to tell whose it is: after a restart one of this name counts as created before.
            if not means_exists(error):
                raise
            if not new.resumed:
                raise ResourceExists("AWS::Logs::LogStream", new.name) from error
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {"logGroupName": old.properties["LogGroupName"], "logStreamName": old.physical_id}
        await client.call("logs", "DeleteLogStream", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        group = old.properties["LogGroupName"]
        request = {"logGroupName": group, "logStreamNamePrefix": old.physical_id}
        try:
            streams = (await client.call("logs", "DescribeLogStreams", request)).get("logStreams", [])
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        there = any(stream["logStreamName"] == old.physical_id for stream in streams)
        return {"LogGroupName": group, "LogStreamName": old.physical_id} if there else None


class _MetricFilter:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        if not new.resumed and await _find_filter(client, new.properties["LogGroupName"], new.name) is not None:
            raise ResourceExists("AWS::Logs::MetricFilter", f"{new.properties['LogGroupName']}|{new.name}")
        await client.call("logs", "PutMetricFilter", _filter_request(new.name, new.properties))
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await client.call("logs", "PutMetricFilter", _filter_request(old.physical_id, properties))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {"logGroupName": old.properties["LogGroupName"], "filterName": old.physical_id}
        await client.call("logs", "DeleteMetricFilter", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        live = await _find_filter(client, old.properties["LogGroupName"], old.physical_id)
        if live is None:
            return None
        return {"LogGroupName": old.properties["LogGroupName"], "FilterPattern": live.get("filterPattern", "")}


async def _apply_retention(client: Client, name: str, old: Wire, new: Wire) -> None:
    if old.get("RetentionInDays") == new.get("RetentionInDays"):
        return
    if "RetentionInDays" in new:
        request = {"logGroupName": name, "retentionInDays": new["RetentionInDays"]}
        await client.call("logs", "PutRetentionPolicy", request)
    else:
        await client.call("logs", "DeleteRetentionPolicy", {"logGroupName": name})


async def _live_tags(client: Client, group_arn: str) -> dict[str, str]:
    return dict((await client.call("logs", "ListTagsForResource", {"resourceArn": group_arn})).get("tags", {}))


async def _find_filter(client: Client, group: str, name: str) -> Wire | None:
    request = {"logGroupName": group, "filterNamePrefix": name}
    filters = (await client.call("logs", "DescribeMetricFilters", request)).get("metricFilters", [])
    return next((one for one in filters if one["filterName"] == name), None)


def _filter_request(name: str, properties: Wire) -> Wire:
    transformations = []
    for transformation in properties["MetricTransformations"]:
        wire = {
            "metricNamespace": transformation["MetricNamespace"],
            "metricName": transformation["MetricName"],
            "metricValue": transformation["MetricValue"],
        }
        if "DefaultValue" in transformation:
            wire["defaultValue"] = transformation["DefaultValue"]
        if "Unit" in transformation:
            wire["unit"] = transformation["Unit"]
        if "Dimensions" in transformation:
            wire["dimensions"] = {one["Key"]: one["Value"] for one in transformation["Dimensions"]}
        transformations.append(wire)
    request = {
        "logGroupName": properties["LogGroupName"],
        "filterName": name,
        "filterPattern": properties["FilterPattern"],
        "metricTransformations": transformations,
    }
    if "ApplyOnTransformedLogs" in properties:
        request["applyOnTransformedLogs"] = properties["ApplyOnTransformedLogs"]
    return request


LOG_GROUP = ResourceType(
    name="AWS::Logs::LogGroup",
    schema=Record(
        {
            "KmsKeyId": TEXT,
            "LogGroupClass": TEXT,
            "LogGroupName": TEXT,
            "RetentionInDays": INTEGER,
            "Tags": TAGS,
        }
    ),
    lifecycle=_LogGroup(),
    create_only=frozenset({"LogGroupName", "LogGroupClass"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("LogGroupName", characters_max=512),
    taggable=True,
)

LOG_STREAM = ResourceType(
    name="AWS::Logs::LogStream",
    schema=Record({"LogGroupName": TEXT, "LogStreamName": TEXT}, required=("LogGroupName",)),
    lifecycle=_LogStream(),
    create_only=frozenset({"LogGroupName", "LogStreamName"}),
    naming=Naming("LogStreamName", characters_max=512),
)

METRIC_FILTER = ResourceType(
    name="AWS::Logs::MetricFilter",
    schema=Record(
        {
            "ApplyOnTransformedLogs": BOOLEAN,
            "FilterName": TEXT,
            "FilterPattern": TEXT,
            "LogGroupName": TEXT,
            "MetricTransformations": ListOf(
                Record(
                    {
                        "DefaultValue": NUMBER,
                        "Dimensions": ListOf(Record({"Key": TEXT, "Value": TEXT}, required=("Key", "Value"))),
                        "MetricName": TEXT,
                        "MetricNamespace": TEXT,
                        "MetricValue": TEXT,
                        "Unit": TEXT,
                    },
                    required=("MetricName", "MetricNamespace", "MetricValue"),
                )
            ),
        },
        required=("FilterPattern", "LogGroupName", "MetricTransformations"),
    ),
    lifecycle=_MetricFilter(),
    create_only=frozenset({"FilterName", "LogGroupName"}),
    naming=Naming("FilterName", characters_max=512),
)
