"""CreateTable, DescribeTable, ListTables, DeleteTable.

Promises: a table is usable as soon as CreateTable is answered (which says CREATING, as AWS does); a new index is
filled in the background, whatever the size of its table, and a deleted table's items go in the background.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html and its neighbours
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.description import describe_table as describe
from onebox.services.dynamodb.errors import (
    ResourceInUseException,
)
from onebox.services.dynamodb.model import ACTIVE, CREATING, DELETING, Table
from onebox.services.dynamodb.operations.tags import check_tags
from onebox.services.dynamodb.schema import (
    ON_DEMAND,
    check_all_defined_used,
    check_index_names,
    check_projected_total,
    parse_attribute_kinds,
    parse_billing,
    parse_global_indexes,
    parse_key_schema,
    parse_local_indexes,
)
from onebox.services.dynamodb.stream_settings import check_specification, disable_stream, enable_stream
from onebox.services.dynamodb.table_cache import table_key
from onebox.services.dynamodb.table_settings import refuse_unsupported, set_encryption

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


def create_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a table with its indexes."""
    key = table_key(context, request["TableName"])
    refuse_unsupported(request, _UNSUPPORTED_IN_CREATE)
    specification = request.get("StreamSpecification")
    check_specification(specification)
    billing_mode = parse_billing(request)
    kinds = parse_attribute_kinds(request["AttributeDefinitions"])
    schema = parse_key_schema(request["KeySchema"], kinds)
    indexes = parse_local_indexes(request.get("LocalSecondaryIndexes"), schema, kinds)
    indexes += parse_global_indexes(request.get("GlobalSecondaryIndexes"), schema, kinds, billing_mode)
    check_index_names(indexes)
    check_all_defined_used(kinds, [schema, *(index.key for index in indexes)])
    check_projected_total(indexes)
    existing = core.table_cache.find(key)
    if existing is not None:
        problem = "Table is being used" if existing.is_restoring else "Table already exists"
        raise ResourceInUseException(f"{problem}: {key.name}")
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
    set_encryption(settings, context, request.get("SSESpecification"))
    return settings


def describe_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """What a table is and holds."""
    table = core.table_cache.load_any(context, request["TableName"])
    status = CREATING if table.is_restoring else ACTIVE
    return {"Table": describe(table, core.items.sizes(table.table_id), status)}


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
    """Delete a table with all it holds. While point-in-time recovery is on, a system backup keeps its items."""
    table = core.table_cache.load_any(context, request["TableName"])
    if table.is_restoring:
        raise ResourceInUseException(
            f"Attempt to change a resource which is still in use: Table is being created: {table.name}"
        )
    if table.settings["DeletionProtectionEnabled"]:
        raise ValidationException(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )
    sizes = core.items.sizes(table.table_id)
    if table.stream is not None:
        disable_stream(core, context, table)
    core.table_cache.forget(table.key_name)
    is_recoverable = "PointInTimeRecovery" in table.settings
    if is_recoverable:
        core.backup_keeper.keep_deleted(table, context.now_ms)
    core.tables.delete_table(table, keeps_items=is_recoverable)
    core.background.wake_after_commit()
    # AWS shows neither keys nor indexes of a table that is going.
    description = describe(table, sizes, DELETING)
    return {"TableDescription": {name: value for name, value in description.items() if name in _SHOWN_OF_DELETED}}
