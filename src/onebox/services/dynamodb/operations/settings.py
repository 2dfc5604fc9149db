"""Time to live, point-in-time recovery, limits and endpoints.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.catalogue import table_key
from onebox.services.dynamodb.errors import TableNotFoundException
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.validation import Violations

if TYPE_CHECKING:
    from onebox.services.dynamodb.service import DynamoDb

_RECOVERY_DAYS = 35
_RECOVERY_LAG_MS = 5 * 60 * 1000
"""AWS can restore a table as it was up to five minutes ago."""
_DAY_MS = 24 * 3600 * 1000
_ENDPOINT_CACHE_MINUTES = 1440


def update_time_to_live(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """Let items expire by an attribute of theirs, or no longer."""
    specification = request["TimeToLiveSpecification"]
    violations = Violations()
    violations.check_length(specification["AttributeName"], "timeToLiveSpecification.attributeName", 1, 255)
    violations.raise_if_any()
    table = dynamodb.catalogue.load_described(context, request["TableName"])
    enabled, name = specification["Enabled"], specification["AttributeName"]
    if enabled and table.ttl_attribute is not None:
        raise ValidationException("TimeToLive is already enabled")
    if not enabled and table.ttl_attribute is None:
        raise ValidationException("TimeToLive is already disabled")
    if not enabled and table.ttl_attribute != name:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl_attribute}"
        )
    dynamodb.catalogue.forget(table.key_name)
    dynamodb.tables.update_table(replace(table, ttl_attribute=name if enabled else None))
    dynamodb.tables.restart_expiry_chore(table.table_id)
    dynamodb.background.wake_after_commit()
    return {"TimeToLiveSpecification": specification}


def describe_time_to_live(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """Whether items expire, and by which attribute."""
    table = dynamodb.catalogue.load_described(context, request["TableName"])
    if table.ttl_attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute}}


def update_continuous_backups(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """Switch point-in-time recovery on or off: a setting that is kept and described; onebox restores nothing."""
    specification = request["PointInTimeRecoverySpecification"]
    violations = Violations()
    violations.check_range(
        specification.get("RecoveryPeriodInDays"), "pointInTimeRecoverySpecification.recoveryPeriodInDays", 1, 35
    )
    violations.raise_if_any()
    table = _load(dynamodb, context, request)
    settings = dict(table.settings)
    if specification["PointInTimeRecoveryEnabled"]:
        kept = settings.get("PointInTimeRecovery", {"SinceMs": context.now_ms})
        days = specification.get("RecoveryPeriodInDays", _RECOVERY_DAYS)
        settings["PointInTimeRecovery"] = {**kept, "RecoveryPeriodInDays": days}
    else:
        settings.pop("PointInTimeRecovery", None)
    table = replace(table, settings=settings)
    dynamodb.catalogue.forget(table.key_name)
    dynamodb.tables.update_table(table)
    return _describe_backups(table, context.now_ms)


def describe_continuous_backups(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """Whether point-in-time recovery is switched on."""
    return _describe_backups(_load(dynamodb, context, request), context.now_ms)


def _describe_backups(table: Table, now_ms: int) -> Wire:
    recovery = table.settings.get("PointInTimeRecovery")
    description: Wire = {"PointInTimeRecoveryStatus": "DISABLED"}
    if recovery is not None:
        latest_ms = max(now_ms - _RECOVERY_LAG_MS, recovery["SinceMs"])
        earliest_ms = max(recovery["SinceMs"], now_ms - recovery["RecoveryPeriodInDays"] * _DAY_MS)
        description = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": recovery["RecoveryPeriodInDays"],
            "EarliestRestorableDateTime": earliest_ms,
            "LatestRestorableDateTime": latest_ms,
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": description,
        }
    }


def _load(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Table:
    key = table_key(context, request["TableName"])
    table = dynamodb.catalogue.find(key)
    if table is None:
        raise TableNotFoundException(f"Table not found: {key.name}")
    return table


def describe_limits(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """The quotas that AWS gives an account at first; onebox enforces none of them."""
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def describe_endpoints(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
    """Where to send further requests: here."""
    address = urlsplit(context.endpoint_url).netloc
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": _ENDPOINT_CACHE_MINUTES}]}
