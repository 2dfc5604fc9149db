"""CreateBackup, DescribeBackup, ListBackups, DeleteBackup.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html and its neighbours
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import BackupInUseException, BackupNotFoundException, invalid_values
from onebox.services.dynamodb.model import Backup
from onebox.services.dynamodb.operations.continuous_backups import load_backed_up
from onebox.services.dynamodb.recovery.backup_arns import parse_backup_arn
from onebox.services.dynamodb.recovery.backups import SYSTEM, USER
from onebox.services.dynamodb.recovery.descriptions import backup_details, summarize_backup
from onebox.services.dynamodb.recovery.descriptions import describe_backup as describe
from onebox.services.dynamodb.recovery.restoring import invalid_request
from onebox.services.dynamodb.recovery.window import iso_second
from onebox.services.dynamodb.table_cache import table_key

_LIST_MAX = 100
_END_OF_TIME_MS = 2**62
_FILTERS = {"USER": USER, "SYSTEM": SYSTEM, "AWS_BACKUP": "AWS_BACKUP", "ALL": None}


def create_backup(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Back a table up as it is now. Its items are copied in the background if they are many."""
    table = load_backed_up(core, context, request["TableName"])
    backup = core.backup_keeper.create(table, request["BackupName"], context.now_ms)
    core.background.wake_after_commit()
    return {"BackupDetails": backup_details(backup)}


def describe_backup(core: Core, context: RequestContext, request: Wire) -> Wire:
    """What a backup is, and of which table."""
    return {"BackupDescription": describe(_load(core, context, request))}


def delete_backup(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a backup, unless it is being made or restored."""
    backup = _load(core, context, request)
    if backup.kind == SYSTEM:
        raise invalid_request(
            f"User is not allowed to delete the system backup with arn {backup.arn}. It will automatically expire on "
            f"{iso_second(backup.expires_at_ms or 0)}"
        )
    if not backup.is_complete:
        raise BackupInUseException(f"Backup is being created: {backup.arn}")
    if core.backup_keeper.is_restored(backup):
        raise BackupInUseException(f"Backup is being used to restore table: {backup.arn}")
    core.backup_keeper.delete(backup)
    core.background.wake_after_commit()
    return {"BackupDescription": describe(backup, "DELETED")}


def list_backups(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Backups of a table, existing or not, or of all tables, in the order of their creation."""
    from_ms = request.get("TimeRangeLowerBound", -_END_OF_TIME_MS)
    until_ms = request.get("TimeRangeUpperBound", _END_OF_TIME_MS)
    if from_ms > until_ms:
        raise invalid_values("Time range lower bound must be less than or equal to upper bound")
    after = ("", "")
    if "ExclusiveStartBackupArn" in request:
        start = parse_backup_arn(request["ExclusiveStartBackupArn"], context.account)
        if start.region != context.region:
            raise invalid_request("The supplied ExclusiveStartBackupArn does not match the region")
        after = (start.suffix, start.table_name)
    limit = request.get("Limit", _LIST_MAX)
    name = request.get("TableName")
    found = core.backups.list_backups(
        context.account,
        context.region,
        table_name=None if name is None else table_key(context, name).name,
        kind=_FILTERS[request.get("BackupType", USER)],
        after=after,
        from_ms=from_ms,
        until_ms=until_ms,
        limit=limit + 1,
    )
    answer: Wire = {"BackupSummaries": [summarize_backup(backup) for backup in found[:limit]]}
    if len(found) > limit:
        answer["LastEvaluatedBackupArn"] = found[limit - 1].arn
    return answer


def _load(core: Core, context: RequestContext, request: Wire) -> Backup:
    """The backup of a request's ARN, in the region of the request."""
    arn = request["BackupArn"]
    name = parse_backup_arn(arn, context.account)
    backup = core.backups.find(name) if name.region == context.region else None
    if backup is None:
        raise BackupNotFoundException(f"Backup not found: {arn}")
    return backup
