"""How a table looks in CreateTable's, DescribeTable's and their neighbours' answers.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.dynamodb.model import ACTIVE, CREATING, GLOBAL, UPDATING, Index, Table
from onebox.services.dynamodb.schema import ON_DEMAND
from onebox.services.dynamodb.store.items import Sizes
from onebox.services.dynamodb.values.keys import KeySchema

_NO_THROUGHPUT = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
# What AWS gives a new on-demand table from the start.
_ON_DEMAND_WARMTH = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}


def describe_table(table: Table, sizes: dict[int, Sizes], status: str = ACTIVE) -> Wire:
    """The TableDescription."""
    settings = table.settings
    own = sizes.get(0, Sizes(0, 0))
    description: Wire = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in table.attribute_kinds.items()
        ],
        "TableName": table.name,
        "KeySchema": _describe_key(table.key),
        "TableStatus": status,
        "CreationDateTime": table.created_at_ms,
        "ProvisionedThroughput": _describe_throughput(settings.get("ProvisionedThroughput"), settings),
        "TableSizeBytes": own.size_bytes,
        "ItemCount": own.item_count,
        "TableArn": table.arn,
        "TableId": settings["TableId"],
        "DeletionProtectionEnabled": settings["DeletionProtectionEnabled"],
    }
    if status != CREATING:
        description["WarmThroughput"] = {**_warmth(settings), "Status": ACTIVE}
    elif "WarmThroughput" in settings:
        description["WarmThroughput"] = {**_warmth(settings), "Status": UPDATING}
    if "LastUpdateToPayPerRequestDateTime" in settings:
        description["BillingModeSummary"] = {
            "BillingMode": settings["BillingMode"],
            "LastUpdateToPayPerRequestDateTime": settings["LastUpdateToPayPerRequestDateTime"],
        }
    if "TableClass" in settings:
        description["TableClassSummary"] = {"TableClass": settings["TableClass"]}
    if "OnDemandThroughput" in settings:
        description["OnDemandThroughput"] = settings["OnDemandThroughput"]
    if "KMSMasterKeyArn" in settings:
        description["SSEDescription"] = {
            "Status": "ENABLED",
            "SSEType": "KMS",
            "KMSMasterKeyArn": settings["KMSMasterKeyArn"],
        }
    if table.is_restoring:
        description["RestoreSummary"] = {**settings["Restore"], "RestoreInProgress": True}
    if table.stream is not None:
        description["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream.view_type}
    if table.latest_stream is not None:
        description["LatestStreamLabel"] = table.latest_stream.label
        description["LatestStreamArn"] = table.latest_stream.arn
    _add_indexes(description, table, sizes, status)
    return description


def _add_indexes(description: Wire, table: Table, sizes: dict[int, Sizes], table_status: str) -> None:
    for index in table.indexes:
        count = sizes.get(index.index_id, Sizes(0, 0))
        entry: Wire = {
            "IndexName": index.name,
            "KeySchema": _describe_key(index.key),
            "Projection": index.projection,
            "IndexSizeBytes": count.size_bytes,
            "ItemCount": count.item_count,
            "IndexArn": f"{table.arn}/index/{index.name}",
        }
        if index.scope == GLOBAL:
            _add_global_members(entry, index, table, table_status)
            description.setdefault("GlobalSecondaryIndexes", []).append(entry)
        else:
            description.setdefault("LocalSecondaryIndexes", []).append(entry)


def _add_global_members(entry: Wire, index: Index, table: Table, table_status: str) -> None:
    entry["IndexStatus"] = table_status if table_status == CREATING else index.status
    if index.status == CREATING and table_status != CREATING:
        entry["Backfilling"] = True
    entry["ProvisionedThroughput"] = _describe_throughput(index.throughput, {})
    if table_status != CREATING:
        entry["WarmThroughput"] = {
            **_warmth({**table.settings, "ProvisionedThroughput": index.throughput}),
            "Status": ACTIVE,
        }
    if index.on_demand_throughput:
        entry["OnDemandThroughput"] = index.on_demand_throughput


def _describe_key(key: KeySchema) -> list[Wire]:
    return [
        *({"AttributeName": attribute.name, "KeyType": "HASH"} for attribute in key.hash_attributes),
        *({"AttributeName": attribute.name, "KeyType": "RANGE"} for attribute in key.range_attributes),
    ]


def _describe_throughput(throughput: dict[str, int] | None, settings: Wire) -> Wire:
    changes: Wire = {
        member: settings[member] for member in ("LastIncreaseDateTime", "LastDecreaseDateTime") if member in settings
    }
    return {**changes, "NumberOfDecreasesToday": 0, **(throughput or _NO_THROUGHPUT)}


def _warmth(settings: Wire) -> Wire:
    if "WarmThroughput" in settings:
        warmth: Wire = settings["WarmThroughput"]
        return warmth
    throughput = settings.get("ProvisionedThroughput")
    if settings["BillingMode"] == ON_DEMAND or throughput is None:
        return _ON_DEMAND_WARMTH
    return {
        "ReadUnitsPerSecond": throughput["ReadCapacityUnits"],
        "WriteUnitsPerSecond": throughput["WriteCapacityUnits"],
    }
