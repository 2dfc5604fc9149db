"""The metrics that every operation leaves: its latency, and its failures.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.authorization import table_names
from onebox.services.dynamodb.capacity import NAMESPACE
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ConditionalCheckFailedException, TransactionCanceledException
from onebox.services.registry import Handler


def measured(name: str, handler: Handler[Core]) -> Handler[Core]:
    """The handler of the operation ``name``, with its latency and its failures in the metrics."""

    def run(core: Core, context: RequestContext, request: Wire) -> Wire:
        clock = core.deps.clock
        started_ms = clock.monotonic_ms()
        try:
            answer = handler(core, context, request)
        except AwsError as error:
            _record_failure(core, context, request, name, error)
            raise
        latency_ms = clock.monotonic_ms() - started_ms
        for table_name in table_names(name, request):
            core.record_operation(
                context,
                metric="SuccessfulRequestLatency",
                table_name=table_name,
                operation=name,
                value=latency_ms,
                unit="Milliseconds",
            )
        return answer

    return run


def _record_failure(core: Core, context: RequestContext, request: Wire, operation: str, error: AwsError) -> None:
    if not _is_failed_check(error):
        _count_failure(core, context, "UserErrors", ())
        return
    for table_name in table_names(operation, request):
        dimensions = (("TableName", table_name.rpartition("/")[2]),)
        _count_failure(core, context, "ConditionalCheckFailedRequests", dimensions)


def _is_failed_check(error: AwsError) -> bool:
    if isinstance(error, TransactionCanceledException):
        return any(reason["Code"] == "ConditionalCheckFailed" for reason in error.members["CancellationReasons"])
    return isinstance(error, ConditionalCheckFailedException)


def _count_failure(core: Core, context: RequestContext, metric: str, dimensions: tuple[tuple[str, str], ...]) -> None:
    core.deps.metrics.add(
        account=context.account,
        region=context.region,
        namespace=NAMESPACE,
        name=metric,
        dimensions=dimensions,
        value=1,
        unit="Count",
        now_ms=context.now_ms,
    )
