"""UpdateTable.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.description import describe_table as describe
from onebox.services.dynamodb.errors import LimitExceededException, ResourceNotFoundException, invalid_values
from onebox.services.dynamodb.limits import GLOBAL_INDEXES_MAX
from onebox.services.dynamodb.model import CREATING, GLOBAL, UPDATING, Index, Table
from onebox.services.dynamodb.schema import (
    ON_DEMAND,
    PROVISIONED,
    check_projected_total,
    parse_attribute_kinds,
    parse_global_index,
)
from onebox.services.dynamodb.stream_settings import check_specification, disable_stream, enable_stream
from onebox.services.dynamodb.table_cache import table_key
from onebox.services.dynamodb.table_changes import check_kinds_kept, check_update
from onebox.services.dynamodb.table_settings import refuse_unsupported, set_encryption

_UNSUPPORTED_IN_UPDATE = (
    "ReplicaUpdates",
    "MultiRegionConsistency",
    "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
    "VectorIndexUpdates",
)


def update_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change billing, throughput, class, encryption or protection of a table, or one of its global indexes."""
    key = table_key(context, request["TableName"])
    refuse_unsupported(request, _UNSUPPORTED_IN_UPDATE)
    check_specification(request.get("StreamSpecification"))
    check_update(request)
    table = core.table_cache.load_described(context, request["TableName"])
    settings = dict(table.settings)
    _set_billing(settings, context, request, table)
    for member in ("OnDemandThroughput", "TableClass", "WarmThroughput", "DeletionProtectionEnabled"):
        if member in request:
            settings[member] = request[member]
    set_encryption(settings, context, request.get("SSESpecification"))
    given_kinds = parse_attribute_kinds(request.get("AttributeDefinitions", []))
    check_kinds_kept(table, given_kinds)
    kinds = {**table.attribute_kinds, **given_kinds}
    core.table_cache.forget(key)
    _set_stream(core, context, table, request.get("StreamSpecification"))
    changed = replace(table, settings=settings, attribute_kinds=kinds)
    changed = _update_indexes(core, changed, request.get("GlobalSecondaryIndexUpdates", []), given_kinds)
    core.tables.update_table(changed)
    updated = core.table_cache.load_described(context, key.name)
    description = describe(updated, core.items.sizes(table.table_id), UPDATING)
    # AWS shows the new throughput when the update is done.
    description["ProvisionedThroughput"] = describe(table, {})["ProvisionedThroughput"]
    return {"TableDescription": description}


def _set_stream(core: Core, context: RequestContext, table: Table, specification: Wire | None) -> None:
    if specification is None:
        return
    if specification["StreamEnabled"]:
        enable_stream(core, context, table, specification["StreamViewType"])
    else:
        disable_stream(core, context, table)


def _set_billing(settings: Wire, context: RequestContext, request: Wire, table: Table) -> None:
    old_mode = settings["BillingMode"]
    mode = request.get("BillingMode", old_mode)
    throughput = request.get("ProvisionedThroughput")
    if mode == ON_DEMAND:
        if throughput is not None:
            raise invalid_values(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        settings.pop("ProvisionedThroughput", None)
        if old_mode != mode:
            settings["LastUpdateToPayPerRequestDateTime"] = context.now_ms
    elif throughput is not None:
        _set_throughput(settings, context, throughput, table)
    elif old_mode != mode:
        raise invalid_values("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    settings["BillingMode"] = mode


def _set_throughput(settings: Wire, context: RequestContext, throughput: dict[str, int], table: Table) -> None:
    old = settings.get("ProvisionedThroughput")
    if old == throughput:
        reads, writes = throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]
        raise ValidationException(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the table: {reads}. Requested ReadCapacityUnits: {reads}. "
            f"Current WriteCapacityUnits provisioned for the table: {writes}. "
            f"Requested WriteCapacityUnits: {writes}. Refer to the Amazon DynamoDB Developer Guide for current limits "
            "and how to request higher limits."
        )
    if old is not None:
        grew = any(throughput[member] > old[member] for member in old)
        settings["LastIncreaseDateTime" if grew else "LastDecreaseDateTime"] = context.now_ms
    settings["ProvisionedThroughput"] = throughput


def _update_indexes(core: Core, table: Table, updates: list[Wire], given_kinds: dict[str, str]) -> Table:
    for update in updates:
        if "Create" in update:
            _create_index(core, table, update["Create"], given_kinds)
        elif "Delete" in update:
            table = _delete_index(core, table, update["Delete"]["IndexName"])
        else:
            _update_index(core, table, update["Update"])
    return table


def _create_index(core: Core, table: Table, wanted: Wire, given_kinds: dict[str, str]) -> None:
    if table.find_index(wanted["IndexName"]) is not None:
        raise ValidationException(f"Attempting to create an index which already exists: {wanted['IndexName']}")
    index = parse_global_index(wanted, table.key, given_kinds, table.settings["BillingMode"], CREATING)
    if any(other.status == CREATING for other in table.indexes):
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
    if sum(1 for other in table.indexes if other.scope == GLOBAL) >= GLOBAL_INDEXES_MAX:
        raise invalid_values(f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}")
    check_projected_total([*table.indexes, index])
    index_id = core.tables.insert_index(table.table_id, index)
    core.chores.add("fill_index", table.table_id, index_id)
    core.background.wake_after_commit()


def _delete_index(core: Core, table: Table, name: str) -> Table:
    index = _load_global_index(table, name)
    core.tables.delete_index(table.table_id, index.index_id)
    core.background.wake_after_commit()
    left = tuple(other for other in table.indexes if other is not index)
    used = {*table.key.names, *(attribute for other in left for attribute in other.key.names)}
    kinds = {attribute: kind for attribute, kind in table.attribute_kinds.items() if attribute in used}
    return replace(table, indexes=left, attribute_kinds=kinds)


def _update_index(core: Core, table: Table, wanted: Wire) -> None:
    index = _load_global_index(table, wanted["IndexName"])
    if "ProvisionedThroughput" in wanted and table.settings["BillingMode"] != PROVISIONED:
        raise invalid_values(
            f"ProvisionedThroughput should not be specified for index: {index.name} when BillingMode is PAY_PER_REQUEST"
        )
    core.tables.update_index(
        replace(
            index,
            throughput=wanted.get("ProvisionedThroughput", index.throughput),
            on_demand_throughput=wanted.get("OnDemandThroughput", index.on_demand_throughput),
        )
    )


def _load_global_index(table: Table, name: str) -> Index:
    index = table.find_index(name)
    if index is None or index.scope != GLOBAL:
        raise ResourceNotFoundException(f"Requested resource not found: Index: {name} not found")
    return index
