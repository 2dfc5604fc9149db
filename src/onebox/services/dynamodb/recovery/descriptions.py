"""Backups as the API shows them.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BackupDescription.html
"""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.dynamodb.description import describe_table
from onebox.services.dynamodb.model import Backup, Table
from onebox.services.dynamodb.store.items import Sizes

_SHOWN_OF_INDEX = ("IndexName", "KeySchema", "Projection")
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")


def describe_source(table: Table, sizes: dict[int, Sizes], *, with_features: bool) -> Wire:
    """SourceTableDetails and SourceTableFeatureDetails of a table as it is. System backups show no features."""
    shown = describe_table(table, sizes)
    details: Wire = {
        "TableName": shown["TableName"],
        "TableId": shown["TableId"],
        "TableArn": shown["TableArn"],
        "TableSizeBytes": shown["TableSizeBytes"],
        "KeySchema": shown["KeySchema"],
        "TableCreationDateTime": shown["CreationDateTime"],
        "ProvisionedThroughput": _units(shown["ProvisionedThroughput"]),
        "ItemCount": shown["ItemCount"],
        "BillingMode": table.settings["BillingMode"],
    }
    if "OnDemandThroughput" in shown:
        details["OnDemandThroughput"] = shown["OnDemandThroughput"]
    features = _features(table, shown) if with_features else {}
    return {"SourceTableDetails": details, "SourceTableFeatureDetails": features}


def _features(table: Table, shown: Wire) -> Wire:
    features: Wire = {}
    if "LocalSecondaryIndexes" in shown:
        features["LocalSecondaryIndexes"] = [
            {member: index[member] for member in _SHOWN_OF_INDEX} for index in shown["LocalSecondaryIndexes"]
        ]
    if "GlobalSecondaryIndexes" in shown:
        features["GlobalSecondaryIndexes"] = [_global_index(index) for index in shown["GlobalSecondaryIndexes"]]
    if "StreamSpecification" in shown:
        features["StreamDescription"] = shown["StreamSpecification"]
    if table.ttl_attribute is not None:
        features["TimeToLiveDescription"] = {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": table.ttl_attribute,
        }
    if "SSEDescription" in shown:
        features["SSEDescription"] = shown["SSEDescription"]
    return features


def _global_index(index: Wire) -> Wire:
    info: Wire = {member: index[member] for member in _SHOWN_OF_INDEX}
    info["ProvisionedThroughput"] = _units(index["ProvisionedThroughput"])
    if "OnDemandThroughput" in index:
        info["OnDemandThroughput"] = index["OnDemandThroughput"]
    return info


def _units(throughput: Wire) -> Wire:
    return {member: throughput[member] for member in _UNITS}


def backup_details(backup: Backup, status: str | None = None) -> Wire:
    """The BackupDetails of a backup, in its own state or in a given one."""
    if status is None:
        status = "AVAILABLE" if backup.is_complete else "CREATING"
    details: Wire = {
        "BackupArn": backup.arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.size_bytes,
        "BackupStatus": status,
        "BackupType": backup.kind,
        "BackupCreationDateTime": backup.created_at_ms,
    }
    if backup.expires_at_ms is not None:
        details["BackupExpiryDateTime"] = backup.expires_at_ms
    return details


def describe_backup(backup: Backup, status: str | None = None) -> Wire:
    """The BackupDescription."""
    return {"BackupDetails": backup_details(backup, status), **backup.details}


def summarize_backup(backup: Backup) -> Wire:
    """The BackupSummary of a list."""
    source = backup.details["SourceTableDetails"]
    return {
        "TableName": source["TableName"],
        "TableId": source["TableId"],
        "TableArn": source["TableArn"],
        **backup_details(backup),
    }
