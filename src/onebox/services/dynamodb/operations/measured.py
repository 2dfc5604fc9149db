"""The metrics that every operation leaves: its latency, and its failures.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from __future__ import annotations

from onebox.errors import AwsError, ValidationException
from onebox.services.beside import WorkNeeded
from onebox.services.context import IncompleteWire, RequestContext, Wire
from onebox.services.dynamodb.authorization import table_names
from onebox.services.dynamodb.capacity import NAMESPACE
from onebox.services.dynamodb.constraints import check_constraints
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ConditionalCheckFailedException, TransactionCanceledException
from onebox.services.dynamodb.request_values import check_request_values
from onebox.services.dynamodb.wire_types import check_types
from onebox.services.registry import Handler

# The commonest requests, of a table's name and an item or a key, or of one list of statements, can break hardly any
# constraint: they are checked only when they fail.
_CHECKED_LATE = frozenset(("BatchExecuteStatement", "DeleteItem", "GetItem", "PutItem"))


def measured(name: str, handler: Handler[Core]) -> Handler[Core]:
    """The handler of the operation ``name``, with its latency and its failures in the metrics."""

    is_checked_late = name in _CHECKED_LATE

    def run(core: Core, context: RequestContext, request: Wire) -> Wire:
        clock = core.deps.clock
        started_ms = clock.monotonic_ms()
        if context.beside is not None and context.beside.began_ms is not None:
            started_ms = context.beside.began_ms
        first: AwsError | None = None
        try:
            if context.beside is not None and context.beside.is_large:
                first = context.beside.result("values", None, lambda: check_request_values(request))
                if first is not None:
                    raise first
            if not is_checked_late or len(request) > 2 or type(request) is IncompleteWire:
                check_constraints(name, request)
            answer = handler(core, context, request)
        except WorkNeeded as needed:
            needed.beside.began_ms = started_ms
            raise
        except AwsError as error:
            first = first or _first_fault(name, request, error)
            _record_failure(core, context, request, name, first)
            raise first from None
        except KeyError as error:
            if type(request) is not IncompleteWire:
                raise
            raise ValidationException(f"The parameter {error} is required but was not present in the request") from None
        # In microseconds: a sample with a value of its own for each request would soon be merged with its neighbours.
        latency_ms = round(clock.monotonic_ms() - started_ms, 3)
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


def _first_fault(name: str, request: Wire, error: AwsError) -> AwsError:
    """What AWS reports of a request that failed: wrong JSON types first, then broken constraints, then the rest."""
    if _is_failed_check(error):
        return error
    try:
        check_types(request)
        check_constraints(name, request)
    except AwsError as earlier:
        return earlier
    return error


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
