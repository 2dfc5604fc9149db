"""Point-in-time recovery of tables.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import TableNotFoundException
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.table_cache import table_key

_RECOVERY_DAYS = 35
_RECOVERY_LAG_MS = 5 * 60 * 1000
"""AWS can restore a table as it was up to five minutes ago."""
_DAY_MS = 24 * 3600 * 1000


def update_continuous_backups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Switch point-in-time recovery on or off: a setting that is kept and described; onebox restores nothing."""
    specification = request["PointInTimeRecoverySpecification"]
    table = _load(core, context, request)
    settings = dict(table.settings)
    if specification["PointInTimeRecoveryEnabled"]:
        kept = settings.get("PointInTimeRecovery", {"SinceMs": context.now_ms})
        days = specification.get("RecoveryPeriodInDays", _RECOVERY_DAYS)
        settings["PointInTimeRecovery"] = {**kept, "RecoveryPeriodInDays": days}
    else:
        settings.pop("PointInTimeRecovery", None)
    table = replace(table, settings=settings)
    core.table_cache.forget(table.key_name)
    core.tables.update_table(table)
    return _describe_backups(table, context.now_ms)


def describe_continuous_backups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Whether point-in-time recovery is switched on."""
    return _describe_backups(_load(core, context, request), context.now_ms)


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


def _load(core: Core, context: RequestContext, request: Wire) -> Table:
    key = table_key(context, request["TableName"])
    table = core.table_cache.find(key)
    if table is None:
        raise TableNotFoundException(f"Table not found: {key.name}")
    return table
