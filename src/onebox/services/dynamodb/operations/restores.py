"""RestoreTableFromBackup, RestoreTableToPointInTime.

Promises: a request that is refused makes no table. The new table is CREATING while its items are copied; then it is an
ordinary table. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
"""

from __future__ import annotations

from onebox.arn import find_arn, partition_of
from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.description import describe_table
from onebox.services.dynamodb.errors import (
    BackupInUseException,
    BackupNotFoundException,
    InvalidRestoreTimeException,
    LimitExceededException,
    PointInTimeRecoveryUnavailableException,
    TableAlreadyExistsException,
    TableInUseException,
    TableNotFoundException,
    invalid_values,
)
from onebox.services.dynamodb.limits import RESTORES_MAX
from onebox.services.dynamodb.model import CREATING, Table, TableDefinition, TableKey
from onebox.services.dynamodb.recovery.backup_arns import parse_backup_arn
from onebox.services.dynamodb.recovery.change_numbers import ALWAYS
from onebox.services.dynamodb.recovery.restoring import define_restored, invalid_request
from onebox.services.dynamodb.recovery.window import find_window, iso_second
from onebox.services.dynamodb.store.definitions import load_definition


def restore_table_from_backup(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a table of a backup, which may be another region's."""
    arn = request["BackupArn"]
    name = parse_backup_arn(arn, context.account)
    _check_region(name.region, context, request)
    backup = core.backups.find(name)
    if backup is None:
        raise BackupNotFoundException(f"Backup not found: {arn}")
    if not backup.is_complete:
        raise BackupInUseException(f"Backup is being created: {arn}")
    definition = define_restored(load_definition(backup.definition), context, request, core.deps.ids.uuid())
    key = _check_target(core, context, request, f"from backup: {arn}")
    if core.backup_keeper.is_restored(backup):
        raise BackupInUseException(f"Backup is being used to restore another table: {arn}")
    summary = {
        "SourceBackupArn": backup.arn,
        "SourceTableArn": backup.details["SourceTableDetails"]["TableArn"],
        "RestoreDateTime": backup.created_at_ms,
    }
    return _restore(
        core, context, key, definition, summary, source_id=backup.content_id, moment=ALWAYS, backup_id=backup.backup_id
    )


def restore_table_to_point_in_time(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a table of another as it was at some second."""
    latest, moment_ms = request.get("UseLatestRestorableTime", False), request.get("RestoreDateTime")
    if latest and moment_ms is not None:
        raise invalid_request(
            "Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. "
            "Please specify either RestoreDateTime or UseLatestRestorableTime"
        )
    if not latest and moment_ms is None:
        raise invalid_request(
            "Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    source = _load_source(core, context, request)
    recovery = source.settings.get("PointInTimeRecovery")
    if recovery is None:
        raise PointInTimeRecoveryUnavailableException(
            f"Point in time recovery is not enabled for table '{source.name}'"
        )
    window = find_window(recovery, core.deps.clock)
    if moment_ms is None:
        moment_ms = window.latest_ms
    if not window.earliest_ms <= moment_ms <= window.latest_ms:
        raise InvalidRestoreTimeException(
            f"RestoreDateTime '{iso_second(moment_ms)}' must be within EarliestRestorableDateTime "
            f"'{iso_second(window.earliest_ms)}' and LatestRestorableDateTime '{iso_second(window.latest_ms)}'"
        )
    definition = define_restored(source, context, request, core.deps.ids.uuid())
    key = _check_target(core, context, request, f"from table: {source.arn}")
    summary = {"SourceTableArn": source.arn, "RestoreDateTime": moment_ms}
    # The first second of the window began before recovery was switched on.
    moment = core.numbers.at_wall(max(moment_ms, core.deps.clock.wall_of(recovery["SinceMs"])))
    moment = min(moment, core.numbers.take())  # writes that come during the copy stay out, in the same millisecond too
    return _restore(core, context, key, definition, summary, source_id=source.table_id, moment=moment)


def _load_source(core: Core, context: RequestContext, request: Wire) -> Table:
    name, arn = request.get("SourceTableName"), request.get("SourceTableArn")
    if name is not None and arn is not None:
        raise invalid_request("Must provide exactly one of: sourceTableArn, sourceTableName")
    if arn is None and name is None:
        raise ValidationException("The parameter 'TableName' is required but was not present in the request")
    key = TableKey(context.account, context.region, name or "")
    if arn is not None:
        key = _parse_source_arn(arn, context)
        _check_region(key.region, context, request)
    table = core.table_cache.find_usable(key)
    if table is None:
        raise TableNotFoundException("Table not found" if name is None else f"Table not found: {name}")
    return table


def _parse_source_arn(text: str, context: RequestContext) -> TableKey:
    if not text.startswith("arn:"):
        raise invalid_values(f"ARNs must start with 'arn:': {text}")
    arn = find_arn(text)
    parts = () if arn is None else tuple(arn.resource.split("/"))
    if arn is None or arn.service != "dynamodb" or len(parts) != 2 or parts[0] != "table" or not parts[1]:
        raise invalid_values("sourceTableArn is not a valid ARN")
    if arn.partition != partition_of(arn.region):
        raise invalid_values("sourceTableArn is not a valid ARN")
    if arn.account != context.account:
        raise ValidationException("This action is only supported by accounts that match the resource owner's account.")
    return TableKey(arn.account, arn.region, parts[1])


def _check_region(region: str, context: RequestContext, request: Wire) -> None:
    if region != context.region and "SSESpecificationOverride" not in request:
        raise invalid_request("sseSpecificationOverride must be provided for cross-region restores")


def _check_target(core: Core, context: RequestContext, request: Wire, source: str) -> TableKey:
    """Refuse a name that is taken, and more restores than may go on at once."""
    key = TableKey(context.account, context.region, request["TargetTableName"])
    table = core.table_cache.find(key)
    if table is not None and table.is_restoring:
        raise TableInUseException(f"Table: {key.name} is already being restored {source}")
    if table is not None:
        raise TableAlreadyExistsException(f"Table already exists: {key.name}")
    if core.copies.count_restores(context.account) >= RESTORES_MAX:
        raise LimitExceededException(f"Only {RESTORES_MAX} restore operations can be in progress at once")
    return key


def _restore(
    core: Core,
    context: RequestContext,
    key: TableKey,
    definition: TableDefinition,
    summary: Wire,
    *,
    source_id: int,
    moment: int,
    backup_id: int | None = None,
) -> Wire:
    """Make the table, and begin to copy its items."""
    core.table_cache.forget(key)
    table = Table(
        table_id=0,
        key_name=key,
        key=definition.key,
        indexes=(),
        attribute_kinds=definition.attribute_kinds,
        created_at_ms=context.now_ms,
        settings={**definition.settings, "Restore": summary},
    )
    table_id = core.tables.insert_table(table)
    for index in definition.indexes:
        core.tables.insert_index(table_id, index)
    created = core.tables.find_table_by_id(table_id)
    assert created is not None, "it was stored a moment ago"
    copy = core.copies.add(
        account=context.account,
        source_id=source_id,
        target_id=table_id,
        moment=moment,
        backup_id=backup_id,
        is_restore=True,
    )
    core.copier.step(copy)
    core.background.wake_after_commit()
    return {"TableDescription": describe_table(created, {}, CREATING)}
