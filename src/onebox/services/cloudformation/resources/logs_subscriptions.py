"""AWS::Logs::SubscriptionFilter and AWS::Logs::ResourcePolicy.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from __future__ import annotations

import json

from onebox.services.cloudformation.resources.existing import ResourceExists
from onebox.services.cloudformation.resources.shapes import BOOLEAN, TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
)
from onebox.services.context import Wire

_MEMBERS = {
    "ApplyOnTransformedLogs": "applyOnTransformedLogs",
    "DestinationArn": "destinationArn",
    "Distribution": "distribution",
    "FilterPattern": "filterPattern",
    "LogGroupName": "logGroupName",
    "RoleArn": "roleArn",
}
"""Properties, and the members of the API that they are."""


class _SubscriptionFilter:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        if not new.resumed and await _find_filter(client, new.properties["LogGroupName"], new.name) is not None:
            raise ResourceExists("AWS::Logs::SubscriptionFilter", new.name)
        await _put_filter(client, new.name, new.properties)
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_filter(client, old.physical_id, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {"logGroupName": old.properties["LogGroupName"], "filterName": old.physical_id}
        await client.call("logs", "DeleteSubscriptionFilter", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        live = await _find_filter(client, old.properties["LogGroupName"], old.physical_id)
        if live is None:
            return None
        read = {name: live[member] for name, member in _MEMBERS.items() if member in live}
        return read | {"FilterPattern": live.get("filterPattern", "")}


class _ResourcePolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        if not new.resumed and await _find_policy(client, new.name) is not None:
            raise ResourceExists("AWS::Logs::ResourcePolicy", new.name)
        await _put_policy(client, new.name, new.properties)
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_policy(client, old.physical_id, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("logs", "DeleteResourcePolicy", {"policyName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        document = await _find_policy(client, old.physical_id)
        if document is None:
            return None
        wanted = old.properties["PolicyDocument"]
        same = json.loads(document) == json.loads(wanted)
        return {"PolicyName": old.physical_id, "PolicyDocument": wanted if same else document}


async def _put_filter(client: Client, name: str, properties: Wire) -> None:
    request = {member: properties[prop] for prop, member in _MEMBERS.items() if prop in properties}
    await client.call("logs", "PutSubscriptionFilter", {**request, "filterName": name})


async def _find_filter(client: Client, group: str, name: str) -> Wire | None:
    request = {"logGroupName": group, "filterNamePrefix": name}
    filters = (await client.call("logs", "DescribeSubscriptionFilters", request)).get("subscriptionFilters", [])
    return next((one for one in filters if one["filterName"] == name), None)


async def _put_policy(client: Client, name: str, properties: Wire) -> None:
    request = {"policyName": name, "policyDocument": properties["PolicyDocument"]}
    await client.call("logs", "PutResourcePolicy", request)


async def _find_policy(client: Client, name: str) -> str | None:
    policies = (await client.call("logs", "DescribeResourcePolicies", {})).get("resourcePolicies", [])
    return next((str(one["policyDocument"]) for one in policies if one.get("policyName") == name), None)


SUBSCRIPTION_FILTER = ResourceType(
    name="AWS::Logs::SubscriptionFilter",
    schema=Record(
        {**dict.fromkeys(_MEMBERS, TEXT), "ApplyOnTransformedLogs": BOOLEAN, "FilterName": TEXT},
        required=("DestinationArn", "FilterPattern", "LogGroupName"),
    ),
    lifecycle=_SubscriptionFilter(),
    create_only=frozenset({"FilterName", "LogGroupName"}),
    naming=Naming("FilterName", characters_max=512),
)

RESOURCE_POLICY = ResourceType(
    name="AWS::Logs::ResourcePolicy",
    schema=Record({"PolicyDocument": TEXT, "PolicyName": TEXT}, required=("PolicyDocument", "PolicyName")),
    lifecycle=_ResourcePolicy(),
    create_only=frozenset({"PolicyName"}),
    naming=Naming("PolicyName", characters_max=255),
)
