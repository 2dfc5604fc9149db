"""AWS::DynamoDB::Table.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, means_gone
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, TAGS, TEXT, TEXTS, ListOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
    changed,
    pick,
    tag_list,
    tag_map,
)
from onebox.services.context import Wire

_NAME = "AWS::DynamoDB::Table"
_KEYS = ListOf(Record({"AttributeName": TEXT, "KeyType": TEXT}, required=("AttributeName", "KeyType")))
_PROJECTION = Record({"ProjectionType": TEXT, "NonKeyAttributes": TEXTS})
_THROUGHPUT = Record(
    {"ReadCapacityUnits": INTEGER, "WriteCapacityUnits": INTEGER}, required=("ReadCapacityUnits", "WriteCapacityUnits")
)
_ON_DEMAND = Record({"MaxReadRequestUnits": INTEGER, "MaxWriteRequestUnits": INTEGER})
_INDEX_REQUIRED = ("IndexName", "KeySchema", "Projection")
_LOCAL_INDEX = Record({"IndexName": TEXT, "KeySchema": _KEYS, "Projection": _PROJECTION}, required=_INDEX_REQUIRED)
_INSIGHTS = Record({"Enabled": BOOLEAN, "Mode": TEXT}, required=("Enabled",))
"""Accepted without effect: onebox counts no contributors."""
_GLOBAL_INDEX = Record(
    {
        "IndexName": TEXT,
        "KeySchema": _KEYS,
        "Projection": _PROJECTION,
        "ProvisionedThroughput": _THROUGHPUT,
        "OnDemandThroughput": _ON_DEMAND,
        "ContributorInsightsSpecification": _INSIGHTS,
    },
    required=_INDEX_REQUIRED,
)
_AS_GIVEN = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableClass",
)


class _Table:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = pick(new.properties, *_AS_GIVEN) | _translated(new.properties)
        request |= {"TableName": new.name, "Tags": tag_list(new.tags)}
        if "GlobalSecondaryIndexes" in request:
            request["GlobalSecondaryIndexes"] = [_without_insights(one) for one in request["GlobalSecondaryIndexes"]]
        request.setdefault("BillingMode", "PROVISIONED")
        table_arn = arn(client, "dynamodb", f"table/{new.name}")
        await create_or_adopt(
            _NAME,
            new,
            lambda: client.call("dynamodb", "CreateTable", request),
            lambda: _live_tags(client, table_arn),
        )
        await new.initiated(new.name)
        table = await _wait_active(client, new.name)
        await _apply_side_settings(client, new.name, {}, new.properties)
        return _attributes(table)

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        name = old.physical_id
        table = await _wait_active(client, name)
        request = _table_changes(table, old.properties, properties)
        if request:
            await client.call("dynamodb", "UpdateTable", {"TableName": name, **request})
            table = await _wait_active(client, name)
        for index_update in _index_updates(table, properties):
            definitions = pick(properties, "AttributeDefinitions")
            await client.call(
                "dynamodb",
                "UpdateTable",
                {"TableName": name, **definitions, "GlobalSecondaryIndexUpdates": [index_update]},
            )
            table = await _wait_active(client, name)
        await _apply_side_settings(client, name, old.properties, properties)
        resource = {"ResourceArn": table["TableArn"]}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("dynamodb", "TagResource", {**resource, "Tags": tag_list(fresh)}),
            lambda keys: client.call("dynamodb", "UntagResource", {**resource, "TagKeys": keys}),
        )
        return _attributes(table)

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("dynamodb", "DeleteTable", {"TableName": old.physical_id})
        while await _find_table(client, old.physical_id) is not None:
            await client.pause()

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        table = await _find_table(client, old.physical_id)
        if table is None:
            return None
        live: Wire = {
            "TableName": table["TableName"],
            "KeySchema": table["KeySchema"],
            "AttributeDefinitions": table["AttributeDefinitions"],
            "BillingMode": _billing_mode(table),
            "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        }
        if live["BillingMode"] == "PROVISIONED":
            live["ProvisionedThroughput"] = pick(
                table["ProvisionedThroughput"], "ReadCapacityUnits", "WriteCapacityUnits"
            )
        if "GlobalSecondaryIndexes" in table:
            provisioned = live["BillingMode"] == "PROVISIONED"
            live["GlobalSecondaryIndexes"] = [_live_index(i, provisioned) for i in table["GlobalSecondaryIndexes"]]
        return live


def _live_index(index: Wire, provisioned: bool) -> Wire:
    live = pick(index, "IndexName", "KeySchema", "Projection")
    if provisioned:
        live["ProvisionedThroughput"] = pick(index["ProvisionedThroughput"], "ReadCapacityUnits", "WriteCapacityUnits")
    return live


def _without_insights(index: Wire) -> Wire:
    return {name: value for name, value in index.items() if name != "ContributorInsightsSpecification"}


def _translated(properties: Wire) -> Wire:
    """Members that the API names otherwise."""
    request: Wire = {}
    if "SSESpecification" in properties:
        sse = properties["SSESpecification"]
        request["SSESpecification"] = {"Enabled": sse["SSEEnabled"], **pick(sse, "SSEType", "KMSMasterKeyId")}
    if "StreamSpecification" in properties:
        stream = properties["StreamSpecification"]
        request["StreamSpecification"] = {"StreamEnabled": True, **pick(stream, "StreamViewType")}
    return request


def _table_changes(table: Wire, old: Wire, new: Wire) -> Wire:
    """The members of UpdateTable that bring the live table to ``new``; empty if it is there."""
    request: Wire = {}
    billing = new.get("BillingMode", "PROVISIONED")
    if billing != _billing_mode(table):
        request["BillingMode"] = billing
    live = pick(table.get("ProvisionedThroughput", {}), "ReadCapacityUnits", "WriteCapacityUnits")
    if billing == "PROVISIONED" and "ProvisionedThroughput" in new and new["ProvisionedThroughput"] != live:
        request |= {"BillingMode": billing, "ProvisionedThroughput": new["ProvisionedThroughput"]}
    protected = new.get("DeletionProtectionEnabled", False)
    if protected != table.get("DeletionProtectionEnabled", False):
        request["DeletionProtectionEnabled"] = protected
    if changed(old, new, "TableClass"):
        request["TableClass"] = new.get("TableClass", "STANDARD")
    if changed(old, new, "OnDemandThroughput") and "OnDemandThroughput" in new:
        request["OnDemandThroughput"] = new["OnDemandThroughput"]
    if changed(old, new, "SSESpecification"):
        request["SSESpecification"] = _translated(new).get("SSESpecification", {"Enabled": False})
    if changed(old, new, "StreamSpecification"):
        request["StreamSpecification"] = _translated(new).get("StreamSpecification", {"StreamEnabled": False})
    return request


def _index_updates(table: Wire, properties: Wire) -> list[Wire]:
    """DynamoDB makes or ends one global index per call."""
    live = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    wanted = {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
    remade = [
        name
        for name, index in wanted.items()
        if name in live and (index["KeySchema"] != live[name]["KeySchema"] or not _same_projection(index, live[name]))
    ]
    updates: list[Wire] = [{"Delete": {"IndexName": name}} for name in live if name not in wanted or name in remade]
    for name, index in wanted.items():
        if name not in live or name in remade:
            updates.append({"Create": _without_insights(index)})
        elif "ProvisionedThroughput" in index and index["ProvisionedThroughput"] != pick(
            live[name].get("ProvisionedThroughput", {}), "ReadCapacityUnits", "WriteCapacityUnits"
        ):
            updates.append({"Update": pick(index, "IndexName", "ProvisionedThroughput")})
    return updates


def _same_projection(index: Wire, live: Wire) -> bool:
    wanted, there = index["Projection"], live.get("Projection", {})
    return wanted.get("ProjectionType") == there.get("ProjectionType") and sorted(
        wanted.get("NonKeyAttributes", [])
    ) == sorted(there.get("NonKeyAttributes", []))


async def _apply_side_settings(client: Client, name: str, old: Wire, new: Wire) -> None:
    """Settings with operations of their own."""
    if changed(old, new, "TimeToLiveSpecification"):
        before = old.get("TimeToLiveSpecification", {})
        spec = new.get("TimeToLiveSpecification", {**before, "Enabled": False})
        if before.get("Enabled") or spec.get("Enabled"):
            await client.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": spec})
    if changed(old, new, "PointInTimeRecoverySpecification"):
        spec = new.get("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False})
        request = {"TableName": name, "PointInTimeRecoverySpecification": spec}
        await client.call("dynamodb", "UpdateContinuousBackups", request)


def _billing_mode(table: Wire) -> str:
    return str(table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"))


def _attributes(table: Wire) -> Attributes:
    attributes: Attributes = {"Arn": table["TableArn"], "TableId": table.get("TableId", "")}
    if "LatestStreamArn" in table:
        attributes["StreamArn"] = table["LatestStreamArn"]
    return attributes


async def _find_table(client: Client, name: str) -> Wire | None:
    try:
        table: Wire = (await client.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
    except AwsError as error:
        if means_gone(error):
            return None
        raise
    return table


async def _wait_active(client: Client, name: str) -> Wire:
    while True:
        table: Wire = (await client.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
        indexes = table.get("GlobalSecondaryIndexes", [])
        if table["TableStatus"] == "ACTIVE" and all(i.get("IndexStatus", "ACTIVE") == "ACTIVE" for i in indexes):
            return table
        await client.pause()


async def _live_tags(client: Client, table_arn: str) -> dict[str, str]:
    answer = await client.call("dynamodb", "ListTagsOfResource", {"ResourceArn": table_arn})
    return tag_map(answer.get("Tags", []))


def _retyped_attributes(old: Wire, new: Wire) -> frozenset[str]:
    """AttributeDefinitions may gain and lose entries in place, but the type of one cannot change."""
    before = {item["AttributeName"]: item["AttributeType"] for item in old.get("AttributeDefinitions", [])}
    retyped = any(
        before.get(item["AttributeName"], item["AttributeType"]) != item["AttributeType"]
        for item in new.get("AttributeDefinitions", [])
    )
    return frozenset({"AttributeDefinitions"} if retyped else ())


TABLE = ResourceType(
    name=_NAME,
    schema=Record(
        {
            "AttributeDefinitions": ListOf(
                Record({"AttributeName": TEXT, "AttributeType": TEXT}, required=("AttributeName", "AttributeType"))
            ),
            "BillingMode": TEXT,
            "ContributorInsightsSpecification": _INSIGHTS,
            "DeletionProtectionEnabled": BOOLEAN,
            "GlobalSecondaryIndexes": ListOf(_GLOBAL_INDEX),
            "KeySchema": _KEYS,
            "LocalSecondaryIndexes": ListOf(_LOCAL_INDEX),
            "OnDemandThroughput": _ON_DEMAND,
            "PointInTimeRecoverySpecification": Record(
                {"PointInTimeRecoveryEnabled": BOOLEAN, "RecoveryPeriodInDays": INTEGER}
            ),
            "ProvisionedThroughput": _THROUGHPUT,
            "SSESpecification": Record(
                {"SSEEnabled": BOOLEAN, "SSEType": TEXT, "KMSMasterKeyId": TEXT}, required=("SSEEnabled",)
            ),
            "StreamSpecification": Record({"StreamViewType": TEXT}, required=("StreamViewType",)),
            "TableClass": TEXT,
            "TableName": TEXT,
            "Tags": TAGS,
            "TimeToLiveSpecification": Record({"AttributeName": TEXT, "Enabled": BOOLEAN}, required=("Enabled",)),
        },
        required=("KeySchema",),
    ),
    lifecycle=_Table(),
    create_only=frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"}),
    attributes=frozenset({"Arn", "StreamArn"}),
    naming=Naming("TableName", characters_max=255),
    taggable=True,
    further_replacement=_retyped_attributes,
)
