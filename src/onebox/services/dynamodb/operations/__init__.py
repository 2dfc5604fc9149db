"""The operations of DynamoDB, a file for each family. Each is a function of the core, the context and the request."""

from __future__ import annotations

from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.operations import (
    account,
    backups,
    batches,
    continuous_backups,
    integrations,
    items,
    queries,
    restores,
    statements,
    table_updates,
    tables,
    tags,
    time_to_live,
    transactions,
)
from onebox.services.dynamodb.operations.measured import measured
from onebox.services.registry import Handler, Operation, OperationTable

_READS: dict[str, Handler[Core]] = {
    "BatchGetItem": batches.batch_get_item,
    "DescribeContributorInsights": integrations.describe_contributor_insights,
    "DescribeKinesisStreamingDestination": integrations.describe_kinesis_streaming_destination,
    "ListContributorInsights": integrations.list_contributor_insights,
    "DescribeBackup": backups.describe_backup,
    "DescribeContinuousBackups": continuous_backups.describe_continuous_backups,
    "DescribeEndpoints": account.describe_endpoints,
    "DescribeLimits": account.describe_limits,
    "DescribeTable": tables.describe_table,
    "DescribeTimeToLive": time_to_live.describe_time_to_live,
    "GetItem": items.get_item,
    "ListBackups": backups.list_backups,
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
    "CreateTable": tables.create_table,
    "DeleteBackup": backups.delete_backup,
    "DeleteItem": items.delete_item,
    "DeleteTable": tables.delete_table,
    "ExecuteStatement": statements.execute_statement,
    "ExecuteTransaction": statements.execute_transaction,
    "PutItem": items.put_item,
    "RestoreTableFromBackup": restores.restore_table_from_backup,
    "RestoreTableToPointInTime": restores.restore_table_to_point_in_time,
    "TagResource": tags.tag_resource,
    "TransactWriteItems": transactions.transact_write_items,
    "UntagResource": tags.untag_resource,
    "UpdateContinuousBackups": continuous_backups.update_continuous_backups,
    "UpdateItem": items.update_item,
    "UpdateTable": table_updates.update_table,
    "UpdateTimeToLive": time_to_live.update_time_to_live,
}

OPERATIONS: OperationTable[Core] = {
    **{name: Operation(measured(name, handler), reads_only=True) for name, handler in _READS.items()},
    **{name: Operation(measured(name, handler)) for name, handler in _WRITES.items()},
}
