"""AWS::DynamoDB::GlobalTable with one replica, in the stack's own region: a table.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-globaltable.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.services.cloudformation.resources.dynamodb import TABLE
from onebox.services.cloudformation.resources.shapes import BOOLEAN, JSON, TAGS, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    PlainFailure,
    ResourceType,
    own_tags,
    pick,
)
from onebox.services.context import Wire

_NAME = "AWS::DynamoDB::GlobalTable"
_SHARED = (
    "AttributeDefinitions",
    "BillingMode",
    "KeySchema",
    "LocalSecondaryIndexes",
    "StreamSpecification",
    "TableName",
    "TimeToLiveSpecification",
)
_OF_REPLICA = (
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "TableClass",
)


class _GlobalTable:
    """The life cycle of a table, with the properties brought into the form of one."""

    async def create(self, client: Client, new: NewResource) -> Attributes:
        tags = {**new.tags, **own_tags(_replica(client, new.properties))}
        table = replace(new, properties=_as_table(client, new.properties), tags=tags)
        return await TABLE.lifecycle.create(client, table)

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        before = {**old.tags, **own_tags(_replica(client, old.properties))}
        after = {**tags, **own_tags(_replica(client, properties))}
        table = replace(old, properties=_as_table(client, old.properties), tags=before)
        return await TABLE.lifecycle.update(client, table, _as_table(client, properties), after)

    async def delete(self, client: Client, old: LiveResource) -> None:
        await TABLE.lifecycle.delete(client, old)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        live = await TABLE.lifecycle.read(client, old)
        return None if live is None else pick(live, "AttributeDefinitions", "BillingMode", "KeySchema", "TableName")


def _replica(client: Client, properties: Wire) -> Wire:
    replicas: list[Wire] = properties["Replicas"]
    if len(replicas) != 1 or replicas[0]["Region"] != client.region:
        raise PlainFailure(f"onebox has one copy of a table: Replicas must be one, in the region {client.region}.")
    return replicas[0]


def _as_table(client: Client, properties: Wire) -> Wire:
    replica = _replica(client, properties)
    table = pick(properties, *_SHARED) | pick(replica, *_OF_REPLICA)
    if "SSESpecification" in properties:
        key = pick(replica.get("SSESpecification", {}), "KMSMasterKeyId")
        table["SSESpecification"] = properties["SSESpecification"] | key
    indexes = properties.get("GlobalSecondaryIndexes", [])
    if indexes:
        table["GlobalSecondaryIndexes"] = [pick(one, "IndexName", "KeySchema", "Projection") for one in indexes]
    if properties.get("BillingMode", "PROVISIONED") == "PROVISIONED":
        table["ProvisionedThroughput"] = _throughput(properties, replica)
        for index in table.get("GlobalSecondaryIndexes", []):
            index["ProvisionedThroughput"] = table["ProvisionedThroughput"]
    return table


def _throughput(properties: Wire, replica: Wire) -> Wire:
    """The smallest capacity that the scaling settings allow: onebox does not scale."""
    write = properties.get("WriteProvisionedThroughputSettings", {}).get("WriteCapacityAutoScalingSettings", {})
    read = replica.get("ReadProvisionedThroughputSettings", {})
    scaled = read.get("ReadCapacityAutoScalingSettings", {})
    return {
        "ReadCapacityUnits": int(read.get("ReadCapacityUnits", scaled.get("MinCapacity", 1))),
        "WriteCapacityUnits": int(write.get("MinCapacity", 1)),
    }


_REPLICA = Record(
    {
        **pick(dict(TABLE.schema.members), *_OF_REPLICA),
        "GlobalSecondaryIndexes": ListOf(JSON),
        "ReadProvisionedThroughputSettings": JSON,
        "Region": TEXT,
        "SSESpecification": Record({"KMSMasterKeyId": TEXT}),
        "Tags": TAGS,
    },
    required=("Region",),
)

GLOBAL_TABLE = ResourceType(
    name=_NAME,
    schema=Record(
        {
            **pick(dict(TABLE.schema.members), *_SHARED),
            "GlobalSecondaryIndexes": ListOf(
                Record(
                    {
                        "IndexName": TEXT,
                        "KeySchema": TABLE.schema.members["KeySchema"],
                        "Projection": JSON,
                        "WriteProvisionedThroughputSettings": JSON,
                    },
                    required=("IndexName", "KeySchema", "Projection"),
                )
            ),
            "Replicas": ListOf(_REPLICA),
            "SSESpecification": Record({"SSEEnabled": BOOLEAN, "SSEType": TEXT}, required=("SSEEnabled",)),
            "WriteProvisionedThroughputSettings": JSON,
        },
        required=("AttributeDefinitions", "KeySchema", "Replicas"),
    ),
    lifecycle=_GlobalTable(),
    create_only=frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"}),
    attributes=frozenset({"Arn", "StreamArn", "TableId"}),
    naming=TABLE.naming,
    taggable=True,
)
