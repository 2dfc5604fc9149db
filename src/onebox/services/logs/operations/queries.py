"""Logs Insights: starting, watching and stopping queries, and saving their texts.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
"""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    MalformedQueryException,
    ResourceNotFoundException,
)
from onebox.services.logs.insights.lexer import QueryError
from onebox.services.logs.insights.parser import LIMIT_MAX
from onebox.services.logs.insights.planner import make_plan
from onebox.services.logs.limits import LIST_ITEMS_MAX, QUERIES_AT_ONCE_MAX, QUERY_CHARACTERS_MAX, QUERY_GROUPS_MAX
from onebox.services.logs.model import Query, QueryDefinition
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import (
    check_enum,
    check_group_name,
    check_length,
    check_range,
    find_group_name,
)
from onebox.services.paging import make_token, read_token

LANGUAGE = "CWLI"
_STATUSES = ("Scheduled", "Running", "Complete", "Failed", "Cancelled", "Timeout", "Unknown")
_MILLISECONDS_FROM = 100_000_000_000  # a number of seconds far beyond any log is one of milliseconds


def start_query(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Accept a query; it runs in the background."""
    _check_language(request)
    text = request["queryString"]
    check_length(text, "queryString", 0, QUERY_CHARACTERS_MAX)
    limit = request.get("limit")
    if limit is not None:
        check_range(limit, "limit", 1, LIMIT_MAX)
    start_s, end_s = (_seconds(request[member], member) for member in ("startTime", "endTime"))
    if end_s < start_s:
        raise InvalidParameterException("End time should not be less than start time.")
    names = _group_names(request)
    for name in names:
        if core.groups.find(context.account, context.region, name) is None:
            raise ResourceNotFoundException(f"Log group '{name}' does not exist for account ID '{context.account}'")
    _check_query(text, limit, context.now_ms)
    if core.queries.count_pending(context.account, context.region) >= QUERIES_AT_ONCE_MAX:
        raise LimitExceededException(f"Account maximum query concurrency of [{QUERIES_AT_ONCE_MAX}] reached.")
    query = Query(
        id=core.deps.ids.uuid(),
        account=context.account,
        region=context.region,
        group_names=names,
        text=text,
        start_s=start_s,
        end_s=end_s,
        limit=limit,
        status="Scheduled",
        created_at_ms=context.now_ms,
        results="[]",
        statistics="{}",
    )
    core.queries.insert(query)
    core.deps.storage.after_commit(core.query_signals.started)
    return {"queryId": query.id}


def _seconds(number: int, member: str) -> int:
    check_range(number, member, 0, (1 << 63) - 1)
    return number // 1000 if number >= _MILLISECONDS_FROM else number


def _group_names(request: Wire) -> tuple[str, ...]:
    given = [member for member in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if request.get(member)]
    if len(given) != 1:
        raise InvalidParameterException(
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given."
        )
    value = request[given[0]]
    names = [value] if isinstance(value, str) else value
    if len(names) > QUERY_GROUPS_MAX:
        raise InvalidParameterException(f"A query may search {QUERY_GROUPS_MAX} log groups at most.")
    return tuple(dict.fromkeys(find_group_name(name) or check_group_name(name, given[0]) for name in names))


def _check_query(text: str, limit: int | None, now_ms: int) -> None:
    try:
        make_plan(text, limit, now_ms)
    except QueryError as error:
        place = {"startCharOffset": error.place, "endCharOffset": error.place}
        raise MalformedQueryException(
            error.message, queryCompileError={"location": place, "message": error.message}
        ) from error


def _check_language(request: Wire) -> None:
    if request.get("queryLanguage", LANGUAGE) != LANGUAGE:
        raise InvalidParameterException(
            f"The query language {request['queryLanguage']} is not supported; {LANGUAGE} is."
        )


def get_query_results(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The state of a query, and its results once it is complete."""
    query = _load(core, context, request["queryId"])
    (first,) = read_token(request.get("nextToken"), invalid_token, int) or (0,)
    most = request.get("maxItems", LIMIT_MAX)
    check_range(most, "maxItems", 1, LIMIT_MAX)
    results, is_last = _page(query.results, max(0, first), most)
    statistics = orjson.loads(query.statistics)
    return {
        "queryLanguage": LANGUAGE,
        "results": results,
        "statistics": statistics or {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0},
        "status": query.status,
        "nextToken": None if is_last else make_token(first + most),
    }


def _page(results: str, first: int, most: int) -> tuple[Any, bool]:
    """Rows of stored results, and whether they are the last. All of them are answered as they are stored."""
    if first == 0 and most == LIMIT_MAX:
        return orjson.Fragment(results), True
    rows = orjson.loads(results)
    return rows[first : first + most], first + most >= len(rows)


def stop_query(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Cancel a query that has not ended."""
    query = _load(core, context, request["queryId"])
    if query.status not in ("Scheduled", "Running"):
        raise InvalidParameterException("The specified query is not running.")
    core.queries.set_status(query.id, "Cancelled")
    return {"success": True}


def describe_queries(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The queries of the last days, the newest first."""
    _check_language(request)
    status = request.get("status")
    if status is not None:
        check_enum(status, "status", _STATUSES)
    limit = request.get("maxResults", LIST_ITEMS_MAX)
    check_range(limit, "maxResults", 1, LIST_ITEMS_MAX)
    group = request.get("logGroupName")
    found = core.queries.page(
        context.account,
        context.region,
        group=None if group is None else check_group_name(group),
        status=status,
        after=read_token(request.get("nextToken"), invalid_token, int, str) or ((1 << 62), ""),
        limit=limit + 1,
    )
    page = found[:limit]
    return {
        "queries": [
            {
                "queryLanguage": LANGUAGE,
                "queryId": query.id,
                "queryString": query.text,
                "status": query.status,
                "createTime": query.created_at_ms,
                "logGroupName": query.group_names[0],
            }
            for query in page
        ],
        "nextToken": make_token(page[-1].created_at_ms, page[-1].id) if len(found) > limit else None,
    }


def put_query_definition(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Save a query's text under a name, or replace a saved one by its id."""
    _check_language(request)
    name, text = request["name"], request["queryString"]
    check_length(name, "name", 1, 255)
    check_length(text, "queryString", 1, QUERY_CHARACTERS_MAX)
    if request.get("parameters"):
        raise InvalidParameterException("Parameters of query definitions are not supported.")
    definition_id = request.get("queryDefinitionId")
    if (
        definition_id is not None
        and core.queries.find_definition(context.account, context.region, definition_id) is None
    ):
        raise ResourceNotFoundException("The specified query definition does not exist.")
    same_name = core.queries.find_definition_id(context.account, context.region, name)
    if same_name is not None and same_name != definition_id:
        raise InvalidParameterException(f"A query definition with the name {name} exists already.")
    definition = QueryDefinition(
        definition_id or core.deps.ids.uuid(), name, tuple(request.get("logGroupNames", ())), text, context.now_ms
    )
    core.queries.put_definition(context.account, context.region, definition)
    return {"queryDefinitionId": definition.id}


def describe_query_definitions(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The saved queries by name."""
    _check_language(request)
    limit = request.get("maxResults", LIST_ITEMS_MAX)
    check_range(limit, "maxResults", 1, LIST_ITEMS_MAX)
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = core.queries.definitions(context.account, context.region, prefix, after, limit + 1)
    return {
        "queryDefinitions": [
            {
                "queryLanguage": LANGUAGE,
                "queryDefinitionId": definition.id,
                "name": definition.name,
                "queryString": definition.text,
                "lastModified": definition.modified_at_ms,
                "logGroupNames": list(definition.group_names),
            }
            for definition in found[:limit]
        ],
        "nextToken": make_token(found[limit - 1].name) if len(found) > limit else None,
    }


def delete_query_definition(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a saved query."""
    if not core.queries.delete_definition(context.account, context.region, request["queryDefinitionId"]):
        raise ResourceNotFoundException("The specified query definition does not exist.")
    return {"success": True}


def _load(core: LogsCore, context: RequestContext, query_id: str) -> Query:
    query = core.queries.find(context.account, context.region, query_id)
    if query is None:
        raise ResourceNotFoundException(f"Query with the id: {query_id[:256]} does not exist")
    return query
