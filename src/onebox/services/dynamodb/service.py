"""DynamoDB: tables, items, expressions, transactions and PartiQL over one SQLite database.

Promises: every write, with its index entries and counts, is one atomic piece of the group transaction; reads see
all that was written before them, so that every read is a consistent one.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.dynamodb.background import Background
from onebox.services.dynamodb.capacity import NAMESPACE
from onebox.services.dynamodb.catalogue import Catalogue
from onebox.services.dynamodb.errors import ConditionalCheckFailedException, TransactionCanceledException
from onebox.services.dynamodb.operations import (
    batches,
    items,
    queries,
    settings,
    statements,
    tables,
    tags,
    transactions,
)
from onebox.services.dynamodb.resources import actions_of, table_names
from onebox.services.dynamodb.store import ItemStore, TableStore
from onebox.services.dynamodb.writes import ItemWriter
from onebox.services.registry import Access, Handler, Operation, OperationTable, bind


class DynamoDb:
    """The service as the gateway sees it, and what its operations share."""

    name = "dynamodb"

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.items = ItemStore(deps.storage)
        self.tables = TableStore(deps.storage)
        self.catalogue = Catalogue(deps.storage, self.tables)
        self.writer = ItemWriter(self.items)
        self.background = Background(
            deps.storage, deps.clock, deps.log, self.items, self.tables, self.catalogue, self.writer
        )
        self.operations = bind(OPERATIONS, self)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The IAM actions that a request needs, each with its resource: several for transactions and PartiQL."""
        return [Access(action, resource) for action, resource in actions_of(context, operation, request)]

    async def start(self) -> None:
        """Resume filling, dropping and expiring."""
        self.background.start()

    async def stop(self) -> None:
        """Stop between two steps."""
        self.background.stop()

    def record(
        self, context: RequestContext, metric: str, table_name: str, operation: str, value: float, unit: str
    ) -> None:
        """Record a metric with the dimensions TableName and Operation."""
        self.deps.metrics.add(
            context.account,
            context.region,
            NAMESPACE,
            metric,
            (("Operation", operation), ("TableName", table_name.rpartition("/")[2])),  # the name may be an ARN
            value,
            unit,
            context.now_ms,
        )


def _measured(name: str, handler: Handler[DynamoDb]) -> Handler[DynamoDb]:
    """The handler, with its latency and its failures in the metrics.

    AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """

    def measured(dynamodb: DynamoDb, context: RequestContext, request: Wire) -> Wire:
        clock = dynamodb.deps.clock
        started_ms = clock.monotonic_ms()
        try:
            answer = handler(dynamodb, context, request)
        except AwsError as error:
            _record_failure(dynamodb, context, request, name, error)
            raise
        latency_ms = clock.monotonic_ms() - started_ms
        for table_name in table_names(name, request):
            dynamodb.record(context, "SuccessfulRequestLatency", table_name, name, latency_ms, "Milliseconds")
        return answer

    return measured


def _record_failure(
    dynamodb: DynamoDb, context: RequestContext, request: Wire, operation: str, error: AwsError
) -> None:
    failed_checks = isinstance(error, ConditionalCheckFailedException) or (
        isinstance(error, TransactionCanceledException)
        and any(reason["Code"] == "ConditionalCheckFailed" for reason in error.members["CancellationReasons"])
    )
    add = dynamodb.deps.metrics.add
    account, region, now_ms = context.account, context.region, context.now_ms
    if not failed_checks:
        add(account, region, NAMESPACE, "UserErrors", (), 1, "Count", now_ms)
        return
    for table_name in table_names(operation, request):
        dimensions = (("TableName", table_name.rpartition("/")[2]),)
        add(account, region, NAMESPACE, "ConditionalCheckFailedRequests", dimensions, 1, "Count", now_ms)


def _operations() -> OperationTable[DynamoDb]:
    reads: dict[str, Handler[DynamoDb]] = {
        "BatchGetItem": batches.batch_get_item,
        "DescribeContinuousBackups": settings.describe_continuous_backups,
        "DescribeEndpoints": settings.describe_endpoints,
        "DescribeLimits": settings.describe_limits,
        "DescribeTable": tables.describe_table,
        "DescribeTimeToLive": settings.describe_time_to_live,
        "GetItem": items.get_item,
        "ListTables": tables.list_tables,
        "ListTagsOfResource": tags.list_tags_of_resource,
        "Query": queries.query,
        "Scan": queries.scan,
        "TransactGetItems": transactions.transact_get_items,
    }
    writes: dict[str, Handler[DynamoDb]] = {
        "BatchExecuteStatement": statements.batch_execute_statement,
        "BatchWriteItem": batches.batch_write_item,
        "CreateTable": tables.create_table,
        "DeleteItem": items.delete_item,
        "DeleteTable": tables.delete_table,
        "ExecuteStatement": statements.execute_statement,
        "ExecuteTransaction": statements.execute_transaction,
        "PutItem": items.put_item,
        "TagResource": tags.tag_resource,
        "TransactWriteItems": transactions.transact_write_items,
        "UntagResource": tags.untag_resource,
        "UpdateContinuousBackups": settings.update_continuous_backups,
        "UpdateItem": items.update_item,
        "UpdateTable": tables.update_table,
        "UpdateTimeToLive": settings.update_time_to_live,
    }
    return {
        **{name: Operation(_measured(name, handler), reads_only=True) for name, handler in reads.items()},
        **{name: Operation(_measured(name, handler)) for name, handler in writes.items()},
    }


OPERATIONS = _operations()
