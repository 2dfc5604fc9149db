"""Query and Scan.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html and API_Scan.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.expressions.binding.bindings import Bindings
from onebox.services.dynamodb.expressions.conditions import paths_of
from onebox.services.dynamodb.expressions.nodes import And, Condition, Path
from onebox.services.dynamodb.legacy import parse_comparison, parse_filter, refuse_mixed_parameters
from onebox.services.dynamodb.model import GLOBAL, Index, Table
from onebox.services.dynamodb.ranges import parse_key_range
from onebox.services.dynamodb.reads import (
    Page,
    Reading,
    check_projected,
    last_evaluated_key,
    parse_start,
    read_page,
)
from onebox.services.dynamodb.validation import check_options

_EXPRESSIONS = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")


def query(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The items of one partition of a table or index, in the order of the sort key."""
    check_options(request)
    refuse_mixed_parameters(request)
    bindings = _bindings(request)
    key_condition = _parse_key_condition(request, bindings)
    condition = _parse_filter(request, bindings, "QueryFilter")
    paths = _parse_paths(request, bindings)
    bindings.check_all_used()
    table = core.table_cache.load(context, request["TableName"])
    index = _find_index(table, request)
    schema = table.key if index is None else index.key
    key_range = parse_key_range(key_condition, schema)
    _check_filter_avoids_keys(condition, schema.names)
    reading = _reading(request, table, index, condition, paths)
    reading.key_range = key_range
    reading.forward = request.get("ScanIndexForward", True)
    return _read(core, context, request, reading)


def scan(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All items of a table or index, or those of one segment."""
    check_options(request)
    segment = _parse_segment(request)
    refuse_mixed_parameters(request)
    bindings = _bindings(request)
    condition = _parse_filter(request, bindings, "ScanFilter")
    paths = _parse_paths(request, bindings)
    bindings.check_all_used()
    table = core.table_cache.load(context, request["TableName"])
    reading = _reading(request, table, _find_index(table, request), condition, paths)
    reading.segment = segment
    return _read(core, context, request, reading)


def _bindings(request: Wire) -> Bindings:
    return Bindings.of_request(request, has_expression=any(member in request for member in _EXPRESSIONS))


def _read(core: Core, context: RequestContext, request: Wire, reading: Reading) -> Wire:
    check_projected(reading)
    start = request.get("ExclusiveStartKey")
    if start is not None:
        reading.start = parse_start(reading, start)
    meter = Meter()
    page = read_page(core.items, reading, meter)
    meter.record(core.deps.metrics, context)
    operation = "Scan" if reading.key_range is None else "Query"
    core.record_returned(context, reading.table.name, operation, page.count)
    return meter.add_to(_answer(reading, page), request)


def _answer(reading: Reading, page: Page) -> Wire:
    answer: Wire = {} if reading.counts_only else {"Items": page.items}
    answer["Count"] = page.count
    answer["ScannedCount"] = page.scanned
    last = last_evaluated_key(reading, page)
    if last is not None:
        answer["LastEvaluatedKey"] = last
    return answer


def _parse_key_condition(request: Wire, bindings: Bindings) -> Condition:
    text = request.get("KeyConditionExpression")
    if text is not None:
        return bindings.condition(text, "KeyConditionExpression")
    conditions = request.get("KeyConditions")
    if not conditions:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    if len(conditions) > 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")
    parts = tuple(parse_comparison(name, condition) for name, condition in conditions.items())
    return parts[0] if len(parts) == 1 else And(parts)


def _parse_filter(request: Wire, bindings: Bindings, legacy_member: str) -> Condition | None:
    text = request.get("FilterExpression")
    if text is not None:
        return bindings.condition(text, "FilterExpression")
    return parse_filter(request, legacy_member)


def _parse_paths(request: Wire, bindings: Bindings) -> tuple[Path, ...] | None:
    text = request.get("ProjectionExpression")
    names = request.get("AttributesToGet")
    select = request.get("Select")
    if select == "SPECIFIC_ATTRIBUTES" and text is None and names is None:
        raise ValidationException(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    for member, given in (("AttributesToGet", names), ("ProjectionExpression", text)):
        if given is not None and select not in (None, "SPECIFIC_ATTRIBUTES"):
            if member == "AttributesToGet":
                raise ValidationException(f"Cannot specify the AttributesToGet when choosing to get {select}")
            raise ValidationException(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if text is not None:
        return bindings.projection(text)
    return None if names is None else tuple(Path((name,)) for name in names)


def _parse_segment(request: Wire) -> tuple[int, int] | None:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return None
    if total is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request "
            "when Segment parameter is present"
        )
    if segment is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request "
            "when parameter TotalSegments is present"
        )
    if segment >= total:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    return segment, total


def _find_index(table: Table, request: Wire) -> Index | None:
    name = request.get("IndexName")
    if name is None:
        return None
    index = table.find_index(name)
    if index is None:
        raise ValidationException(f"The table does not have the specified index: {name}")
    if index.status == "CREATING":
        raise ValidationException(f"Cannot read from backfilling global secondary index: {name}")
    if index.scope == GLOBAL and request.get("ConsistentRead"):
        raise ValidationException("Consistent reads are not supported on global secondary indexes")
    return index


def _reading(
    request: Wire,
    table: Table,
    index: Index | None,
    condition: Condition | None,
    paths: tuple[Path, ...] | None,
) -> Reading:
    select = request.get("Select")
    reading = Reading(
        table,
        index,
        filter=condition,
        paths=paths,
        limit=request.get("Limit"),
        counts_only=select == "COUNT",
        consistent=request.get("ConsistentRead", False),
    )
    if select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        raise invalid_values("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if select == "ALL_ATTRIBUTES" and index is not None and index.projected_names is not None:
        if index.scope == GLOBAL:
            raise invalid_values(
                f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
                "because its projection type is not ALL"
            )
        reading.fetches_item = True
    return reading


def _check_filter_avoids_keys(condition: Condition | None, key_names: tuple[str, ...]) -> None:
    if condition is None:
        return
    for path in paths_of(condition):
        if path.parts[0] in key_names:
            raise ValidationException(
                f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {path.parts[0]}"
            )
