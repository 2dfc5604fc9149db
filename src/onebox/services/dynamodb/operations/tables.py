"""CreateTable, DescribeTable, ListTables, UpdateTable, DeleteTable.

Promises: a table is usable as soon as CreateTable is answered (which says CREATING, as AWS does); a new index is
filled in the background, whatever the size of its table, and a deleted table's items go in the background.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html and its neighbours
"""

from __future__ import annotations

from dataclasses import replace

from onebox.arn import make_arn
from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.description import describe_table as describe
from onebox.services.dynamodb.errors import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    invalid_values,
)
from onebox.services.dynamodb.limits import GLOBAL_INDEXES_MAX
from onebox.services.dynamodb.model import CREATING, DELETING, GLOBAL, UPDATING, Index, Table
from onebox.services.dynamodb.operations.tags import check_tags
from onebox.services.dynamodb.schema import (
    ON_DEMAND,
    PROVISIONED,
    check_all_defined_used,
    check_projected_total,
    parse_attribute_kinds,
    parse_billing,
    parse_global_index,
    parse_global_indexes,
    parse_key_schema,
    parse_local_indexes,
)
from onebox.services.dynamodb.stream_settings import check_specification, disable_stream, enable_stream
from onebox.services.dynamodb.table_cache import table_key

_LIST_MAX = 100
_SHOWN_OF_DELETED = frozenset(
    ("TableName", "TableStatus", "ProvisionedThroughput", "BillingModeSummary", "TableSizeBytes", "ItemCount")
) | {"TableArn", "TableId", "DeletionProtectionEnabled", "StreamSpecification", "LatestStreamArn", "LatestStreamLabel"}
_UNSUPPORTED_IN_CREATE = (
    "GlobalTableSourceArn",
    "GlobalTableSettingsReplicationMode",
    "ResourcePolicy",
    "VectorIndexes",
)
_UNSUPPORTED_IN_UPDATE = (
    "ReplicaUpdates",
    "MultiRegionConsistency",
    "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
    "VectorIndexUpdates",
)


def create_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a table with its indexes."""
    key = table_key(context, request["TableName"])
    _refuse_unsupported(request, _UNSUPPORTED_IN_CREATE)
    specification = request.get("StreamSpecification")
    check_specification(specification)
    billing_mode = parse_billing(request)
    kinds = parse_attribute_kinds(request["AttributeDefinitions"])
    schema = parse_key_schema(request["KeySchema"], kinds)
    indexes = parse_local_indexes(request.get("LocalSecondaryIndexes"), schema, kinds)
    indexes += parse_global_indexes(request.get("GlobalSecondaryIndexes"), schema, kinds, billing_mode)
    if len({index.name for index in indexes}) != len(indexes):
        raise invalid_values("Duplicate index name: two indexes of the table have the same name")
    check_all_defined_used(kinds, [schema, *(index.key for index in indexes)])
    check_projected_total(indexes)
    if core.table_cache.find(key) is not None:
        raise ResourceInUseException(f"Table already exists: {key.name}")
    table = Table(
        table_id=0,
        key_name=key,
        key=schema,
        indexes=(),
        attribute_kinds=kinds,
        created_at_ms=context.now_ms,
        settings=_settings(core, context, request, billing_mode),
    )
    core.table_cache.forget(key)
    table_id = core.tables.insert_table(table)
    for index in indexes:
        core.tables.insert_index(table_id, index)
    created = core.table_cache.load(context, key.name)
    if specification is not None and specification["StreamEnabled"]:
        enable_stream(core, context, created, specification["StreamViewType"])
        created = core.table_cache.load(context, key.name)
    return {"TableDescription": describe(created, {}, CREATING)}


def _settings(core: Core, context: RequestContext, request: Wire, billing_mode: str) -> Wire:
    settings: Wire = {
        "TableId": core.deps.ids.uuid(),
        "BillingMode": billing_mode,
        "DeletionProtectionEnabled": request.get("DeletionProtectionEnabled", False),
        "Tags": {},
    }
    for member in ("ProvisionedThroughput", "OnDemandThroughput", "TableClass", "WarmThroughput"):
        if member in request:
            settings[member] = request[member]
    if billing_mode == ON_DEMAND:
        settings["LastUpdateToPayPerRequestDateTime"] = context.now_ms
    if "Tags" in request:
        check_tags(context, request["Tags"])
        settings["Tags"] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    _set_encryption(settings, context, request)
    return settings


def describe_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """What a table is and holds."""
    table = core.table_cache.load_described(context, request["TableName"])
    return {"Table": describe(table, core.items.sizes(table.table_id))}


def list_tables(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The names of the tables, a page of at most 100."""
    limit = request.get("Limit", _LIST_MAX)
    after = request.get("ExclusiveStartTableName", "")
    names = core.tables.list_tables(context.account, context.region, after, limit + 1)
    answer: Wire = {"TableNames": names[:limit]}
    if len(names) > limit:
        answer["LastEvaluatedTableName"] = names[limit - 1]
    return answer


