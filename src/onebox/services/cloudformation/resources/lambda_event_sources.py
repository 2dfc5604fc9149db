"""AWS::Lambda::EventSourceMapping and AWS::Lambda::EventInvokeConfig.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-eventsourcemapping.html
"""

from __future__ import annotations

from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ResourceExists, means_exists, means_gone
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, TAGS, TEXT, TEXTS, ListOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    ResourceType,
    arn,
    pick,
)
from onebox.services.context import Wire

_MAPPING = "AWS::Lambda::EventSourceMapping"
_UPDATABLE: dict[str, Any] = {
    "BatchSize": 10,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {},
    "Enabled": True,
    "FilterCriteria": {},
    "FunctionName": None,
    "FunctionResponseTypes": [],
    "KmsKeyArn": "",
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "MetricsConfig": {"Metrics": []},
    "ParallelizationFactor": 1,
    "ProvisionedPollerConfig": {},
    "ScalingConfig": {},
    "TumblingWindowInSeconds": 0,
}
"""What UpdateEventSourceMapping takes, with what each falls back to when its property goes away."""


class _EventSourceMapping:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = pick(new.properties, *_UPDATABLE, "EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
        request["Tags"] = new.tags
        try:
            mapping_id = str((await client.call("lambda", "CreateEventSourceMapping", request))["UUID"])
        except AwsError as error:
            if not means_exists(error):
                raise
            found = await _find_mapping(client, new) if new.resumed else None
            if found is None:
                identifier = f"{new.properties.get('EventSourceArn')}|{new.properties['FunctionName']}"
                raise ResourceExists(_MAPPING, identifier) from error
            mapping_id = found
        await new.initiated(mapping_id)
        await _wait_until_stable(client, mapping_id)
        return {
            "Id": mapping_id,
            "EventSourceMappingArn": arn(client, "lambda", f"event-source-mapping:{mapping_id}"),
        }

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _wait_until_stable(client, old.physical_id)
        settings = {
            name: properties.get(name, fallback)
            for name, fallback in _UPDATABLE.items()
            if old.properties.get(name) != properties.get(name) and properties.get(name, fallback) is not None
        }
        if settings:
            await client.call("lambda", "UpdateEventSourceMapping", {"UUID": old.physical_id, **settings})
            await _wait_until_stable(client, old.physical_id)
        resource = {"Resource": old.attributes["EventSourceMappingArn"]}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("lambda", "TagResource", {**resource, "Tags": fresh}),
            lambda keys: client.call("lambda", "UntagResource", {**resource, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _wait_until_stable(client, old.physical_id)
        await client.call("lambda", "DeleteEventSourceMapping", {"UUID": old.physical_id})
        while await _find_state(client, old.physical_id) is not None:
            await client.pause()

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        mapping = await _find_state(client, old.physical_id)
        if mapping is None:
            return None
        live = pick(mapping, "BatchSize", "EventSourceArn", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds")
        live |= {"Enabled": mapping["State"] in ("Enabled", "Enabling")}
        live |= {"ScalingConfig": mapping["ScalingConfig"]} if mapping.get("ScalingConfig") else {}
        wanted = old.properties["FunctionName"]
        same_function = mapping["FunctionArn"] == wanted or mapping["FunctionArn"].endswith(f":function:{wanted}")
        return live | {"FunctionName": wanted if same_function else mapping["FunctionArn"]}


class _EventInvokeConfig:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(f"{new.properties['FunctionName']}|{new.properties['Qualifier']}")
        await client.call("lambda", "PutFunctionEventInvokeConfig", dict(new.properties))
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await client.call("lambda", "PutFunctionEventInvokeConfig", dict(properties))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = pick(old.properties, "FunctionName", "Qualifier")
        await client.call("lambda", "DeleteFunctionEventInvokeConfig", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = pick(old.properties, "FunctionName", "Qualifier")
        try:
            live = await client.call("lambda", "GetFunctionEventInvokeConfig", request)
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return request | pick(live, "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig")


async def _find_mapping(client: Client, new: NewResource) -> str | None:
    """The mapping of the same source and function, for one made just before a restart."""
    request = pick(new.properties, "EventSourceArn", "FunctionName")
    mappings = (await client.call("lambda", "ListEventSourceMappings", request)).get("EventSourceMappings", [])
    return next((str(mapping["UUID"]) for mapping in mappings), None)


async def _find_state(client: Client, mapping_id: str) -> Wire | None:
    try:
        return await client.call("lambda", "GetEventSourceMapping", {"UUID": mapping_id})
    except AwsError as error:
        if means_gone(error):
            return None
        raise


async def _wait_until_stable(client: Client, mapping_id: str) -> None:
    while True:
        mapping = await client.call("lambda", "GetEventSourceMapping", {"UUID": mapping_id})
        if mapping.get("State") not in ("Creating", "Enabling", "Disabling", "Updating"):
            return
        await client.pause()


_DESTINATION = Record({"Destination": TEXT})
_DESTINATIONS = Record({"OnFailure": _DESTINATION, "OnSuccess": _DESTINATION})

EVENT_SOURCE_MAPPING = ResourceType(
    name=_MAPPING,
    schema=Record(
        {
            "BatchSize": INTEGER,
            "BisectBatchOnFunctionError": BOOLEAN,
            "DestinationConfig": _DESTINATIONS,
            "Enabled": BOOLEAN,
            "EventSourceArn": TEXT,
            "FilterCriteria": Record({"Filters": ListOf(Record({"Pattern": TEXT}))}),
            "FunctionName": TEXT,
            "FunctionResponseTypes": TEXTS,
            "KmsKeyArn": TEXT,
            "MaximumBatchingWindowInSeconds": INTEGER,
            "MaximumRecordAgeInSeconds": INTEGER,
            "MaximumRetryAttempts": INTEGER,
            "MetricsConfig": Record({"Metrics": TEXTS}),
            "ParallelizationFactor": INTEGER,
            "ProvisionedPollerConfig": Record({"MaximumPollers": INTEGER, "MinimumPollers": INTEGER}),
            "ScalingConfig": Record({"MaximumConcurrency": INTEGER}),
            "StartingPosition": TEXT,
            "StartingPositionTimestamp": INTEGER,
            "Tags": TAGS,
            "TumblingWindowInSeconds": INTEGER,
        },
        required=("FunctionName",),
    ),
    lifecycle=_EventSourceMapping(),
    create_only=frozenset({"EventSourceArn", "StartingPosition", "StartingPositionTimestamp"}),
    attributes=frozenset({"Id", "EventSourceMappingArn"}),
    taggable=True,
)

EVENT_INVOKE_CONFIG = ResourceType(
    name="AWS::Lambda::EventInvokeConfig",
    schema=Record(
        {
            "DestinationConfig": _DESTINATIONS,
            "FunctionName": TEXT,
            "MaximumEventAgeInSeconds": INTEGER,
            "MaximumRetryAttempts": INTEGER,
            "Qualifier": TEXT,
        },
        required=("FunctionName", "Qualifier"),
    ),
    lifecycle=_EventInvokeConfig(),
    create_only=frozenset({"FunctionName", "Qualifier"}),
)
