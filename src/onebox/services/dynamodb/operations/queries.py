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
from onebox.services.dynamodb.expressions.nodes import Condition, Path
from onebox.services.dynamodb.key_conditions import parse_conditions, parse_legacy_conditions
from onebox.services.dynamodb.legacy import parse_attributes_to_get, parse_filter
from onebox.services.dynamodb.model import GLOBAL, Index, Table
from onebox.services.dynamodb.parameter_styles import QUERY, SCAN, check_styles
from onebox.services.dynamodb.ranges import make_key_range
from onebox.services.dynamodb.reads import (
    Page,
    Reading,
    check_filter_projected,
    check_projected,
    check_scalar_keys,
    last_evaluated_key,
    read_page,
)
from onebox.services.dynamodb.start_keys import check_scan_start, check_start_size, check_start_values, make_start


def query(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The items of one partition of a table or index, in the order of the sort key."""
    check_styles(request, QUERY)
    condition = parse_filter(request, "QueryFilter")
    names = parse_attributes_to_get(request)
    start = request.get("ExclusiveStartKey")
    check_start_values(start)
    key_text = request.get("KeyConditionExpression")
    if key_text is None and "KeyConditions" not in request:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    bindings = Bindings.of_request(request)
    _check_select(request, names)
    key_expression = None if key_text is None else bindings.condition(key_text, "KeyConditionExpression")
    condition = _parse_filter(request, bindings, condition)
    paths = _parse_paths(request, bindings, names)
    has_index = "IndexName" in request
    if key_expression is None:
        key_conditions = parse_legacy_conditions(request["KeyConditions"], has_index=has_index)
    else:
        key_conditions = parse_conditions(key_expression, has_index=has_index)
    bindings.check_all_used()
    table = core.table_cache.load(context, request["TableName"])
    index = _find_index(table, request)
    schema = table.key if index is None else index.key
    if start is not None:
        check_start_size(start, table, index, is_scan=False)
    key_range = make_key_range(key_conditions, schema, start)
    place = None if start is None else make_start(start, table, index, key_range, None)
    _check_paths(table, index, condition, paths)
    _check_filter_avoids_keys(request, condition, schema.names)
    reading = _reading(request, table, index, condition, paths)
    reading.key_range = key_range
    reading.start = place
    reading.forward = request.get("ScanIndexForward", True)
    return _read(core, context, request, reading)


def scan(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All items of a table or index, or those of one segment."""
    check_styles(request, SCAN)
    names = parse_attributes_to_get(request)
    condition = parse_filter(request, "ScanFilter")
    start = request.get("ExclusiveStartKey")
    check_start_values(start)
    segment = _parse_segment(request)
    bindings = Bindings.of_request(request)
    _check_select(request, names)
    condition = _parse_filter(request, bindings, condition)
    paths = _parse_paths(request, bindings, names)
    bindings.check_all_used()
    table = core.table_cache.load(context, request["TableName"])
    index = _find_index(table, request)
    place = None
    if start is not None:
        check_scan_start(start, table, index)
        place = make_start(start, table, index, None, segment)
    _check_paths(table, index, condition, paths)
    reading = _reading(request, table, index, condition, paths)
    reading.segment = segment
    reading.start = place
    return _read(core, context, request, reading)


def _read(core: Core, context: RequestContext, request: Wire, reading: Reading) -> Wire:
    check_projected(reading)
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


def _parse_filter(request: Wire, bindings: Bindings, legacy: Condition | None) -> Condition | None:
    text = request.get("FilterExpression")
    return legacy if text is None else bindings.condition(text, "FilterExpression")


def _check_paths(
    table: Table, index: Index | None, condition: Condition | None, paths: tuple[Path, ...] | None
) -> None:
    filtered = () if condition is None else tuple(paths_of(condition))
    check_scalar_keys((*(paths or ()), *filtered), table, index)
    if index is not None and index.scope == GLOBAL:
        check_filter_projected(condition, index)


def _parse_paths(request: Wire, bindings: Bindings, names: tuple[Path, ...] | None) -> tuple[Path, ...] | None:
    text = request.get("ProjectionExpression")
    return names if text is None else bindings.projection(text)


def _check_select(request: Wire, names: tuple[Path, ...] | None) -> None:
    """Refuse a choice of attributes that contradicts ``Select``."""
    text = request.get("ProjectionExpression")
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


def _check_filter_avoids_keys(request: Wire, condition: Condition | None, key_names: tuple[str, ...]) -> None:
    if condition is None:
        return
    filter_name = "QueryFilter" if "QueryFilter" in request else "Filter Expression"
    for path in paths_of(condition):
        if path.parts[0] in key_names:
            raise ValidationException(
                f"{filter_name} can only contain non-primary key attributes: Primary key attribute: {path.parts[0]}"
            )
