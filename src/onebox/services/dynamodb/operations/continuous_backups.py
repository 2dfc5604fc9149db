"""Point-in-time recovery of tables: switching it on and off, and which points can be restored.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.clock import Clock
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import TableNotFoundException
from onebox.services.dynamodb.limits import RECOVERY_DAYS_MAX
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.recovery.restoring import invalid_request
from onebox.services.dynamodb.recovery.window import enabled_recovery, find_window
from onebox.services.dynamodb.table_cache import table_key


def update_continuous_backups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Switch point-in-time recovery on or off. While it is on, the table's history is kept for the recovery period."""
    specification = request["PointInTimeRecoverySpecification"]
    enabled, period_days = specification["PointInTimeRecoveryEnabled"], specification.get("RecoveryPeriodInDays")
    if not enabled and period_days is not None:
        raise invalid_request("Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
    table = load_backed_up(core, context, request["TableName"])
    settings = dict(table.settings)
    old = settings.pop("PointInTimeRecovery", None)
    if enabled:
        settings["PointInTimeRecovery"] = enabled_recovery(old, period_days or RECOVERY_DAYS_MAX, core.deps.clock)
    table = replace(table, settings=settings)
    core.table_cache.forget(table.key_name)
    core.tables.update_table(table)
    return _describe_backups(table, core.deps.clock)


def describe_continuous_backups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Whether point-in-time recovery is switched on, and between which seconds a table can be restored."""
    return _describe_backups(load_backed_up(core, context, request["TableName"]), core.deps.clock)


def _describe_backups(table: Table, clock: Clock) -> Wire:
    recovery = table.settings.get("PointInTimeRecovery")
    description: Wire = {"PointInTimeRecoveryStatus": "DISABLED"}
    if recovery is not None:
        window = find_window(recovery, clock)
        description = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": recovery["RecoveryPeriodInDays"],
            "EarliestRestorableDateTime": window.earliest_ms,
            "LatestRestorableDateTime": window.latest_ms,
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": description,
        }
    }


def load_backed_up(core: Core, context: RequestContext, name: str) -> Table:
    """The table, in the words of backups and recovery. Raises TableNotFoundException."""
    key = table_key(context, name)
    table = core.table_cache.find_usable(key)
    if table is None:
        raise TableNotFoundException(f"Table not found: {key.name}")
    return table
