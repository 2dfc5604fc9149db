"""The operations of DynamoDB, a file for each family. Each is a function of the core, the context and the request."""

from __future__ import annotations

from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.operations import (
    account,
    backups,
    batches,
    continuous_backups,
    global_tables,
    integrations,
    items,
    queries,
    resource_policies,
    restores,
    statements,
    table_updates,
    tables,
    tags,
    time_to_live,
    transactions,
    transfers,
)
from onebox.services.dynamodb.operations.measured import measured
from onebox.services.registry import Handler, Operation, OperationTable

_READS: dict[str, Handler[Core]] = {
    "BatchGetItem": batches.batch_get_item,
    "DescribeBackup": backups.describe_backup,
    "DescribeContinuousBackups": continuous_backups.describe_continuous_backups,
    "DescribeContributorInsights": integrations.describe_contributor_insights,
    "DescribeEndpoints": account.describe_endpoints,
    "DescribeExport": transfers.describe_export,
    "DescribeGlobalTable": global_tables.describe_global_table,
    "DescribeGlobalTableSettings": global_tables.describe_global_table_settings,
    "DescribeImport": transfers.describe_import,
    "DescribeKinesisStreamingDestination": integrations.describe_kinesis_streaming_destination,
    "DescribeLimits": account.describe_limits,
    "DescribeTable": tables.describe_table,
    "DescribeTableReplicaAutoScaling": global_tables.describe_table_replica_auto_scaling,
    "DescribeTimeToLive": time_to_live.describe_time_to_live,
    "GetItem": items.get_item,
    "GetResourcePolicy": resource_policies.get_resource_policy,
    "ListBackups": backups.list_backups,
    "ListContributorInsights": integrations.list_contributor_insights,
    "ListExports": transfers.list_exports,
    "ListGlobalTables": global_tables.list_global_tables,
    "ListImports": transfers.list_imports,
    "ListTables": tables.list_tables,
    "ListTagsOfResource": tags.list_tags_of_resource,
    "Query": queries.query,
    "Scan": queries.scan,
    "TransactGetItems": transactions.transact_get_items,
}
_WRITES: dict[str, Handler[Core]] = {
    "BatchExecuteStatement": statements.batch_execute_statement,
    "BatchWriteItem": batches.batch_write_item,
    "CreateBackup": backups.create_backup,
    "CreateGlobalTable": global_tables.create_global_table,
    "CreateTable": tables.create_table,
    "DeleteBackup": backups.delete_backup,
    "DeleteItem": items.delete_item,
    "DeleteResourcePolicy": resource_policies.delete_resource_policy,
    "DeleteTable": tables.delete_table,
    "DisableKinesisStreamingDestination": integrations.disable_kinesis_streaming_destination,
    "ExecuteStatement": statements.execute_statement,
    "ExecuteTransaction": statements.execute_transaction,
    "PutItem": items.put_item,
    "RestoreTableFromBackup": restores.restore_table_from_backup,
    "RestoreTableToPointInTime": restores.restore_table_to_point_in_time,
    "TagResource": tags.tag_resource,
    "TransactWriteItems": transactions.transact_write_items,
    "UntagResource": tags.untag_resource,
    "UpdateContinuousBackups": continuous_backups.update_continuous_backups,
    "UpdateGlobalTable": global_tables.describe_global_table,
    "UpdateGlobalTableSettings": global_tables.describe_global_table_settings,
    "UpdateItem": items.update_item,
    "UpdateTable": table_updates.update_table,
    "UpdateTableReplicaAutoScaling": global_tables.describe_table_replica_auto_scaling,
    "UpdateTimeToLive": time_to_live.update_time_to_live,
}

OPERATIONS: OperationTable[Core] = {
    **{name: Operation(measured(name, handler), reads_only=True) for name, handler in _READS.items()},
    **{name: Operation(measured(name, handler)) for name, handler in _WRITES.items()},
}
