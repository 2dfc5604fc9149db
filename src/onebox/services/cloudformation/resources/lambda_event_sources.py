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
    Hands,
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
    async def create(self, hands: Hands, new: NewResource) -> Attributes:
        request = pick(new.properties, *_UPDATABLE, "EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
        request["Tags"] = new.tags
        try:
            mapping_id = str((await hands.call("lambda", "CreateEventSourceMapping", request))["UUID"])
        except AwsError as error:
            if not means_exists(error):
                raise
            found = await _find_mapping(hands, new) if new.resumed else None
            if found is None:
                identifier = f"{new.properties.get('EventSourceArn')}|{new.properties['FunctionName']}"
                raise ResourceExists(_MAPPING, identifier) from error
            mapping_id = found
        await new.initiated(mapping_id)
        await _wait_settled(hands, mapping_id)
        return {
            "Id": mapping_id,
            "EventSourceMappingArn": arn(hands, "lambda", f"event-source-mapping:{mapping_id}"),
        }

    async def update(self, hands: Hands, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _wait_settled(hands, old.physical_id)
        settings = {
            name: properties.get(name, fallback)
            for name, fallback in _UPDATABLE.items()
            if old.properties.get(name) != properties.get(name) and properties.get(name, fallback) is not None
        }
        if settings:
            await hands.call("lambda", "UpdateEventSourceMapping", {"UUID": old.physical_id, **settings})
            await _wait_settled(hands, old.physical_id)
        resource = {"Resource": old.attributes["EventSourceMappingArn"]}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: hands.call("lambda", "TagResource", {**resource, "Tags": fresh}),
            lambda keys: hands.call("lambda", "UntagResource", {**resource, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, hands: Hands, old: LiveResource) -> None:
        await _wait_settled(hands, old.physical_id)
        await hands.call("lambda", "DeleteEventSourceMapping", {"UUID": old.physical_id})
        while await _find_state(hands, old.physical_id) is not None:
            await hands.pause()

    async def read(self, hands: Hands, old: LiveResource) -> Wire | None:
        mapping = await _find_state(hands, old.physical_id)
        if mapping is None:
            return None
        live = pick(mapping, "BatchSize", "EventSourceArn", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds")
        live |= {"Enabled": mapping["State"] in ("Enabled", "Enabling")}
        live |= {"ScalingConfig": mapping["ScalingConfig"]} if mapping.get("ScalingConfig") else {}
        wanted = old.properties["FunctionName"]
        same_function = mapping["FunctionArn"] == wanted or mapping["FunctionArn"].endswith(f":function:{wanted}")
        return live | {"FunctionName": wanted if same_function else mapping["FunctionArn"]}


class _EventInvokeConfig:
    async def create(self, hands: Hands, new: NewResource) -> Attributes:
        await new.initiated(f"{new.properties['FunctionName']}|{new.properties['Qualifier']}")
        await hands.call("lambda", "PutFunctionEventInvokeConfig", dict(new.properties))
        return {}

    async def update(self, hands: Hands, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await hands.call("lambda", "PutFunctionEventInvokeConfig", dict(properties))
        return old.attributes

    async def delete(self, hands: Hands, old: LiveResource) -> None:
        request = pick(old.properties, "FunctionName", "Qualifier")
        await hands.call("lambda", "DeleteFunctionEventInvokeConfig", request)

    async def read(self, hands: Hands, old: LiveResource) -> Wire | None:
        request = pick(old.properties, "FunctionName", "Qualifier")
        try:
            live = await hands.call("lambda", "GetFunctionEventInvokeConfig", request)
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return request | pick(live, "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig")


async def _find_mapping(hands: Hands, new: NewResource) -> str | None:
    """The mapping of the same source and function, for one made just before a restart."""
    request = pick(new.properties, "EventSourceArn", "FunctionName")
    mappings = (await hands.call("lambda", "ListEventSourceMappings", request)).get("EventSourceMappings", [])
    return next((str(mapping["UUID"]) for mapping in mappings), None)


async def _find_state(hands: Hands, mapping_id: str) -> Wire | None:
    try:
        return await hands.call("lambda", "GetEventSourceMapping", {"UUID": mapping_id})
    except AwsError as error:
        if means_gone(error):
            return None
        raise


async def _wait_settled(hands: Hands, mapping_id: str) -> None:
    while True:
        mapping = await hands.call("lambda", "GetEventSourceMapping", {"UUID": mapping_id})
        if mapping.get("State") not in ("Creating", "Enabling", "Disabling", "Updating"):
            return
        await hands.pause()


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