def delete_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a table with all it holds."""
    table = core.table_cache.load_described(context, request["TableName"])
    if table.settings["DeletionProtectionEnabled"]:
        raise ValidationException(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )
    sizes = core.items.sizes(table.table_id)
    if table.stream is not None:
        disable_stream(core, context, table)
    core.table_cache.forget(table.key_name)
    core.tables.delete_table(table)
    core.background.wake_after_commit()
    # AWS shows neither keys nor indexes of a table that is going.
    description = describe(table, sizes, DELETING)
    return {"TableDescription": {name: value for name, value in description.items() if name in _SHOWN_OF_DELETED}}


def update_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change billing, throughput, class, encryption or protection of a table, or one of its global indexes."""
    key = table_key(context, request["TableName"])
    _refuse_unsupported(request, _UNSUPPORTED_IN_UPDATE)
    check_specification(request.get("StreamSpecification"))
    if not request.keys() - {"TableName", "AttributeDefinitions"}:
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "
            "or SSESpecification or ReplicaUpdates is required"
        )
    table = core.table_cache.load_described(context, request["TableName"])
    settings = dict(table.settings)
    _set_billing(settings, context, request, table)
    for member in ("OnDemandThroughput", "TableClass", "WarmThroughput", "DeletionProtectionEnabled"):
        if member in request:
            settings[member] = request[member]
    _set_encryption(settings, context, request)
    kinds = {**table.attribute_kinds, **parse_attribute_kinds(request.get("AttributeDefinitions", []))}
    core.table_cache.forget(key)
    _set_stream(core, context, table, request.get("StreamSpecification"))
    changed = replace(table, settings=settings, attribute_kinds=kinds)
    changed = _update_indexes(core, changed, request.get("GlobalSecondaryIndexUpdates", []))
    core.tables.update_table(changed)
    updated = core.table_cache.load_described(context, key.name)
    return {"TableDescription": describe(updated, core.items.sizes(table.table_id), UPDATING)}


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


def _set_encryption(settings: Wire, context: RequestContext, request: Wire) -> None:
    specification = request.get("SSESpecification")
    if specification is None:
        return
    key_id = specification.get("KMSMasterKeyId")
    if not specification.get("Enabled", False):
        if key_id is not None:
            raise invalid_values("KMSMasterKeyId can only be specified when SSE is enabled")
        settings.pop("KMSMasterKeyArn", None)
        return
    if key_id is None:
        key_id = "alias/aws/dynamodb"
    if not key_id.startswith("arn:"):
        resource = key_id if key_id.startswith("alias/") else f"key/{key_id}"
        key_id = make_arn("kms", context.region, context.account, resource)
    settings["KMSMasterKeyArn"] = key_id


def _update_indexes(core: Core, table: Table, updates: list[Wire]) -> Table:
    if sum(1 for update in updates if "Create" in update or "Delete" in update) > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
    for update in updates:
        if "Create" in update:
            _create_index(core, table, update["Create"])
        elif "Delete" in update:
            table = _delete_index(core, table, update["Delete"]["IndexName"])
        elif "Update" in update:
            _update_index(core, table, update["Update"])
    return table


def _create_index(core: Core, table: Table, wanted: Wire) -> None:
    index = parse_global_index(wanted, table.key, table.attribute_kinds, table.settings["BillingMode"], CREATING)
    if table.find_index(index.name) is not None:
        raise ValidationException(f"Attempting to create an index which already exists: {index.name}")
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


def _refuse_unsupported(request: Wire, members: tuple[str, ...]) -> None:
    for member in members:
        if member in request:
            raise invalid_values(f"{member} is not available in this Region")
